/**
 * The commands of the README and of the pages in docs/, run as they stand there. Sessions at a shell (`console`) are replayed as
 * transcripts: what they show is what happens. Other commands are run one by one. A block that no test
 * runs is a failure, too.
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { load } from "js-yaml";
import { parse } from "../../src/cli/parse.ts";
import { splitCommand } from "../../src/mod.ts";
import { aloneOnEngines, ignoreWithoutEngines } from "../support/engines.ts";
import { writeExecutable } from "../support/executable.ts";
import { hasProgram, openTerminal } from "../support/pty.ts";
import { ignoreWithoutTmux, type TmuxSandbox, tmuxTest, withTmux } from "../support/tmux.ts";
import {
  programUnderTest,
  replay,
  type ReplayOptions,
  writeProgram,
} from "../support/transcript.ts";
import { LIMIT_MS } from "../support/limits.ts";
import { allPages, userPages } from "../support/pages.ts";

const root = new URL("../../", import.meta.url);

/** What stands on a page between fences. */
interface Block {
  /** `docs/config.md` */
  readonly page: string;
  readonly language: string;
  readonly text: string;
}

const BLOCKS: readonly Block[] = userPages().flatMap(({ path, text }) => {
  const found = text.matchAll(/^```(\w*)\n(.*?)^```$/gms);
  return Array.from(found, ([, language = "", text = ""]) => ({ page: path, language, text }));
});

/** Programs that a machine may not have. */
const HAS = new Set<string>();
for (const name of ["bash", "zsh", "fish", "jq"]) if (await hasProgram(name)) HAS.add(name);

function ignoreWithout(needed: readonly string[]): boolean {
  return !Deno.env.get("KSTOPS_CI") && !needed.every((program) => HAS.has(program));
}

function blocks(page: string, language: string): readonly string[] {
  return BLOCKS.filter((block) => block.page === page && block.language === language)
    .map(({ text }) => text);
}

/** The command lines of a page, one a line. */
function lines(page: string, language = "sh"): readonly string[] {
  return blocks(page, language).flatMap((text) => text.trimEnd().split("\n"));
}

/** Pids, times and ids are other ones each time. */
function withPlaceholders(text: string): string {
  return text
    .replaceAll(/pid \d+/g, "pid [0-9]+")
    .replaceAll(/^pid\t\d+$/gm, "pid\t[0-9]+")
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, "<TIME>")
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z/g, "<TIME>")
    .replaceAll(/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g, "<ID>")
    .replaceAll(/\tada\t/g, "\t<ANY>\t")
    .replaceAll("/srv/bots/nowhere", "<WORK>/nowhere")
    .replaceAll("/srv/bots/kstops.yml", "<WORK>/kstops.yml")
    .replaceAll("/tmp/tmux-1000/", "<ANY>/")
    .replaceAll(`"working_dir":"/srv/bots"`, `"working_dir":"<WORK>"`)
    .replaceAll(/"id":"\$\d+"/g, '"id":"$[0-9]+"');
}

interface Play extends Partial<ReplayOptions> {
  /** Programs besides tmux; where one is missing it is ignored, in CI it fails. */
  readonly needs?: readonly string[];
  /** Steps of a transcript that go before. */
  readonly before?: string;
}

/** Replays the console blocks of a page, with its first YAML block as the config. */
async function replayPage(
  page: string,
  { before = "", needs: _, ...rest }: Play,
): Promise<void> {
  const [config = ""] = blocks(page, "yaml");
  const console = blocks(page, "console");
  const write = [
    "$ cat > kstops.yml <<'END'",
    ...`${config}END`.split("\n").map((line) => `> ${line}`),
    "",
  ];
  const transcript = [before, write.join("\n"), ...console.map(withPlaceholders)].join("");
  const path = await Deno.makeTempFile({ suffix: ".txt" });
  try {
    await Deno.writeTextFile(path, transcript);
    await replay(path, { program: await programUnderTest(), update: false, ...rest });
  } finally {
    await Deno.remove(path);
  }
}

