/**
 * A private corner of the machine for one test: its own home, state and tmux socket directory, all
 * removed afterwards. Engines are shared with strangers, so a test sees only its own.
 *
 * ```ts
 * tmuxTest("stop ends the whole process tree", async (t) => {
 *   await t.tmux("new-session", "-d", "-s", "astro", "sleep", "60");
 *   await t.waitFor(async () => (await t.processes()).length > 0, "the program");
 *   await createTmuxRunner(t.world).stop("astro");
 * });
 * ```
 */
import { denoWorld } from "../../src/world/deno.ts";
import type { ExecOptions, World } from "../../src/world/world.ts";
import { engineVariables, pathWithoutEngines } from "./engines.ts";
import { LIMIT_MS } from "./limits.ts";

/** A private directory and the environment that goes with it. */
export interface Sandbox {
  /** Contains everything of this sandbox. Its path is short: a socket's may have 103 bytes. */
  readonly directory: string;
  /** An empty directory to work in, also in the variable WORK. */
  readonly work: string;
  /** The whole environment: only PATH, USER and LOGNAME come from the test's own. */
  readonly env: Readonly<Record<string, string>>;
}

/** A line of `ps`. */
export interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** As `ps` writes it: `Ss+`, `T`. */
  readonly state: string;
  readonly command: string;
}

/** The tools of a test with a private tmux. */
export interface TmuxSandbox extends Sandbox {
  /** The real world with the private environment and working directory. The clock is real, too. */
  readonly world: World;
  /** The same with more variables; undefined removes one. */
  readonly worldWith: (env: Readonly<Record<string, string | undefined>>) => World;
  /**
   * Runs `tmux -u -f /dev/null ARGS`, and returns its output without the final newline.
   *
   * @throws when it ends with another code than 0 (use `t.world.exec` to expect that)
   */
  readonly tmux: (...args: readonly string[]) => Promise<string>;
  /** Asks every 20 ms until the answer is neither false nor empty. */
  readonly waitFor: <T>(condition: () => T | Promise<T>, what: string) => Promise<Truthy<T>>;
  /** The processes that were started with this environment, without zombies (Linux only). */
  readonly processes: () => Promise<readonly ProcessRow[]>;
}

/** A value that is neither false nor empty. */
export type Truthy<T> = Exclude<T, false | 0 | "" | null | undefined | void>;

/** A test with a private tmux. Without tmux it is ignored, but in CI (KSTOPS_CI) it fails. */
export function tmuxTest(name: string, body: (t: TmuxSandbox) => void | Promise<void>): void {
  Deno.test({ name, ignore: ignoreWithoutTmux(), fn: () => withTmux(body) });
}

/** Whether to ignore tests that need tmux: it is missing, and this is not CI. */
export function ignoreWithoutTmux(): boolean {
  return !Deno.env.get("KSTOPS_CI") && !hasTmux();
}

