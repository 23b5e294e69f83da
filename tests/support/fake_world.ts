/**
 * A world for unit tests: scripted programs, files in memory, a clock that only moves when someone
 * sleeps. It fails on a call that nobody expected *and* on one that was expected and did not come,
 * also when the code under test swallows what `exec` throws.
 *
 * ```ts
 * await withFakeWorld({
 *   calls: [{ argv: ["tmux", "-V"], stdout: "tmux 3.3a\n" }],
 *   files: { "/etc/kstops/kstops.yml": "ops: {}\n", "/tmp/tmux-1000/default": { kind: "socket" } },
 *   env: { HOME: "/home/user" },
 * }, async (world) => {
 *   equal(await version(world), "3.3a");
 * });
 * ```
 */
import { posix } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { sudoCaller, whyNotMade, whyUnsafe } from "../../src/world/claim.ts";
import {
  type Database,
  type ExecBytesResult,
  type ExecOptions,
  type ExecResult,
  FileError,
  type FileFacts,
  type Files,
  type Signal,
  type Terminal,
  type World,
} from "../../src/world/world.ts";

/** An expected call of a program, and its answer. */
export interface ExpectedCall {
  /** Program and arguments; a regular expression stands for one argument. */
  readonly argv: readonly (string | RegExp)[];
  /** The whole text on its standard input; missing: there must be none. */
  readonly stdin?: string | RegExp;
  /** Exactly the variables that it is given; missing: any. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Exit code. Default: 0. */
  readonly code?: number;
  readonly stdout?: string | Uint8Array;
  readonly stderr?: string | Uint8Array;
  /** Thrown instead of an answer: `new ProgramMissingError("tmux", "missing")`. */
  readonly fails?: Error;
  /** What changes outside when it runs: files change, processes end. */
  readonly effect?: (world: FakeWorld) => void;
  /** How far the call moves the clock. */
  readonly tookMs?: number;
}

/** A file: its content, or more about it. */
export type FakeFile = string | Uint8Array | FakeFileFacts;

/** Details of a file, directory or socket. */
export interface FakeFileFacts {
  /** Default: `file`. */
  readonly kind?: FileFacts["kind"];
  readonly content?: string | Uint8Array;
  /** Default: 0o644, for a directory 0o755. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly modifiedAt?: Date;
  /** Whether reading, listing and changing it is refused. */
  readonly denied?: boolean;
  /** For a symbolic link: the path of its target, of which this entry is a copy. */
  readonly realPath?: string;
}

/** What a fake world starts with. */
export interface FakeWorldSpec {
  /** The calls that must come. Default: none. */
  readonly calls?: readonly ExpectedCall[];
  /** Whether the calls may come in any order. */
  readonly anyOrder?: boolean;
  /** Absolute paths. Their parent directories exist, too. */
  readonly files?: Readonly<Record<string, FakeFile>>;
  readonly env?: Readonly<Record<string, string>>;
  /** The time at the beginning. Default: 2026-01-02T03:04:05.000Z. */
  readonly now?: Date;
  /** Default: `/project`. It exists. */
  readonly workingDirectory?: string;
  /** Default: 1000. */
  readonly uid?: number | null;
  /** Default: `linux`. */
  readonly operatingSystem?: string;
  /** Opens databases; missing: opening fails. */
  readonly database?: (path: string) => Promise<Database>;
  /** The pids that are alive. */
  readonly processes?: readonly number[];
  /**
   * The effect of a signal on an existing process (`world.alive.delete(pid)` ends it). By default
   * only KILL ends one. A negative pid stands for the group of that leader alone.
   */
  readonly onSignal?: (pid: number, signal: Signal, world: FakeWorld) => "sent" | "denied";
  /**
   * What listens on this machine: the status of a URL, or why an address or a URL does not answer; null
   * for an address that does.
   */
  readonly answers?: (asked: string, world: FakeWorld) => number | string | null;
  readonly terminal?: FakeTerminalSpec;
}

