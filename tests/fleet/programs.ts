/** The programs of the fleet: one of each kind that people keep running, and what a stop owes it. */

/** What a program needs to be told. */
export interface Surroundings {
  /** Absolute paths of the interpreters; null: it is not installed. */
  readonly python: string | null;
  readonly node: string | null;
  readonly npm: string | null;
  readonly bash: string | null;
  /** A directory for files that belong to one program. */
  readonly directory: string;
  /** The word that every program carries in its arguments. */
  readonly mark: string;
  /** A port that nobody listens on. */
  readonly port: number;
}

/** A program as a session, and what is expected of it. */
export interface Kind {
  readonly name: string;
  /** The keys of the session; null: what it needs is not installed. */
  readonly session: (
    surroundings: Surroundings,
  ) => Promise<SessionKeys | null> | SessionKeys | null;
  /** How many processes say that they are ready. */
  readonly processes: number;
  /** What starts it ends at once: what it left is the program. */
  readonly endsAtOnce?: true;
  /** It listens on its port. */
  readonly listens?: true;
  /** It is not done when its time is up: nothing has to be finished, and SIGHUP may come. */
  readonly isLate?: true;
  /** What it gets is SIGHUP: it is an interactive shell. */
  readonly hangsUp?: true;
  /** A wrapper of it sends the signal on, so that it may come once more; it cannot tell from whom. */
  readonly forwarded?: true;
  /** Processes that must not get this signal from kstops: their parent tells them, or nobody does. */
  readonly spares?: { readonly role: string; readonly signal: string };
}

/** Keys of a session in the config. */
export interface SessionKeys {
  readonly command: string | readonly string[];
  readonly shell?: true;
  readonly stop_signal?: string;
  readonly stop_scope?: "main" | "group";
  readonly stop_timeout?: number;
}

const HERE = decodeURIComponent(new URL("programs/", import.meta.url).pathname);
const TERM = { stop_signal: "SIGTERM" } as const;

/** The words of a program in Python. */
function python(
  { python, mark }: Surroundings,
  kind: string,
  ...options: readonly string[]
): readonly string[] | null {
  return python === null ? null : [python, `${HERE}program.py`, kind, `--mark=${mark}`, ...options];
}

/** A session that is one program in Python. */
function plain(
  kind: string,
  keys: Omit<SessionKeys, "command">,
  options: (surroundings: Surroundings) => readonly string[] = () => [],
): Kind["session"] {
  return (surroundings) => {
    const command = python(surroundings, kind, ...options(surroundings));
    return command === null ? null : { command, ...keys };
  };
}

/** A session that is a line of a shell; `PROGRAM` in it is a program in Python. */
function line(
  text: string,
  keys: Omit<SessionKeys, "command"> = TERM,
  kind = "serve",
): Kind["session"] {
  return (surroundings) => {
    const words = python(surroundings, kind);
    if (words === null) return null;
    return { command: text.replaceAll("PROGRAM", words.join(" ")), shell: true, ...keys };
  };
}

const withPort = ({ port }: Surroundings) => [`port=${port}`];

function node({ node, mark, port }: Surroundings): readonly string[] | null {
  return node === null ? null : [node, `${HERE}server.mjs`, `--mark=${mark}`, String(port)];
}

/** `npm start` of a package whose start script is the server. */
function npmStart(keys: Omit<SessionKeys, "command">): Kind["session"] {
  return async (surroundings) => {
    const { npm, directory } = surroundings;
    const server = node(surroundings);
    if (npm === null || server === null) return null;
    const scripts = { start: server.join(" ") };
    await Deno.mkdir(directory, { recursive: true });
    await Deno.writeTextFile(
      `${directory}/package.json`,
      JSON.stringify({ name: "fleet", version: "1.0.0", private: true, scripts }),
    );
    return { command: [npm, "--prefix", directory, "start"], ...keys };
  };
}

