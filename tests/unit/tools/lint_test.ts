import { deepEqual, equal, match, ok } from "node:assert/strict";
import { workflowLinter } from "../../../tools/lint.ts";

const PINNED = "actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2";

const GOOD = `on: push
permissions: { attestations: write }
jobs:
  test:
    runs-on: ubuntu-24.04-arm
    steps:
      - uses: ${PINNED}
      - run: echo "$GITHUB_SHA"
  again:
    needs: test
    uses: ./.github/workflows/other.yml
`;

Deno.test("nothing is found in a good workflow", async () => {
  const lint = await workflowLinter();
  deepEqual(lint(GOOD, "x.yml"), []);
});

const BROKEN: Readonly<Record<string, readonly [change: (text: string) => string, says: string]>> =
  {
    "a job that needs one which is not there": [
      (text) => text.replace("needs: test", "needs: tset"),
      'x.yml:9:3: job "again" needs job "tset"',
    ],
    "a runner that nobody has": [
      (text) => text.replace("ubuntu-24.04-arm", "ubuntu-24.04-amr"),
      'x.yml:5:14: label "ubuntu-24.04-amr" is unknown',
    ],
    "a permission that there is not": [
      (text) => text.replace("attestations", "atestations"),
      'x.yml:2:16: unknown permission scope "atestations"',
    ],
    "a key that is misspelt": [
      (text) => text.replace("steps:", "step:"),
      'x.yml:4:3: "steps" section is missing in job "test"',
    ],
    "text of strangers in a script": [
      (text) => text.replace('"$GITHUB_SHA"', "${{ github.event.issue.title }}"),
      'x.yml:8:23: "github.event.issue.title" is potentially untrusted',
    ],
    "an expression about nothing": [
      (text) => text.replace('"$GITHUB_SHA"', "${{ github.shaa }}"),
      'x.yml:8:23: property "shaa" is not defined',
    ],
    "an action that can change": [
      (text) => text.replace(PINNED, "actions/checkout@v6"),
      "x.yml:7:1: the action is not pinned to a commit",
    ],
    "no YAML": [(text) => `${text}\t- {`, "x.yml:1:1: it cannot be read"],
  };
for (const [what, [change, says]] of Object.entries(BROKEN)) {
  Deno.test(`the lint of workflows finds ${what}`, async () => {
    const lint = await workflowLinter();
    const found = lint(change(GOOD), "x.yml");
    ok(found.some((each) => each.startsWith(says)), found.join("\n"));
  });
}

/** A directory like this project's, as far as the lint looks at it. */
async function lintIn(
  workflow: string,
  script: string,
  at: string = "install.sh",
): Promise<Deno.CommandOutput> {
  const root = new URL("../../../", import.meta.url).pathname;
  const directory = await Deno.makeTempDir();
  try {
    for (
      const path of [
        ".ci",
        ".github/workflows",
        "src/cli/completions",
        "tests/some/programs",
        "tools",
      ]
    ) {
      await Deno.mkdir(`${directory}/${path}`, { recursive: true });
    }
    for (const path of ["tools/lint.ts", "src/cli/completions/kstops.bash"]) {
      await Deno.copyFile(root + path, `${directory}/${path}`);
    }
    await Deno.writeTextFile(`${directory}/.github/workflows/x.yml`, workflow);
    await Deno.writeTextFile(`${directory}/install.sh`, "#!/bin/sh\ntrue\n");
    await Deno.writeTextFile(`${directory}/${at}`, `#!/bin/sh\n${script}\n`);
    const lint = ["run", "--allow-all", `--config=${root}deno.json`, `${directory}/tools/lint.ts`];
    return await new Deno.Command(Deno.execPath(), { args: lint }).output();
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("the lint succeeds where nothing is wrong, and fails where something is", async () => {
  const [good, bad] = await Promise.all([
    lintIn(GOOD, 'echo "$1"'),
    lintIn(GOOD.replace("runs-on", "run-on"), 'echo "$1"'),
  ]);
  deepEqual([good.code, bad.code], [0, 1]);
  match(
    new TextDecoder().decode(bad.stderr),
    /^\.github\/workflows\/x\.yml:4:3: "runs-on" section is/m,
  );
});

Deno.test({
  name: "the lint fails where shellcheck finds something",
  ignore: !Deno.env.get("KSTOPS_CI") && !hasShellcheck(),
  fn: async () => {
    for (const path of ["install.sh", ".ci/run", "tools/one", "tests/some/programs/one.sh"]) {
      const { code, stderr } = await lintIn(GOOD, "echo $1", path);
      equal(code, 1);
      const said = new TextDecoder().decode(stderr);
      ok(said.includes(`${path}:2:6: note: `) && said.includes("SC2086"), said);
    }
  },
});

function hasShellcheck(): boolean {
  const args = ["-c", "command -v shellcheck"];
  return new Deno.Command("sh", { args, stdout: "null" }).outputSync().success;
}
