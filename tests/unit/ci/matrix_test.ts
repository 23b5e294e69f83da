import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { about, filesOf, parseVersion } from "../../matrix/suites.ts";
import { parseReport } from "../../support/run_tests.ts";
import { formatTable, tableRows, withRows } from "../../matrix/table.ts";

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

Deno.test("a test that names one engine is not counted for another one", () => {
  const outcome = parseReport(REPORT);
  deepEqual(about("podman", outcome), { passed: ["both"], failed: ["podman: that"], ignored: [] });
  deepEqual(about("docker", outcome).failed, []);
  deepEqual(about("tmux", outcome).passed, ["both"]);
});

for (
  const [printed, version] of [
    ["tmux 3.5a\n", "3.5a"],
    ["tmux next-3.9\n", "3.9"],
    ["podman version 5.4.2\n", "5.4.2"],
    ["Docker version 20.10.24+dfsg1, build 297e128\n", "20.10.24"],
  ] as const
) {
  Deno.test(`the version in ${JSON.stringify(printed)}`, () =>
    equal(parseVersion(printed), version));
}

Deno.test("every suite has files for every subject, and no file is run for two", () => {
  for (const suite of ["contract", "source", "executable"] as const) {
    const [tmux, containers] = [filesOf(suite, "tmux"), filesOf(suite, "containers")];
    ok(tmux.length > 1 && containers.length > 1);
    deepEqual(tmux.filter((file) => containers.includes(file)), []);
  }
});

Deno.test("every file of the contract suite is run in the matrix", () => {
  const files = Array.from(Deno.readDirSync(new URL("../../contract/", import.meta.url)))
    .map(({ name }) => name)
    // Of paper there are no releases.
    .filter((name) => name.endsWith("_test.ts") && name !== "paper_test.ts");
  const run = [...filesOf("contract", "tmux"), ...filesOf("contract", "containers")];
  deepEqual(files.filter((name) => !run.includes(`tests/contract/${name}`)), []);
});

Deno.test("newer rows take the place of older ones of that engine and release", () => {
  const seen = (version: string, day: string) =>
    tableRows({
      subject: "containers",
      versions: { podman: version, docker: "26.1.5" },
      outcomes: { contract: { ...parseReport(REPORT), unsteady: [] } },
    }, { from: "Debian 13", day });
  const page = "# A\n\n<!-- begin matrix -->\n\n<!-- end matrix -->\n\nB\n";
  const first = withRows(page, [
    { engine: "tmux", version: "3.8", from: "Debian sid", cells: ["1 passed"], day: "2026-01-01" },
    ...seen("5.4.1", "2026-01-01"),
  ]);
  const second = withRows(first, seen("5.4.2", "2026-01-02").slice(0, 1));
  const lines = second.split("\n").filter((line) => line.startsWith("| ")).slice(2);
  deepEqual(lines, [
    "| tmux | 3.8 | Debian sid | 1 passed | 2026-01-01 |",
    "| podman | 5.4.2 | Debian 13 | 1 passed, 1 failed | not run | not run | 2026-01-02 |",
    "| docker | 26.1.5 | Debian 13 | 2 passed, 1 ignored | not run | not run | 2026-01-01 |",
  ]);
  ok(second.startsWith("# A\n") && second.endsWith("\n\nB\n"));
  ok(second.includes(formatTable([]).split("\n")[0] ?? "-"));
  throws(() => withRows("# A\n", []), /no place for the table/);
});