/** The terminal of a fake world; missing: there is none. */
export interface FakeTerminalSpec {
  readonly stdin?: boolean;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  /** The device that is standard input. */
  readonly device?: string;
  /** The answers to the questions that must come. */
  readonly answers?: readonly (string | null)[];
  /** Whether the reader of standard output has gone. */
  readonly closed?: boolean;
}

/** A world that a test can inspect and change. */
export interface FakeWorld extends World {
  /** What was written to standard output so far. */
  readonly stdout: () => string;
  /** What was written to standard error so far. */
  readonly stderr: () => string;
  /** The signals that were sent, including `denied` and `gone` ones. */
  readonly signals: readonly { readonly pid: number; readonly signal: Signal }[];
  /** The pids that are alive; tests may change it. kstops itself is 4242. */
  readonly alive: Set<number>;
  /** Writes a file, with the directories above it. */
  readonly put: (path: string, file: FakeFile) => void;
  /** Moves the clock. */
  readonly advance: (ms: number) => void;
}

/**
 * Runs `body` in a fake world, and checks that all expected calls came and no others.
 *
 * @throws what `body` throws, unless an unexpected call explains it
 */
export async function withFakeWorld(
  spec: FakeWorldSpec,
  body: (world: FakeWorld) => void | Promise<void>,
): Promise<void> {
  const { world, problems, settle } = fakeWorld(spec);
  try {
    await body(world);
  } catch (error) {
    const [first] = problems.unexpected;
    throw first ?? error;
  }
  await settle();
  const [first] = problems.unexpected;
  if (first) throw first;
  const missing = problems.missing();
  if (missing.length > 0) throw new Error(`Expected, and it did not come: ${missing.join("; ")}`);
}

/** What differed from the spec. */
interface Problems {
  readonly unexpected: Error[];
  readonly missing: () => readonly string[];
}