/** Pages with sessions at a shell that need something to be there; others are replayed as well. */
const PLAYS: Readonly<Record<string, Play>> = {
  "docs/containers.md": {
    runtime: "podman",
    // What the page pulls, under a name that the engine of the tests has.
    before: [
      "$ clean() { podman rm -f -t 0 web; podman rm -f -t 0 job; podman rm -f -t 0 db; }",
      "$ clean > /dev/null 2>&1; trap 'clean > /dev/null 2>&1' EXIT",
      "$ podman tag $KSTOPS_TEST_IMAGE docker.io/library/busybox:1",
      "",
    ].join("\n"),
  },
  "docs/scripting.md": {
    needs: ["jq"],
    // What ssh and sshd do: the words, with blanks between them, go to a shell of the user's, in their
    // home, with little of an environment. On this server /srv/bots is the directory of the test.
    before: [
      "$ cat > ../bin/ssh <<'END'",
      "> #!/bin/sh",
      '> while [ "${1#-}" != "$1" ]; do shift; done',
      "> shift",
      '> line=$(printf %s "$*" | sed "s|/srv/bots|$WORK|")',
      '> cd && exec env -i HOME="$HOME" PATH="$PATH" TMUX_TMPDIR="$TMUX_TMPDIR" sh -c "$line"',
      "> END",
      "$ chmod +x ../bin/ssh && mkdir -p ~/.local/bin && cp ../bin/kstops ~/.local/bin",
      "",
    ].join("\n"),
  },
};

for (const page of new Set(BLOCKS.map((block) => block.page))) {
  if (blocks(page, "console").length === 0) continue;
  const play = PLAYS[page] ?? {};
  const containers = play.runtime !== undefined;
  Deno.test({
    name: `the examples of ${page} do what they show`,
    ignore: ignoreWithoutTmux() || ignoreWithout(play.needs ?? []) ||
      (containers && ignoreWithoutEngines()),
    fn: () => containers ? aloneOnEngines(() => replayPage(page, play)) : replayPage(page, play),
  });
}

/** Puts the program where a shell finds it; the environment that has it in its PATH. */
async function installed(t: TmuxSandbox): Promise<Readonly<Record<string, string>>> {
  await writeProgram(await programUnderTest(), t);
  return { ...t.env, PATH: `${t.directory}/bin:${t.env["PATH"]}` };
}

/** Writes a program for the commands of the pages. */
async function writeScript(t: TmuxSandbox, name: string, text: string): Promise<void> {
  await writeExecutable(`${t.directory}/${name}`, `#!/bin/sh\n${text}\n`);
}

