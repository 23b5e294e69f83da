/**
 * A fake world with tmux in it, for tests of whole commands: servers that hold sessions, and the
 * processes of those. It knows what kstops asks of tmux and of ps, and fails on anything else.
 *
 * ```ts
 * await withFakeTmux({ servers: { default: [{ name: "shell", pid: 100 }] } }, async (world) => {
 *   equal(await main(["stop", "shell", "--yes"], world), 0);
 *   deepEqual([...world.alive], []);
 * });
 * ```
 */
import type { Exec, ExecResult } from "../../src/world/world.ts";
import { type FakeFile, type FakeWorld, type FakeWorldSpec, withFakeWorld } from "./fake_world.ts";
import { formatLook, isLook } from "./look.ts";
import { expandFormat } from "./tmux_format.ts";
import { readScript } from "./tmux_script.ts";
import { memoryDatabases } from "./memory_database.ts";

/** A session; by default a foreign one. */
export interface FakeSession {
  readonly name: string;
  /** Whether kstops made it. */
  readonly managed?: boolean;
  /** Whether the session itself says that it needs a yes. */
  readonly protected?: boolean;
  /** The pid of its pane. The program of a managed session has the next pid. */
  readonly pid: number;
  /** How its program ended; missing: it runs. */
  readonly exitCode?: number;
  readonly command?: readonly string[];
  /** What its pane shows. */
  readonly printed?: string;
  /** Whether no signal ends it. */
  readonly immortal?: boolean;
}

/** The sessions of a server, or the failure with which it answers everything. */
export type FakeServer = readonly FakeSession[] | { readonly stderr: string } | Error;

/** What a fake world with tmux starts with. */
export interface FakeTmuxSpec extends Omit<FakeWorldSpec, "calls" | "processes" | "onSignal"> {
  /** By name of the socket. */
  readonly servers?: Readonly<Record<string, FakeServer>>;
}

/** A fake world that remembers which commands ran in it. */
export interface FakeTmuxWorld extends FakeWorld {
  readonly calls: readonly { readonly argv: readonly string[]; readonly stdin?: string }[];
}

interface Entry extends FakeSession {
  readonly id: string;
  /** The id and the record of its run; null: it is foreign. */
  readonly run: { readonly id: string; readonly record: string } | null;
  ended: number | null;
}

/** Runs `body` in a fake world with tmux, as {@link withFakeWorld} does. */
export async function withFakeTmux(
  { servers = {}, files = {}, env = {}, ...spec }: FakeTmuxSpec,
  body: (world: FakeTmuxWorld) => void | Promise<void>,
): Promise<void> {
  const sockets = Object.keys(servers).map((name): [string, FakeFile] => [
    `/tmp/tmux-1000/${name}`,
    { kind: "socket" },
  ]);
  const program: FakeFile = { mode: 0o755 };
  const machine = fakeMachine(servers);
  const problems: Error[] = [];
  await withFakeWorld({
    database: memoryDatabases(),
    ...spec,
    files: {
      "/usr/bin/tmux": program,
      "/usr/bin/sleep": program,
      ...Object.fromEntries(sockets),
      // A stop writes here that it needs the terminal.
      "/state/logs": { kind: "directory" },
      ...files,
    },
    env: { PATH: "/usr/bin", HOME: "/home/user", ...env },
    processes: machine.pids(),
    onSignal: (pid, _, world) => {
      for (const gone of machine.signal(Math.abs(pid))) world.alive.delete(gone);
      return "sent";
    },
  }, async (world) => {
    const calls: { argv: readonly string[]; stdin?: string }[] = [];
    const exec: Exec = async (argv, options) => {
      // tmux gets its whole input at once.
      const stdin = typeof options.stdin === "string" ? options.stdin : undefined;
      calls.push({ argv, ...(stdin === undefined ? {} : { stdin }) });
      // A real program never answers within the same turn.
      await Promise.resolve();
      try {
        return machine.answer(argv, { stdin: stdin ?? "", world });
      } catch (error) {
        if (error instanceof UnknownCallError) problems.push(error);
        throw error;
      }
    };
    await body({ ...world, exec, calls });
  });
  const [first] = problems;
  if (first) throw first;
}