/** The fleet, each with a stop signal and a scope as its users would choose them. */
export const KINDS: readonly Kind[] = [
  { name: "npm", processes: 1, listens: true, forwarded: true, session: npmStart(TERM) },
  { name: "npm-ctrl-c", processes: 1, listens: true, forwarded: true, session: npmStart({}) },
  {
    name: "node",
    processes: 1,
    listens: true,
    session: (surroundings) => {
      const command = node(surroundings);
      return command === null ? null : { command, ...TERM };
    },
  },
  { name: "multiprocessing", processes: 4, session: plain("multiprocessing", {}) },
  {
    name: "gunicorn-like",
    processes: 4,
    listens: true,
    spares: { role: "worker", signal: "SIGTERM" },
    session: plain("prefork", TERM, withPort),
  },
  { name: "uvicorn-like", processes: 1, listens: true, session: plain("hurried", TERM, withPort) },
  {
    name: "uvicorn-in-sh",
    processes: 1,
    session: line("PROGRAM; echo after", TERM, "hurried"),
  },
  {
    name: "uvicorn-nohup",
    processes: 1,
    session: line("nohup PROGRAM >/dev/null 2>&1; echo after", TERM, "hurried"),
  },
  {
    name: "celery-like",
    processes: 4,
    spares: { role: "worker", signal: "SIGTERM" },
    session: plain("pool", TERM),
  },
  { name: "pipeline", processes: 1, session: line("PROGRAM | cat") },
  { name: "background", processes: 1, session: line("PROGRAM & wait") },
  { name: "sequence", processes: 1, session: line("PROGRAM; echo after") },
  { name: "sequence-ctrl-c", processes: 1, session: line("PROGRAM; echo after", {}) },
  { name: "exec", processes: 1, session: line("exec PROGRAM") },
  {
    name: "faithless-wrapper",
    processes: 2,
    listens: true,
    session: plain("faithless", TERM, withPort),
  },
  {
    name: "deaf-wrapper",
    processes: 1,
    isLate: true,
    session: line("trap : TERM; PROGRAM & while kill -0 $!; do wait $!; done 2>/dev/null", {
      ...TERM,
      stop_timeout: 2,
    }),
  },
  { name: "setsid", processes: 1, session: line("setsid -f PROGRAM; exec sleep 86400") },
  {
    name: "setsid-alone",
    processes: 1,
    endsAtOnce: true,
    session: line("setsid -f PROGRAM; exit 0"),
  },
  { name: "nohup", processes: 1, session: line("exec nohup PROGRAM >/dev/null 2>&1") },
  {
    name: "double-fork",
    processes: 1,
    endsAtOnce: true,
    listens: true,
    session: plain("daemon", TERM, withPort),
  },
  {
    name: "ignores-ctrl-c",
    processes: 1,
    isLate: true,
    session: plain("serve", { stop_timeout: 2 }, () => ["on=TERM", "ignore=INT"]),
  },
  {
    name: "ignores-all",
    processes: 1,
    isLate: true,
    session: plain("serve", { stop_timeout: 1 }, () => [
      "ignore=INT,TERM,HUP,QUIT,USR1,USR2",
    ]),
  },
  {
    name: "bash",
    processes: 1,
    hangsUp: true,
    session: async (surroundings) => {
      const { bash, directory } = surroundings;
      const words = python(surroundings, "serve", "on=HUP,TERM");
      if (bash === null || words === null) return null;
      await Deno.mkdir(directory, { recursive: true });
      await Deno.writeTextFile(`${directory}/bashrc`, `set -m\n${words.join(" ")} &\n`);
      return { command: [bash, "--rcfile", `${directory}/bashrc`, "-i"] };
    },
  },
  { name: "chatty", processes: 1, session: plain("chatty", TERM) },
  {
    name: "usr1",
    processes: 1,
    session: plain("serve", { stop_signal: "USR1" }, () => ["on=USR1"]),
  },
  {
    name: "quit-to-all",
    processes: 3,
    session: plain("family", { stop_signal: "QUIT" }, () => ["on=QUIT"]),
  },
  {
    name: "int-to-one",
    processes: 3,
    session: plain("family", { stop_signal: "INT", stop_scope: "main", stop_timeout: 2 }),
    isLate: true,
    spares: { role: "child", signal: "SIGINT" },
  },
  {
    name: "term-to-all",
    processes: 3,
    session: plain("family", { stop_signal: "TERM", stop_scope: "group" }),
  },
  { name: "atexit", processes: 1, session: plain("atexit", {}) },
  { name: "deep", processes: 5, session: plain("deep", TERM) },
  { name: "zombies", processes: 1, session: plain("zombies", TERM) },
  {
    name: "without-terminal",
    processes: 1,
    listens: true,
    session: plain("without-terminal", TERM, withPort),
  },
  { name: "own-group", processes: 1, session: plain("own-group", TERM) },
];

/** The absolute paths of the interpreters, looked up where the tests run. */
export async function interpreters(): Promise<
  Pick<Surroundings, "python" | "node" | "npm" | "bash">
> {
  const [python, node, npm, bash] = await Promise.all([
    // What stands on the PATH may be a script that looks for the version to run.
    answerOf("python3", ["-c", "import sys; print(sys.executable)"]),
    answerOf("node", ["-p", "process.execPath"]),
    answerOf("sh", ["-c", "command -v npm"]),
    answerOf("sh", ["-c", "command -v bash"]),
  ]);
  return { python, node, npm, bash };
}

async function answerOf(command: string, args: string[]): Promise<string | null> {
  try {
    const { success, stdout } = await new Deno.Command(command, { args, stderr: "null" }).output();
    return success ? new TextDecoder().decode(stdout).trim() : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