function fakeWorld(spec: FakeWorldSpec): {
  readonly world: FakeWorld;
  readonly problems: Problems;
  readonly settle: () => Promise<void>;
} {
  const clock = fakeClock(spec.now ?? new Date("2026-01-02T03:04:05.000Z"));
  const unexpected: Error[] = [];
  const signals: { pid: number; signal: Signal }[] = [];
  const alive = new Set(spec.processes);
  const env = { ...spec.env };
  const workingDirectory = spec.workingDirectory ?? "/project";
  const uid = spec.uid === undefined ? 1000 : spec.uid;
  const pending = [...spec.calls ?? []];
  const inputs: Promise<void>[] = [];
  const answers = [...spec.terminal?.answers ?? []];
  const store = fakeFiles({
    workingDirectory,
    uid: uid ?? 0,
    sudoUid: sudoCaller(env["SUDO_UID"]),
    now: clock.now,
  });
  for (const [path, file] of Object.entries(spec.files ?? {})) store.put(path, file);
  const out = recorder();
  const err = recorder();
  let ids = 0;
  let uuids = 0;

  /** Remembered as well as thrown, since the code under test may swallow it. */
  function refuse(message: string): Error {
    const error = new Error(message);
    unexpected.push(error);
    return error;
  }

  async function exec(argv: readonly string[], options: ExecOptions): Promise<ExecResult> {
    const { code, stdout, stderr } = await execBytes(argv, options);
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  async function execBytes(
    argv: readonly string[],
    options: ExecOptions,
  ): Promise<ExecBytesResult> {
    const found = spec.anyOrder ? pending.findIndex((call) => fits(call, argv, options)) : 0;
    const call = pending[found];
    if (!call) throw refuse(`Unexpected call: ${shown(argv, options.stdin)}`);
    if (!fits(call, argv, options)) {
      const wanted = shown(call.argv, call.stdin);
      throw refuse(`Unexpected call: ${shown(argv, options.stdin)}\nThe next was to be: ${wanted}`);
    }
    if (!(options.timeoutMs > 0)) throw refuse(`No timeout: ${shown(argv, options.stdin)}`);
    pending.splice(found, 1);
    if (typeof options.stdin === "object") listenTo(options.stdin, call);
    if (call.env && !isDeepStrictEqual({ ...options.env }, { ...call.env })) {
      const variables = `${Deno.inspect(options.env)}, not ${Deno.inspect(call.env)}`;
      throw refuse(`Unexpected variables of ${shown(argv)}: ${variables}`);
    }
    // A real program never answers within the same turn.
    await Promise.resolve();
    call.effect?.(world);
    clock.advance(call.tookMs ?? 0);
    if (call.fails) throw call.fails;
    const [stdout, stderr] = [bytesOf(call.stdout ?? ""), bytesOf(call.stderr ?? "")];
    for (const [name, bytes] of [["stdout", stdout], ["stderr", stderr]] as const) {
      if (bytes.length > 0) options.onOutput?.(bytes, name);
    }
    const kept = (bytes: Uint8Array): Uint8Array =>
      bytes.slice(Math.max(0, bytes.length - (options.keepBytes ?? Infinity)));
    return { code: call.code ?? 0, stdout: kept(stdout), stderr: kept(stderr) };
  }

  /** A streamed input ends with the call at the latest, and is checked at the end. */
  function listenTo(stdin: AsyncIterable<string>, call: ExpectedCall): void {
    const problem = Array.fromAsync(stdin).then((texts) => {
      const text = texts.join("");
      if (!fitsText(call.stdin, text)) refuse(`Unexpected input: ${shown(call.argv, text)}`);
    });
    inputs.push(problem);
  }

  function signal(pid: number, name: Signal): "sent" | "gone" | "denied" {
    signals.push({ pid, signal: name });
    if (pid === 0 || pid === 1 || pid === -1) return "denied";
    if (!alive.has(Math.abs(pid))) return "gone";
    if (spec.onSignal) return spec.onSignal(pid, name, world);
    if (name === "SIGKILL") alive.delete(Math.abs(pid));
    return "sent";
  }

  const terminal: Terminal = {
    stdinIsTerminal: spec.terminal?.stdin ?? false,
    stdoutIsTerminal: spec.terminal?.stdout ?? false,
    stderrIsTerminal: spec.terminal?.stderr ?? false,
    columns: () => spec.terminal?.columns ?? null,
    rows: () => spec.terminal?.rows ?? null,
    device: () => spec.terminal?.device ?? null,
    writeOut: (bytes) => {
      if (spec.terminal?.closed) return Promise.resolve(false);
      out.write(bytes);
      return Promise.resolve(true);
    },
    writeError: (text) => err.write(new TextEncoder().encode(text)),
    readIn: () => Promise.resolve(new Uint8Array()),
    ask: (question) => {
      err.write(new TextEncoder().encode(question));
      const answer = answers.shift();
      if (answer !== undefined) return Promise.resolve(answer);
      return Promise.reject(refuse(`Unexpected question: ${question}`));
    },
  };

  const world: FakeWorld = {
    exec,
    execBytes,
    now: clock.now,
    sleep: clock.sleep,
    every: clock.every,
    randomUuid: () => `00000000-0000-4000-8000-${(++uuids).toString(16).padStart(12, "0")}`,
    randomId: () => (++ids).toString(16).padStart(12, "0"),
    env: (name) => env[name],
    environment: () => ({ ...env }),
    workingDirectory: () => workingDirectory,
    uid: () => uid,
    operatingSystem: spec.operatingSystem ?? "linux",
    program: () => ["/usr/local/bin/kstops"],
    deno: () => ({ version: "2.9.6", target: "x86_64-unknown-linux-gnu" }),
    hostname: () => "host",
    interact: () => {
      throw new Error("This fake world has no terminal to hand over");
    },
    onEndSignal: () => () => {},
    loopback: {
      connect: ({ host, port }) =>
        Promise.resolve(
          spec.answers === undefined ? null : textOf(spec.answers(`${host}:${port}`, world)),
        ),
      get: ({ href }) => Promise.resolve(spec.answers?.(href, world) ?? "nobody answers"),
    },
    processes: { self: 4242, signal, alive: (pid) => Promise.resolve(alive.has(pid)) },
    files: store.files,
    database: (path) =>
      spec.database?.(path) ??
        Promise.reject(new FileError(path, "denied", "this fake world has no database")),
    terminal,
    stdout: out.text,
    stderr: err.text,
    signals,
    alive,
    put: store.put,
    advance: clock.advance,
  };
  const missing = () => [
    ...pending.map((call) => shown(call.argv, call.stdin)),
    ...answers.map((answer) => `a question, for the answer ${JSON.stringify(answer)}`),
  ];
  const settle = async (): Promise<void> => {
    await clock.settle();
    await Promise.all(inputs);
  };
  return { world, problems: { unexpected, missing }, settle };
}

function textOf(answer: number | string | null): string | null {
  return answer === null ? null : String(answer);
}

function fits(call: ExpectedCall, argv: readonly string[], options: ExecOptions): boolean {
  return call.argv.length === argv.length &&
    call.argv.every((word, index) => fitsText(word, argv[index])) &&
    (typeof options.stdin === "object" || fitsText(call.stdin, options.stdin));
}

function fitsText(wanted: string | RegExp | undefined, got: string | undefined): boolean {
  if (!(wanted instanceof RegExp)) return wanted === got;
  return got !== undefined && got.search(wanted) >= 0;
}

function shown(
  argv: readonly (string | RegExp)[],
  stdin?: string | RegExp | AsyncIterable<string>,
): string {
  const words = argv.map((word) =>
    typeof word === "string" && !/^[\w@%+=:,.\/-]+$/.test(word) ? JSON.stringify(word) : `${word}`
  ).join(" ");
  if (stdin === undefined) return words;
  if (typeof stdin === "object" && !(stdin instanceof RegExp)) return `${words} with some input`;
  return `${words} with the input ${stdin instanceof RegExp ? stdin : JSON.stringify(stdin)}`;
}

function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === "string" ? new TextEncoder().encode(content) : content;
}