class UnknownCallError extends Error {}

function fakeMachine(servers: Readonly<Record<string, FakeServer>>) {
  let ids = 0;
  const held = new Map<string, Entry[]>();
  const failing = new Map<string, ExecResult | Error>();
  for (const [socket, server] of Object.entries(servers)) {
    if (Array.isArray(server)) held.set(socket, server.map((session) => entryOf(session)));
    else if (server instanceof Error) failing.set(socket, server);
    else failing.set(socket, failed("stderr" in server ? server.stderr : ""));
  }

  function entryOf(session: FakeSession, run: Entry["run"] = runOf(session)): Entry {
    return { ...session, id: `$${ids++}`, run, ended: session.exitCode ?? null };
  }

  function entries(): Entry[] {
    return [...held.values()].flat();
  }

  function pidsOf({ pid, managed, ended }: Entry): number[] {
    return ended !== null ? [] : managed ? [pid, pid + 1] : [pid];
  }

  function processTable(world: FakeWorld): ExecResult {
    const rows = entries().flatMap((entry) =>
      pidsOf(entry).filter((pid) => world.alive.has(pid)).map((pid) => ({
        pid,
        ppid: pid === entry.pid ? 1 : entry.pid,
        ...{ group: entry.pid, session: entry.pid, foreground: entry.pid },
        name: pid === entry.pid && entry.run !== null ? "sh" : "sleep",
      }))
    );
    // The process that looks is there, too.
    const self = { pid: 4242, ppid: 1, group: 4242, session: 4242, foreground: -1, name: "kstops" };
    return done(formatLook([...rows, self]));
  }

  function tmux(argv: readonly string[], stdin: string, world: FakeWorld): ExecResult {
    const socket = argv[argv.indexOf("-L") + 1] ?? "";
    const failure = failing.get(socket);
    if (failure instanceof Error) throw failure;
    if (failure !== undefined) return failure;
    if (argv.includes("source-file") && stdin.includes("'new-session'")) {
      return newSession(socket, stdin, world);
    }
    const sessions = held.get(socket);
    if (sessions === undefined) {
      return failed(`no server running on /tmp/tmux-1000/${socket}\n`);
    }
    if (argv.includes("source-file")) {
      const scripts = stdin.split("\n").filter((script) => script !== "");
      return done(scripts.map((script) => answerTo(wordsIn(script), sessions).stdout).join(""));
    }
    return answerTo(argv, sessions);
  }

  function answerTo(words: readonly string[], sessions: Entry[]): ExecResult {
    const target = words[words.lastIndexOf("-t") + 1] ?? "";
    const format = words.find((word) => word.includes("#{session_id}")) ?? "";
    if (words.includes("kill-session")) {
      const session = sessions.find(({ id }) => `${id}:` === target);
      if (session === undefined) return failed(`can't find session: ${target}\n`);
      sessions.splice(sessions.indexOf(session), 1);
      return done(expanded(format, session));
    }
    if (words.includes("list-panes")) {
      return done(sessions.map((session) => expanded(format, session)).join(""));
    }
    if (words.includes("capture-pane")) {
      const pane = words[words.indexOf("-t") + 1];
      const mark = `${words.at(-1) ?? ""}\n`;
      const printed = sessions.find(({ id }) => paneId(id) === pane)?.printed ?? "";
      return done(`${mark}${printed}${mark}${printed.split("\n")[0] ?? ""}\n${mark}`);
    }
    throw new UnknownCallError(`Nobody told what tmux answers: ${words.join(" ")}`);
  }

  function newSession(socket: string, script: string, world: FakeWorld): ExecResult {
    const commands = commandsIn(script);
    const created = commands.find(([name]) => name === "new-session") ?? [];
    const [name = "", format = ""] = ["-s", "-F"].map((flag) => created[created.indexOf(flag) + 1]);
    const option = (name: string): string =>
      commands.find((words) => words[0] === "set-option" && words.at(-2) === name)?.at(-1) ?? "";
    const [run, record] = [option("@kstops"), option("@kstops_run")];
    const marks = commands.find(([name]) => name === "display-message")?.at(-1) ?? "";
    const sessions = held.get(socket) ?? [];
    const other = sessions.find((session) => session.name === name);
    if (other !== undefined && (other.run === null || other.ended === null)) {
      return failed(`duplicate session: ${name}\n`);
    }
    const pid = 5000 + 10 * ids;
    const made = entryOf({ name, pid, managed: true }, {
      id: run,
      record,
    });
    held.set(socket, [...sessions.filter((session) => session !== other), made]);
    for (const alive of pidsOf(made)) world.alive.add(alive);
    return done(expanded(format, made) + expanded(marks, made));
  }

  return {
    pids: (): number[] => entries().flatMap(pidsOf),
    /** Ends the processes that a signal ends, and returns their pids. */
    signal: (pid: number): number[] => {
      const entry = entries().find((each) => !each.immortal && pidsOf(each).includes(pid));
      if (entry === undefined) return [];
      const gone = pidsOf(entry);
      entry.ended = 130;
      if (entry.run === null) {
        for (const sessions of held.values()) {
          if (sessions.includes(entry)) sessions.splice(sessions.indexOf(entry), 1);
        }
      }
      return gone;
    },
    answer: (
      argv: readonly string[],
      { stdin, world }: { readonly stdin: string; readonly world: FakeWorld },
    ): ExecResult => {
      const [name] = argv;
      if (isLook(argv)) return processTable(world);
      if (name === "tmux" && argv[1] === "-V") return done("tmux 3.3a\n");
      if (name === "tmux") return tmux(argv, stdin, world);
      throw new UnknownCallError(`Nobody told what this answers: ${argv.join(" ")}`);
    },
  };
}

