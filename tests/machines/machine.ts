/**
 * Private machines with systemd for tests: see `.ci/machine`. Only root can make them, only the executable
 * is tried on them, and where they cannot be made their tests are ignored, with the reason.
 */
import { LIMIT_MS } from "../support/limits.ts";

const ROOT = decodeURIComponent(new URL("../../", import.meta.url).pathname);
export const SCRIPT = `${ROOT}.ci/machine`;
const EXECUTABLE = Deno.env.get("KSTOPS_BIN") ?? `${ROOT}dist/kstops`;

/** What PID 1 of a machine is. */
type Init = "systemd" | "cron";

/** How a command ended. */
export interface Answer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A machine that runs. */
export interface Machine {
  /** A new login of ada over SSH, which ends with the command. */
  readonly ssh: (command: string) => Promise<Answer>;
  /** The standard output of such a login. @throws when the command fails */
  readonly ada: (command: string) => Promise<string>;
  /** A command as root, without a login. @throws when it fails */
  readonly root: (command: string, stdin?: Uint8Array) => Promise<string>;
  /** Writes a file of ada's. */
  readonly write: (path: string, text: string) => Promise<void>;
  /** Waits until a command as root works. @throws with what the machine says then */
  readonly until: (command: string) => Promise<void>;
  /** The pid of a session's program; null: it does not run. */
  readonly pid: (name: string) => Promise<number | null>;
  /** Shuts it down and boots it again. */
  readonly reboot: () => Promise<void>;
  /** Cuts its power and boots it again. */
  readonly crash: () => Promise<void>;
}

async function run(
  argv: readonly [string, ...string[]],
  { stdin, limitMs = LIMIT_MS * 2 }: { readonly stdin?: Uint8Array; readonly limitMs?: number } =
    {},
): Promise<Answer> {
  const [program, ...args] = argv;
  const child = new Deno.Command(program, {
    args,
    cwd: ROOT,
    stdin: stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(limitMs),
  }).spawn();
  if (stdin !== undefined) {
    const writer = child.stdin.getWriter();
    await writer.write(stdin);
    await writer.close();
  }
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

function ofSuccess(what: string, { code, out, err }: Answer): string {
  if (code !== 0) throw new Error(`${what} ended with ${code}:\n${out}${err}`);
  return out;
}

/** Where machines lie, or why there are none. */
async function lay(): Promise<{ readonly directory: string } | { readonly lack: string }> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return { lack: "only root can boot machines" };
  if ((await Deno.stat(EXECUTABLE).catch(() => null)) === null) {
    return { lack: `there is no executable ${EXECUTABLE}` };
  }
  const directory = await Deno.makeTempDir({ dir: "/tmp", prefix: "km." });
  let answer = await run([SCRIPT, "lay", directory], { limitMs: LIMIT_MS * 5 });
  // Whether one boots depends on what the kernel, or a container around all this, allows.
  for (const verb of ["boot", "cut"]) {
    if (answer.code === 0) answer = await run([SCRIPT, verb, directory, "probe"]);
  }
  if (answer.code === 0) return { directory };
  await run([SCRIPT, "down", directory]);
  return { lack: `no machine can be made here: ${answer.err.trim()}` };
}

/** Boots a machine for a test, and ends it. */
async function withMachine(
  directory: string,
  name: string,
  { init, body }: { readonly init: Init; readonly body: (machine: Machine) => Promise<void> },
): Promise<void> {
  const boot = async (): Promise<void> => {
    ofSuccess(`boot ${name}`, await run([SCRIPT, "boot", directory, name, init]));
  };
  const script = async (verb: string): Promise<void> => {
    ofSuccess(`${verb} ${name}`, await run([SCRIPT, verb, directory, name]));
  };
  const ssh: Machine["ssh"] = (command) =>
    run(["ssh", "-F", `${directory}/ssh_config`, name, command]);
  const root: Machine["root"] = async (command, stdin) =>
    ofSuccess(
      command,
      await run(
        [SCRIPT, "run", directory, name, "sh", "-c", command],
        stdin === undefined ? {} : { stdin },
      ),
    );
  const ada: Machine["ada"] = async (command) => ofSuccess(command, await ssh(command));
  const machine: Machine = {
    ssh,
    root,
    ada,
    write: async (path, text) => {
      const quoted = path.replaceAll("'", `'\\''`);
      await root(`cat >'${quoted}' && chown ada: '${quoted}'`, new TextEncoder().encode(text));
    },
    until: async (command) => {
      const end = Date.now() + LIMIT_MS;
      for (;;) {
        const answer = await run([SCRIPT, "run", directory, name, "sh", "-c", command]);
        if (answer.code === 0) return;
        if (Date.now() > end) {
          const shown =
            "kstops list; systemctl --user status --no-pager kstops; ls .local/state/kstops/logs";
          const seen = await ssh(`${shown} 2>&1 | tail -n 60`).catch(() => null);
          throw new Error(
            `${command} never worked: ${answer.out}${answer.err}\n${seen?.out ?? ""}`,
          );
        }
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    },
    pid: async (session) => {
      const { out } = await ssh(`kstops status ${session} --json`);
      const status = JSON.parse(out === "" ? "{}" : out);
      return status.state === "running" ? status.pid : null;
    },
    reboot: async () => {
      await script("halt");
      await boot();
    },
    crash: async () => {
      await script("cut");
      await boot();
    },
  };
  await boot();
  try {
    const put = "cat >/usr/local/bin/kstops && chmod 755 /usr/local/bin/kstops";
    await root(put, await Deno.readFile(EXECUTABLE));
    await body(machine);
  } finally {
    await script("cut");
  }
}

/** Where the machines of this file lie, or why there are none. */
const LAID = await lay();
if ("lack" in LAID) console.log(`ignored: ${LAID.lack}`);
else {
  const { directory } = LAID;
  globalThis.addEventListener("unload", () => {
    new Deno.Command(SCRIPT, { args: ["down", directory] }).outputSync();
  });
}

let machines = 0;

/** A test on a machine of its own. */
export function machineTest(
  name: string,
  body: (machine: Machine) => Promise<void>,
  { init = "systemd" }: { readonly init?: Init } = {},
): void {
  Deno.test({
    name,
    ignore: "lack" in LAID,
    fn: async () => {
      if ("lack" in LAID) return;
      await withMachine(LAID.directory, `m${++machines}`, { init, body });
    },
  });
}