function recorder(): {
  readonly write: (bytes: Uint8Array) => void;
  readonly text: () => string;
} {
  const parts: Uint8Array[] = [];
  return {
    write: (bytes) => parts.push(bytes.slice()),
    text: () => new TextDecoder("utf-8", { ignoreBOM: true }).decode(joined(parts)),
  };
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

interface FakeClock {
  readonly now: () => Date;
  readonly advance: (ms: number) => void;
  /** Takes no real time, but the sleeper with the least time left wakes first. */
  readonly sleep: (ms: number) => Promise<void>;
  /** Calls back once for each such step of the clock. */
  readonly every: (ms: number, callback: () => void) => () => void;
  /** Waits for work that nobody awaits any more. */
  readonly settle: () => Promise<void>;
}

function fakeClock(start: Date): FakeClock {
  let time = start.getTime();
  const sleepers: { readonly wakeAt: number; readonly wake: () => void }[] = [];

  const timers = new Set<{ nextAt: number; readonly ms: number; readonly callback: () => void }>();

  function moveTo(target: number): void {
    for (;;) {
      const [due] = [...timers].filter(({ nextAt }) => nextAt <= target)
        .sort((one, other) => one.nextAt - other.nextAt);
      if (!due) break;
      time = Math.max(time, due.nextAt);
      due.nextAt += due.ms;
      due.callback();
    }
    time = Math.max(time, target);
  }

  function wakeNext(): void {
    const sleeper = sleepers.shift();
    if (!sleeper) return;
    moveTo(sleeper.wakeAt);
    sleeper.wake();
  }

  return {
    now: () => new Date(time),
    advance: (ms) => moveTo(time + ms),
    every: (ms, callback) => {
      const timer = { nextAt: time + ms, ms, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    sleep: (ms) =>
      new Promise((wake) => {
        sleepers.push({ wakeAt: time + Math.max(0, ms), wake });
        sleepers.sort((one, other) => one.wakeAt - other.wakeAt);
        // A separate turn: work that needs no time is done before the next sleeper wakes.
        setTimeout(wakeNext, 0);
      }),
    settle: async () => {
      for (let turn = 0; sleepers.length > 0; turn++) {
        if (turn === 200) throw new Error("Something goes on sleeping after the test has ended");
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    },
  };
}

/** A throw becomes a rejection, as with real files. */
function answer<T>(work: () => T): Promise<T> {
  return Promise.resolve().then(work);
}

interface Entry extends FileFacts {
  readonly content: Uint8Array;
  /** Identifies the file even after it has grown or been renamed. */
  readonly inode: symbol;
  readonly denied: boolean;
  readonly realPath: string;
}

/** Files in memory. Paths are normalised as text: only the last part of a path can be a link. */
function fakeFiles(
  outside: {
    readonly workingDirectory: string;
    readonly uid: number;
    readonly sudoUid: number | null;
    readonly now: () => Date;
  },
): { readonly files: Files; readonly put: (path: string, file: FakeFile) => void } {
  const entries = new Map<string, Entry>();

  function absolute(path: string): string {
    return posix.resolve(outside.workingDirectory, path);
  }

  function add(path: string, file: FakeFileFacts, inode = Symbol(path)): void {
    const kind = file.kind ?? "file";
    const content = bytesOf(file.content ?? "");
    entries.set(path, {
      kind,
      content,
      inode,
      mode: file.mode ?? (kind === "directory" ? 0o755 : 0o644),
      uid: file.uid ?? outside.uid,
      gid: file.gid ?? outside.uid,
      device: 1,
      bytes: content.length,
      modifiedAt: file.modifiedAt ?? outside.now(),
      denied: file.denied ?? false,
      realPath: file.realPath ?? path,
    });
  }

  /** Makes a directory and its missing parents. */
  function addDirectories(path: string, mode: number): void {
    const found = entries.get(path);
    if (found?.kind === "directory") return;
    if (path !== "/") addDirectories(posix.dirname(path), mode);
    if (found) throw new FileError(path, "exists", "it exists");
    add(path, { kind: "directory", mode });
  }

  function put(path: string, file: FakeFile): void {
    const facts = typeof file === "string" || file instanceof Uint8Array ? { content: file } : file;
    addDirectories(posix.dirname(absolute(path)), 0o755);
    add(absolute(path), facts);
  }

  function entry(path: string): Entry {
    const problem = obstacle(path);
    if (problem) throw problem;
    const found = entries.get(absolute(path));
    if (!found) throw missing(path);
    if (found.denied) throw new FileError(path, "denied", "permission denied");
    return found;
  }

  /** The error of a parent that blocks a path. */
  function obstacle(path: string): FileError | null {
    for (let above = absolute(path); above !== "/";) {
      above = posix.dirname(above);
      const found = entries.get(above);
      if (found && found.kind !== "directory") return notDirectory(path);
      if (found?.denied) return new FileError(path, "denied", "permission denied");
    }
    return null;
  }

  function missing(path: string): FileError {
    return obstacle(path) ?? new FileError(path, "missing", "no such file");
  }

  function notDirectory(path: string): FileError {
    return new FileError(path, "other", "a part of the path is not a directory");
  }

  function namesIn(path: string): readonly string[] {
    const above = absolute(path);
    const names = [];
    for (const other of entries.keys()) {
      if (other !== "/" && posix.dirname(other) === above) names.push(posix.basename(other));
    }
    return names.sort();
  }

  function content(path: string): Uint8Array {
    const found = entry(path);
    if (found.kind === "directory") throw new FileError(path, "directory", "it is a directory");
    if (found.kind === "socket") throw new FileError(path, "other", "No such device or address");
    return found.content;
  }

  /** Makes an empty file in an existing directory. */
  function addFile(path: string, content = ""): void {
    const above = entries.get(posix.dirname(absolute(path)));
    if (above?.kind !== "directory" || above.denied) throw missing(path);
    add(absolute(path), { mode: 0o600, content });
  }

  function makeDirectory(path: string): void {
    try {
      addDirectories(absolute(path), 0o700);
    } catch (error) {
      // A parent is in the way.
      throw entries.has(absolute(path)) ? error : missing(path);
    }
  }

  /** The owner of the nearest existing directory above. */
  function ownerAbove(path: string): number {
    const above = posix.dirname(path);
    const found = entries.get(above);
    return found !== undefined || above === "/" ? found?.uid ?? 0 : ownerAbove(above);
  }

  addDirectories(absolute("."), 0o755);

  const files: Files = {
    readText: (path) =>
      answer(() => new TextDecoder("utf-8", { ignoreBOM: true }).decode(content(path))),
    readFrom: (path, offset, maxBytes = Infinity) =>
      answer(() => content(path).slice(offset, offset + maxBytes)),
    open: (path) =>
      answer(() => {
        content(path);
        const { inode } = entry(path);
        let last = entry(path).content;
        const now = (): Uint8Array => {
          last = [...entries.values()].find((each) => each.inode === inode)?.content ?? last;
          return last;
        };
        return {
          read: (offset, maxBytes = Infinity) => now().slice(offset, offset + maxBytes),
          bytes: () => now().length,
          isAt: (other) => entries.get(absolute(other))?.inode === inode,
          [Symbol.dispose]: () => {},
        };
      }),
    facts: (path) =>
      answer(() => {
        const found = entries.get(absolute(path));
        if (!found || obstacle(path)) return null;
        const { kind, mode, uid, gid, device, bytes, modifiedAt } = found;
        return { kind, mode, uid, gid, device, bytes, modifiedAt };
      }),
    list: (path) =>
      answer(() => {
        if (entry(path).kind !== "directory") throw notDirectory(path);
        return namesIn(path);
      }),
    makeDirectory: (path) => answer(() => makeDirectory(path)),
    claimDirectory: (path) =>
      answer(() => {
        const { uid: ownUid, sudoUid } = outside;
        const refuse = (why: string | null): void => {
          if (why !== null) throw new FileError(path, "unsafe", why);
        };
        if (!entries.has(absolute(path))) {
          refuse(whyNotMade({ ownUid, sudoUid, aboveUid: ownerAbove(absolute(path)) }));
        }
        makeDirectory(path);
        const { mode, uid } = entry(path);
        refuse(whyUnsafe({ ownUid, uids: [uid], mode }));
      }),
    create: (path, text = "") =>
      answer(() => {
        if (entries.has(absolute(path))) throw new FileError(path, "exists", "it exists");
        addFile(path, text);
      }),
    append: (path, bytes) =>
      answer(() => {
        if (!entries.has(absolute(path))) addFile(path);
        const before = content(path);
        const { mode, uid, gid, inode } = entry(path);
        add(absolute(path), { content: joined([before, bytes]), mode, uid, gid }, inode);
      }),
    rename: (from, to) =>
      answer(() => {
        const found = entry(from);
        entries.delete(absolute(from));
        entries.set(absolute(to), found);
      }),
    replace: (path, bytes) =>
      answer(() => {
        if (!entries.has(absolute(path))) addFile(path);
        const { mode, uid, gid } = entry(path);
        add(absolute(path), { content: bytes, mode, uid, gid });
      }),
    remove: (path) =>
      answer(() => {
        if (!obstacle(path) && !entries.has(absolute(path))) return;
        entry(path);
        if (namesIn(path).length > 0) throw new FileError(path, "other", "Directory not empty");
        entries.delete(absolute(path));
      }),
    realPath: (path) => answer(() => entry(path).realPath),
  };
  return { files, put };
}