/** Runs a command line in the directory of the test, with this environment and no other. */
async function shell(
  t: TmuxSandbox,
  line: string,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", line],
    cwd: t.work,
    env: { ...env },
    clearEnv: true,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

async function writeConfig(t: TmuxSandbox, page: string): Promise<void> {
  await Deno.writeTextFile(`${t.work}/kstops.yml`, blocks(page, "yaml")[0] ?? "");
}

/** The one that has this in it. */
function only(among: readonly string[], part: string): string {
  const found = among.filter((line) => line.includes(part));
  equal(found.length, 1, `there are ${found.length} lines with ${part}`);
  return found[0] ?? "";
}

/** The command lines of `sh` and `crontab` blocks that tests here run, each by a part of it. */
const RUN_HERE = new Set<string>();

/** A line that a test runs. */
function line(page: string, part: string, language = "sh"): string {
  const found = only(lines(page, language), part);
  RUN_HERE.add(found);
  return found;
}

const SCRIPTING = "docs/scripting.md";

const BASH = line("docs/install.md", "completions bash");
const ZSH = line("docs/install.md", "completions zsh");
const FISH = line("docs/install.md", "completions fish");
const FOLLOW = line(SCRIPTING, "logs -f");
const WATCH = line(SCRIPTING, "operations watch");
const ATTACH = line(SCRIPTING, "ssh -t");
const CRON_PATH = line(SCRIPTING, "PATH=", "crontab");
const REBOOT = line(SCRIPTING, "@reboot", "crontab");
const OFTEN = line(SCRIPTING, "*/5", "crontab");

/** A test with tmux and these programs; where one is missing it is ignored, in CI it fails. */
function shellTest(
  name: string,
  needed: readonly string[],
  body: (t: TmuxSandbox) => Promise<void>,
): void {
  const ignore = ignoreWithoutTmux() || ignoreWithout(needed);
  Deno.test({ name, ignore, fn: () => withTmux(body) });
}

const SHELLS = ["bash", "zsh", "fish"];
const JQ = ["jq"];

shellTest(
  "the lines of docs/install.md for completions give a new shell completions",
  SHELLS,
  async (t) => {
    const env = await installed(t);
    for (const each of [BASH, ZSH, FISH]) equal((await shell(t, each, env)).code, 0, each);
    const asks: Readonly<Record<string, readonly string[]>> = {
      bash: ["bash", "-i", "-c", "complete -p kstops"],
      // The line goes behind compinit.
      zsh: [
        "zsh",
        "-f",
        "-i",
        "-c",
        "autoload -Uz compinit; compinit -D; . ~/.zshrc; echo $_comps[kstops]",
      ],
      fish: ["fish", "-i", "-c", "complete -C 'kstops list --sta'"],
    };
    for (const [name, argv] of Object.entries(asks)) {
      const { stdout } = await t.world.exec([...argv], { env, timeoutMs: LIMIT_MS });
      match(stdout, name === "fish" ? /--state/ : /kstops/, name);
    }
  },
);

shellTest("what docs/scripting.md follows goes on until Ctrl-C", JQ, async (t) => {
  const env = await installed(t);
  await writeConfig(t, SCRIPTING);
  await shell(t, "kstops start bot nightly", env);
  const terminal = await openTerminal(t, { env: { PATH: env["PATH"] }, columns: 150 });
  for (const [command, shown] of [[FOLLOW, /^connected$/m], [WATCH, /^nightly$/m]] as const) {
    await terminal.enter(`clear; ${command}`);
    await terminal.shows(shown);
    await terminal.press("C-c");
    await terminal.enter("clear; echo over");
    await terminal.shows(/^over$/m);
  }
});

tmuxTest(
  "attach over SSH, as in docs/scripting.md, gives the terminal, and gives it back",
  async (t) => {
    const env = await installed(t);
    // Of ssh, the terminal is there already, and stays: only what sshd would run is left to do.
    await writeScript(t, "bin/ssh", `[ "$1 $2" = "-t server" ] && shift 2 && exec sh -c "$*"`);
    await shell(t, `kstops start job -- sh -c 'echo begun; exec sleep 300'`, env);
    const terminal = await openTerminal(t, { env: { PATH: env["PATH"] } });
    await terminal.enter(`clear; ${ATTACH}`);
    await terminal.shows(/^begun$/m);
    await terminal.press("C-b", "d");
    await terminal.shows(/detached/);
  },
);

shellTest(
  "the crontab of docs/scripting.md starts all, and again what has failed",
  JQ,
  async (t) => {
    await installed(t);
    await writeConfig(t, SCRIPTING);
    // What cron(8) of Debian gives to a job. The path of this machine has tmux in it.
    const { HOME = "", TMUX_TMPDIR = "" } = t.env;
    const PATH = `${t.directory}/bin:${t.env["PATH"]}`;
    match(CRON_PATH, /^PATH=\/home\/ada\/\.local\/bin:\/usr\/local\/bin:\/usr\/bin:\/bin$/);
    const job = (entry: string) => {
      const command = entry.replace(/^(?:@\w+|(?:\S+ +){4}\S+) +/, "").replace("/srv/bots", t.work);
      return shell(t, command, { HOME, LOGNAME: "ada", SHELL: "/bin/sh", PATH, TMUX_TMPDIR });
    };
    const first = await job(REBOOT);
    deepEqual([first.code, first.stdout], [7, ""]);
    match(first.stderr, /^kstops: Cannot start "nightly": it ended at once with exit code 3$/m);
    const second = await job(REBOOT);
    equal(second.code, 6);
    match(second.stderr, /^kstops: Cannot start "bot": it is already running$/m);
    const repaired = (await Deno.readTextFile(`${t.work}/kstops.yml`)).replace(
      "exit 3",
      "exec sleep 900",
    );
    await Deno.writeTextFile(`${t.work}/kstops.yml`, repaired);
    deepEqual(await job(OFTEN), { code: 0, stdout: "", stderr: "" });
    const { state } = await stateOf(t, "nightly");
    equal(state, "running");
    deepEqual(await job(OFTEN), { code: 0, stdout: "", stderr: "" });
  },
);

async function stateOf(t: TmuxSandbox, name: string): Promise<{ readonly state: string }> {
  const env = { ...t.env, PATH: `${t.directory}/bin:${t.env["PATH"]}` };
  return JSON.parse((await shell(t, `kstops status ${name} --json`, env)).stdout);
}

interface Workflow {
  readonly steps: readonly {
    readonly run?: string;
    readonly uses?: string;
    readonly if?: string;
  }[];
}

shellTest(
  "the steps of docs/scripting.md for CI start a service, test it, and clear up",
  JQ,
  async (t) => {
    const env = await installed(t);
    await writeScript(t, "work/api", `echo "listening on $2"; exec sleep 300`);
    await writeScript(
      t,
      "work/smoke-test",
      `[ "$(kstops status api --json | jq -r .state)" = running ]`,
    );
    const { steps } = load(blocks(SCRIPTING, "yaml")[1] ?? "") as Workflow;
    const runs = steps.flatMap(({ run }) => run === undefined ? [] : [run]);
    // kstops is here already; the command that installs it is the one that tests elsewhere are about.
    const [install = "", ...rest] = runs;
    ok(install.includes(only(lines("README.md"), "curl ")));
    ok(rest.length >= 4);
    for (const run of rest) {
      const { code, stderr } = await shell(t, run, env);
      equal(code, 0, `${run}: ${stderr}`);
    }
    match((await shell(t, "kstops logs api", env)).stdout, /^listening on 8080$/m);
    match((await shell(t, "kstops status api", env)).stderr, /no such session/);
  },
);

/** Blocks that are run elsewhere, by their beginnings, each with the file and the words that do it. */
const RUN_ELSEWHERE: Readonly<Record<string, readonly [file: string, words: string]>> = {
  "npx --yes deno@2.9.6 task demo\n": [".ci/run", "readme_command 'task demo'"],
  "npx --yes deno@2.9.6 task test\n": [".ci/run", "readme_command 'task test'"],
  "deno task compile ": [".ci/run", "task matrix --quick"],
  // There it is shown to be the address that the script itself downloads from.
  "curl -fsSL ": ["tests/e2e/install_test.ts", 'pageBlock(page, "curl ")'],
  "sha256sum --check ": [
    "tests/e2e/install_test.ts",
    'pageBlock("docs/install.md", "sha256sum --check")',
  ],
  "rm ~/.local/bin/kstops ": [
    "tests/e2e/install_test.ts",
    'pageBlock("docs/install.md", "rm ~/.local/bin/kstops")',
  ],
  // It needs what only a published release has: nothing but the workflow can make that.
  "gh attestation verify ": [".github/workflows/release.yml", "actions/attest-build-provenance@"],
};

const SHELL = ["sh", "bash", "crontab"];

for (const { page, language, text } of BLOCKS) {
  if (!SHELL.includes(language)) continue;
  const [first = ""] = text.split("\n");
  Deno.test(`a test runs the commands of ${page}: ${first}`, async () => {
    if (text.trimEnd().split("\n").every((each) => RUN_HERE.has(each))) return;
    const found = Object.entries(RUN_ELSEWHERE).find(([beginning]) => text.startsWith(beginning));
    ok(found !== undefined, "no test runs them");
    const [, [file, words]] = found;
    ok((await Deno.readTextFile(new URL(file, root))).includes(words), `${file} does not run them`);
  });
}

Deno.test("every block of the pages says what it is", () => {
  const known = [...SHELL, "console", "yaml", "ts"];
  deepEqual(BLOCKS.filter(({ language }) => !known.includes(language)), []);
});

Deno.test("the code of docs/library.md fits the library", async () => {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--quiet", "--doc-only", new URL("docs/library.md", root).pathname],
  }).output();
  ok(success, new TextDecoder().decode(stderr));
});