/** What kstops stores on a session that it made. */
function runOf(session: FakeSession): Entry["run"] {
  if (!session.managed) return null;
  const record = {
    command: session.command ?? SLEEP,
    working_dir: "/project",
    env: [],
    log: null,
    stop_signal: null,
    hold_file: `/state/logs/${session.name}.hold`,
    stop_timeout: 10,
    protected: session.protected ?? false,
  };
  return { id: `run of ${session.name}`, record: JSON.stringify(record) };
}

const SLEEP = ["sleep", "60"];

function done(stdout: string): ExecResult {
  return { code: 0, stdout, stderr: "" };
}

function failed(stderr: string): ExecResult {
  return { code: 1, stdout: "", stderr };
}

function paneId(sessionId: string): string {
  return sessionId.replace("$", "%");
}

/** The words of a script's commands. */
function wordsIn(script: string): string[] {
  return commandsIn(script).filter(([name]) => name !== "if-shell").flat();
}

/** The commands of a script, including nested ones. */
function commandsIn(script: string): string[][] {
  return readScript(script).flat().flatMap((words) =>
    words[0] === "if-shell" ? [words, ...commandsIn(words.at(-1) ?? "")] : [words]
  );
}

/** A line of an answer: the format filled in for a session. */
function expanded(format: string, session: Entry): string {
  const { id, name, pid, run, ended, command = SLEEP } = session;
  const values: Record<string, string> = {
    version: "3.3a",
    pid: "90",
    socket_path: "/tmp/tmux-1000/default",
    prefix: "C-b",
    prefix2: "None",
    "exit-unattached": "0",
    session_id: id,
    session_name: name,
    session_created: "1767322800",
    session_attached: "0",
    session_windows: "1",
    session_path: "/project",
    window_active: "1",
    pane_active: "1",
    pane_id: paneId(id),
    // tmux 3.8 has no pid for a dead pane.
    pane_pid: ended === null ? String(pid) : "",
    pane_dead: ended === null ? "" : "1",
    pane_dead_status: ended === null ? "" : String(ended),
    pane_dead_time: ended === null ? "" : "1767322860",
    pane_start_command: command.join(" "),
    ...(run === null ? {} : {
      "@kstops": run.id,
      "@kstops_run": run.record,
      "@kstops_pane": run.id,
      "@kstops_pid": String(pid + 1),
    }),
  };
  return `${expandFormat(format, values)}\n`;
}