function hasTmux(): boolean {
  try {
    return new Deno.Command("tmux", { args: ["-V"], stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

/**
 * Runs `body` with a private tmux, then cleans up.
 *
 * @throws when a process that was started there outlives its tmux server; it is killed
 */
export async function withTmux(
  body: (t: TmuxSandbox) => void | Promise<void>,
  options: SandboxOptions = {},
): Promise<void> {
  if (!hasTmux()) throw new Error("This test needs tmux, which is not installed");
  const sandbox = await makeSandbox(options);
  let failure: { readonly error: unknown } | null = null;
  try {
    await body(tmuxSandbox(sandbox));
  } catch (error) {
    failure = { error };
  }
  const survivors = await clearSandbox(sandbox, { graceMs: options.graceMs ?? 30_000 });
  const problem = survivors.length === 0 ? null : `Left behind, and killed: ${describe(survivors)}`;
  if (failure) {
    if (problem) console.error(problem);
    throw failure.error;
  }
  if (problem) throw new Error(problem);
}

function describe(rows: readonly ProcessRow[]): string {
  return rows.map((row) => `${row.pid} ${row.state} ${row.command}`).join("; ");
}

function tmuxSandbox(sandbox: Sandbox): TmuxSandbox {
  const worldWith: TmuxSandbox["worldWith"] = (env) => privateWorld(sandbox, env);
  const world = worldWith({});
  return {
    ...sandbox,
    world,
    worldWith,
    tmux: async (...args) => {
      const argv = ["tmux", "-u", "-f", "/dev/null", ...args];
      for (let attempt = 1;; attempt++) {
        const { code, stdout, stderr } = await world.exec(argv, { timeoutMs: LIMIT_MS });
        if (code === 0) return stdout.replace(/\n$/, "");
        // It reached a server that had just lost its last session.
        const isLate = stderr.startsWith("server exited unexpectedly");
        if (!isLate || attempt === 3) {
          throw new Error(`${argv.join(" ")}: exit ${code}: ${stderr}${stdout}`);
        }
        await pause(20);
      }
    },
    waitFor,
    processes: () => taggedProcesses(sandbox),
  };
}

/** Asks every 20 ms until the answer is neither false nor empty. An error is no answer either. */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  what: string,
  options: { readonly timeoutMs?: number } = {},
): Promise<Truthy<T>> {
  const { timeoutMs = LIMIT_MS } = options;
  const deadline = performance.now() + timeoutMs;
  while (true) {
    let last: string;
    try {
      const answer = await condition();
      if (answer) return answer as Truthy<T>;
      last = `the last answer was ${Deno.inspect(answer)}`;
    } catch (error) {
      last = `the last answer was an error: ${error instanceof Error ? error.message : error}`;
    }
    if (performance.now() > deadline) {
      throw new Error(`Waited ${timeoutMs / 1000} s in vain for ${what}: ${last}`);
    }
    await pause(20);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The real world with another environment and working directory. */
function privateWorld(
  sandbox: Sandbox,
  more: Readonly<Record<string, string | undefined>>,
): World {
  const real = denoWorld();
  const env: Record<string, string> = { ...sandbox.env };
  for (const [name, value] of Object.entries(more)) {
    if (value === undefined) delete env[name];
    else env[name] = value;
  }
  // An exec adds to the environment of this process: variables that are not private must go.
  const privately = <O extends ExecOptions>(options: O): O => {
    const hidden = Object.fromEntries(
      Object.keys(Deno.env.toObject()).map((name) => [name, undefined]),
    );
    return { ...options, env: { ...hidden, ...env, ...options.env } };
  };
  return {
    ...real,
    exec: (argv, options) => real.exec(argv, privately(options)),
    execBytes: (argv, options) => real.execBytes(argv, privately(options)),
    env: (name) => env[name],
    environment: () => ({ ...env }),
    workingDirectory: () => sandbox.work,
  };
}

/** What a sandbox is for. */
export interface SandboxOptions {
  /** Whether podman and docker are available: the private engines of the tests. */
  readonly containers?: boolean;
  /** How long the started processes may take to end with their server. Default: 30 s. */
  readonly graceMs?: number;
}

/**
 * Makes a sandbox. Each must be passed to {@link clearSandbox}.
 *
 * @throws when it needs containers, and the engines of the tests have not been started
 */
export async function makeSandbox({ containers = false }: SandboxOptions = {}): Promise<Sandbox> {
  const engines = containers ? engineVariables() : {};
  if (engines === null) throw new Error("This test needs engines: .ci/engines up");
  // Not TMPDIR: on macOS it is half as long as the path of a socket may be.
  const directory = await Deno.realPath(await Deno.makeTempDir({ dir: "/tmp", prefix: "k-" }));
  const env: Record<string, string> = {
    PATH: containers ? Deno.env.get("PATH") ?? "/usr/bin:/bin" : await pathWithoutEngines(),
    ...engines,
    HOME: `${directory}/home`,
    WORK: `${directory}/work`,
    TMPDIR: `${directory}/tmp`,
    TMUX_TMPDIR: `${directory}/t`,
    XDG_CONFIG_HOME: `${directory}/home/.config`,
    XDG_STATE_HOME: `${directory}/home/.local/state`,
    LANG: "C.UTF-8",
    SHELL: "/bin/sh",
    TERM: "xterm",
  };
  for (const name of ["USER", "LOGNAME"]) {
    const value = Deno.env.get(name);
    if (value !== undefined) env[name] = value;
  }
  for (const name of ["home", "work", "tmp", "t"]) {
    await Deno.mkdir(`${directory}/${name}`, { mode: 0o700 });
  }
  return { directory, work: `${directory}/work`, env };
}

/**
 * Ends the tmux servers of a sandbox, waits `graceMs` for everything else that was started in it,
 * kills what is still there, and removes the directory.
 *
 * @returns the processes that had to be killed (Linux only: elsewhere they are not seen)
 */
export async function clearSandbox(
  sandbox: Sandbox,
  options: { readonly graceMs: number },
): Promise<readonly ProcessRow[]> {
  // A test may have removed permissions, which only root can do without.
  await new Deno.Command("chmod", { args: ["-R", "u+rwx", sandbox.directory] }).output();
  await killServers(sandbox);
  const deadline = performance.now() + options.graceMs;
  while (taggedPids(sandbox).length > 0 && performance.now() < deadline) await pause(20);
  const survivors = await taggedProcesses(sandbox);
  for (let round = 0; round < 250; round++) {
    const pids = taggedPids(sandbox);
    if (pids.length === 0) break;
    for (const pid of pids) kill(pid);
    await pause(20);
  }
  await removeDirectory(sandbox.directory);
  return survivors;
}

/** A process that was just ended may still make a file after the removal has listed the directory. */
async function removeDirectory(directory: string): Promise<void> {
  for (let attempt = 1;; attempt++) {
    try {
      return await Deno.remove(directory, { recursive: true });
    } catch (error) {
      if (attempt === 50) throw error;
      await pause(100);
    }
  }
}

async function killServers(sandbox: Sandbox): Promise<void> {
  const world = privateWorld(sandbox, {});
  const root = sandbox.env["TMUX_TMPDIR"];
  const directory = `${root}/tmux-${Deno.uid()}`;
  // Without such a directory no server was ever started.
  const names = await world.files.list(directory).catch(() => []);
  const terminals = (await world.files.list(sandbox.directory)).filter((name) =>
    /^pty\d+$/.test(name)
  );
  const sockets = [
    ...names.map((name) => `${directory}/${name}`),
    ...terminals.map((name) => `${sandbox.directory}/${name}`),
  ];
  await Promise.all(sockets.map(async (socket) => {
    try {
      await world.exec(["tmux", "-S", socket, "kill-server"], { timeoutMs: 10_000 });
    } catch {
      // It does not answer, or a test put a file there that is not a socket: its process is found
      // below.
    }
  }));
}

function kill(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}

/** The processes whose environment names the socket directory of this sandbox. */
function taggedPids(sandbox: Sandbox): readonly number[] {
  if (Deno.build.os !== "linux") return [];
  // A test may have given a program another directory for its sockets.
  const tags = ["TMUX_TMPDIR", "WORK"].map((name) => `${name}=${sandbox.env[name]}`);
  const pids: number[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^[0-9]+$/.test(name)) continue;
    try {
      // The environment of a zombie is empty, and it can do no harm any more.
      const environ = Deno.readTextFileSync(`/proc/${name}/environ`).split("\0");
      if (tags.some((tag) => environ.includes(tag))) pids.push(Number(name));
    } catch {
      // It has ended meanwhile, or belongs to a stranger.
    }
  }
  return pids;
}

async function taggedProcesses(sandbox: Sandbox): Promise<readonly ProcessRow[]> {
  const pids = taggedPids(sandbox);
  if (pids.length === 0) return [];
  const columns = "pid=,ppid=,pgid=,sess=,stat=,args=";
  const argv = ["ps", "-ww", "-o", columns, "-p", pids.join(",")];
  const { stdout } = await denoWorld().exec(argv, { timeoutMs: LIMIT_MS });
  const rows: ProcessRow[] = [];
  for (const line of stdout.split("\n")) {
    const found = /^ *(\d+) +(\d+) +(\d+) +(\d+) +(\S+) +(.*)$/.exec(line);
    if (!found) continue;
    const [, pid, parent, group, session, state = "", command = ""] = found;
    if (state.startsWith("Z")) continue;
    rows.push({
      pid: Number(pid),
      parent: Number(parent),
      group: Number(group),
      session: Number(session),
      state,
      command,
    });
  }
  return rows;
}
