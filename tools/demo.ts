/**
 * Shows the main job on a machine with tmux: starts the sessions of config/example.yml on a private
 * tmux, lists them, shows a log and an exit code, stops them, and cleans up. Touches nothing of the
 * user's own. Ends with status 1 when something goes wrong.
 */
const root = new URL("..", import.meta.url).pathname;
// Short, since the path of a unix socket below it may have 107 bytes at most.
const scratch = await Deno.makeTempDir({ dir: "/tmp", prefix: "kstops-demo-" });
const env = {
  ...Deno.env.toObject(),
  TMUX_TMPDIR: scratch,
  KSTOPS_STATE_DIR: `${scratch}/state`,
  KSTOPS_CONFIG: `${root}config/example.yml`,
};
delete (env as Record<string, string>)["TMUX"];
const problems: string[] = [];

interface Result {
  readonly code: number;
  readonly output: string;
}

/** Runs a program; its output is kept, not shown. */
async function run(program: string, args: readonly string[]): Promise<Result> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    env,
    clearEnv: true,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout) + decoder.decode(stderr) };
}

/** Runs and shows a command of kstops, and notes differences from what is expected. */
async function kstops(
  line: string,
  expected: { readonly code: number; readonly shows?: RegExp },
): Promise<string> {
  const { code, output } = await run(Deno.execPath(), [
    ...["run", "--quiet", "--allow-all", `${root}main.ts`],
    ...line.split(" "),
  ]);
  console.log(`$ kstops ${line}`);
  console.log(output.trimEnd() + (code === 0 ? "" : `\n(exit status ${code})`));
  console.log();
  if (code !== expected.code) problems.push(`"${line}" ended with ${code}, not ${expected.code}`);
  if (expected.shows !== undefined && !expected.shows.test(output)) {
    problems.push(`"${line}" did not show ${expected.shows}`);
  }
  return output;
}

async function hasTmux(): Promise<boolean> {
  try {
    return (await run("tmux", ["-V"])).code === 0;
  } catch {
    return false;
  }
}

/** Waits for a line in a log. */
async function printed(name: string, text: RegExp): Promise<void> {
  const deadline = Date.now() + 10_000;
  const args = ["run", "--quiet", "--allow-all", `${root}main.ts`, "logs", name];
  while (!text.test((await run(Deno.execPath(), args)).output)) {
    if (Date.now() > deadline) return void problems.push(`${name} did not print ${text}`);
  }
}

async function show(): Promise<void> {
  console.log("The sessions of config/example.yml, on a private tmux:\n");
  await kstops("list", { code: 0, shows: /clock\ttmux\tdefined/ });
  await kstops("start clock worker", { code: 0, shows: /Started clock \(tmux, pid \d+\)/ });
  await kstops("start migrate", { code: 7, shows: /exit code 3/ });
  await printed("worker", /job 2/);
  await kstops("list", { code: 0, shows: /migrate\ttmux\texited\t-\t3/ });
  await kstops("logs worker", { code: 0, shows: /Good morning, job 1 in test mode/ });
  await kstops("status clock --json", { code: 0, shows: /"state":"running"/ });
  await kstops("stop --all --yes", { code: 0, shows: /Stopped clock/ });
  await kstops("list", { code: 0, shows: /worker\ttmux\tdefined/ });
}

if (!await hasTmux()) {
  console.error("The demo needs tmux. Install it: apt install tmux (macOS: brew install tmux)");
  Deno.exit(1);
}
try {
  await show();
} finally {
  await run("tmux", ["-L", "default", "kill-server"]);
  await Deno.remove(scratch, { recursive: true });
}
if (problems.length > 0) {
  console.error(`The demo went wrong:\n${problems.map((line) => `- ${line}`).join("\n")}`);
  Deno.exit(1);
}
console.log(
  "That was: two sessions started, one that failed with its exit code and output kept, a log, a\n" +
    "status for scripts, and all of them stopped. The private tmux and its files are gone again.",
);