Deno.test("every command that the text of the pages names is one", () => {
  const prose = userPages().map(({ text }) => text.replaceAll(/^```.*?^```$/gms, "")).join("\n");
  const commands = Array.from(prose.matchAll(/`kstops ([^`[<]+)`/g), ([, words = ""]) => words);
  ok(commands.length > 10);
  for (const words of commands) {
    // What is redirected is the shell's, and a command alone is only mentioned.
    const argv = splitCommand(words.replace(/ >.*/, "").replaceAll("|", " "));
    parse(argv.length === 1 ? [...argv, "--help"] : argv);
  }
});

Deno.test("every link of a page leads to a file, and to a heading that is there", () => {
  const pages = new Map(allPages().map(({ path, text }) => [path, text]));
  for (const [path, text] of pages) {
    const links = Array.from(
      text.matchAll(/\]\(([^)\s]+)\)|^\[[\w-]+\]: (\S+)$/gm),
      (found) => found,
    );
    for (const [, inline, below] of links) {
      const link = inline ?? below ?? "";
      if (/^https?:/.test(link)) continue;
      const [file = "", anchor] = link.split("#");
      const target = file === "" ? path : new URL(file, `file:///${path}`).pathname.slice(1);
      ok(exists(target), `${path}: ${link} leads nowhere`);
      if (anchor === undefined) continue;
      ok(anchorsOf(pages.get(target) ?? "").includes(anchor), `${path}: ${link} has no heading`);
    }
  }
});

function exists(path: string): boolean {
  try {
    Deno.statSync(new URL(path, root));
    return true;
  } catch {
    return false;
  }
}

/** The headings of a page, as they are linked to. */
function anchorsOf(text: string): readonly string[] {
  return Array.from(
    text.matchAll(/^#+ (.*)$/gm),
    ([, heading = ""]) => heading.toLowerCase().replaceAll(/[^\w -]/g, "").replaceAll(" ", "-"),
  );
}

Deno.test("the README has at most 12 kB", () => {
  const size = Deno.statSync(new URL("README.md", root)).size;
  ok(size <= 12_000, `${size} bytes: the rest belongs into docs/`);
});
