import { deepEqual, equal, match, rejects, throws } from "node:assert/strict";
import { filesOfFailed, merge, parseReport, runTests, summary } from "../../support/run_tests.ts";

const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="4" failures="1" errors="0" time="1.5">
    <testsuite name="./tests/contract/suite.ts" tests="4" disabled="1" errors="0" failures="1">
        <testcase name="docker: a &lt;b&gt; &amp; &quot;c&quot;" classname="./x.ts" time="0.5">
        </testcase>
        <testcase name="podman: that" classname="./x.ts" time="0.5">
            <failure message="Error">Error: skipped &lt;skipped</failure>
        </testcase>
        <testcase name="docker: this" classname="./x.ts" time="0" line="1" col="2">
            <skipped/>
        </testcase>
        <testcase name="both" classname="./x.ts" time="1"/>
    </testsuite>
</testsuites>
`;

Deno.test("a report tells which tests passed, failed and were ignored", () => {
  deepEqual(parseReport(REPORT), {
    passed: ['docker: a <b> & "c"', "both"],
    failed: ["podman: that"],
    ignored: ["docker: this"],
  });
  throws(() => parseReport("error: no test modules found"), /This is no report of tests/);
});

Deno.test("the report of deno itself is read", async () => {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(
      `${directory}/x_test.ts`,
      'Deno.test("good", () => {});\nDeno.test("bad", () => { throw new Error("no"); });\n' +
        "Deno.test.ignore(\"'left' & <out>\", () => {});\n",
    );
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "--no-config", "--no-check", "--junit-path=report.xml", "x_test.ts"],
      cwd: directory,
      stdout: "null",
      stderr: "null",
    }).output();
    equal(code, 1);
    deepEqual(parseReport(await Deno.readTextFile(`${directory}/report.xml`)), {
      passed: ["good"],
      failed: ["bad"],
      ignored: ["'left' & <out>"],
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("the steps of a test are no tests of their own", () => {
  const names = ["a", "a > first", "a > first > inner", "b > c"];
  const cases = names.map((name) => `<testcase name="${name.replace(/>/g, "&gt;")}"/>`);
  deepEqual(parseReport(`<testsuites>${cases.join("")}</testsuites>`).passed, ["a", "b > c"]);
});

Deno.test("only the files of failed tests are run once more", () => {
  const failure = '<testcase name="x"><failure message="no">no</failure></testcase>';
  const suites = [
    `<testsuite name="./a&amp;b_test.ts">${failure}</testsuite>`,
    '<testsuite name="./c_test.ts"><testcase name="y"/></testsuite>',
  ];
  deepEqual(filesOfFailed(`<testsuites>${suites.join("")}</testsuites>`), ["./a&b_test.ts"]);
  equal(filesOfFailed(REPORT), null, "a helper has called Deno.test, for many files");
});

Deno.test("a test that passes the second time is unsteady, and has not failed", () => {
  const outcome = merge(
    { passed: ["a"], failed: ["b", "c"], ignored: ["d"] },
    { passed: ["b"], failed: ["c"], ignored: [] },
  );
  deepEqual(outcome, { passed: ["a", "b"], failed: ["c"], ignored: ["d"], unsteady: ["b"] });
  equal(
    summary("this", outcome),
    "unsteady: this: b\nfailed: this: c\ntests of this: 2 passed, 1 failed, 1 ignored",
  );
});

/** Runs these tests from a directory of their own, and tells what the second run printed besides. */
async function runSource(source: string): ReturnType<typeof runTests> {
  const cwd = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${cwd}/deno.json`, "{}");
    await Deno.writeTextFile(`${cwd}/x_test.ts`, source);
    return await runTests({ paths: ["x_test.ts"], cwd, quiet: true });
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}

Deno.test("a few failures are tried once more, alone", async () => {
  const outcome = await runSource(`
    Deno.test("good", () => {});
    Deno.test("never (again) $1", () => { throw new Error("no"); });
    Deno.test("at first", () => {
      try {
        Deno.readTextFileSync("seen");
      } catch {
        Deno.writeTextFileSync("seen", "");
        throw new Error("not yet");
      }
    });`);
  deepEqual(outcome, {
    passed: ["good", "at first"],
    failed: ["never (again) $1"],
    ignored: [],
    unsteady: ["at first"],
  });
});

Deno.test("a failed test that a helper has made is found once more", async () => {
  const cwd = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${cwd}/deno.json`, "{}");
    await Deno.writeTextFile(
      `${cwd}/helper.ts`,
      "export const make = (name: string, fn: () => void): void => Deno.test(name, fn);\n",
    );
    await Deno.writeTextFile(
      `${cwd}/x_test.ts`,
      `import { make } from "./helper.ts";
      make("made: at first", () => {
        try {
          Deno.readTextFileSync("seen");
        } catch {
          Deno.writeTextFileSync("seen", "");
          throw new Error("not yet");
        }
      });`,
    );
    const outcome = await runTests({ paths: ["x_test.ts"], cwd, quiet: true });
    deepEqual(outcome.unsteady, ["made: at first"]);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});

Deno.test("many failures are no accident", async () => {
  const outcome = await runSource(`
    for (const name of ["a", "b", "c", "d"]) {
      Deno.test(name, () => {
        try {
          Deno.readTextFileSync(name);
        } catch {
          Deno.writeTextFileSync(name, "");
          throw new Error("not yet");
        }
      });
    }`);
  deepEqual(outcome.failed, ["a", "b", "c", "d"]);
});

Deno.test("tests that cannot be run have failed", async () => {
  await rejects(runSource(""), (error: Error) => {
    match(error.message, /no report of tests|No test ran|ended with/);
    return true;
  });
});
