/** The kstops of a proof: its command line in a sandbox, and nothing else of it. */
import { makeSandbox, type Sandbox, type SandboxOptions } from "../support/tmux.ts";
import { programUnderTest } from "../support/transcript.ts";

/** More than any command may take on any machine: one that hangs is a fault. */
const LIMIT_MS = 180_000;

/** What a command came to. */
export interface Answer {
  readonly args: readonly string[];
  /** Null: it was killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a command is run. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Kills it with SIGKILL after so long, unless it ended before. */
  readonly killAfterMs?: number;
}

/** A command that took longer than any may. */
export class HangError extends Error {}

/** kstops in a sandbox of its own. */
export interface Subject {
  readonly sandbox: Sandbox;
  /** What is under test: the source, or an executable. */
  readonly title: string;
  /** @throws {HangError} */
  readonly kstops: (args: readonly string[], options?: RunOptions) => Promise<Answer>;
  /** Another program in the same surroundings. */
  readonly exec: (argv: readonly string[], options?: RunOptions) => Promise<Answer>;
}

/** Makes one; its sandbox must be given to `clearSandbox`. */
export async function makeSubject(options: SandboxOptions = {}): Promise<Subject> {
  const program = await programUnderTest();
  const sandbox = await makeSandbox(options);
  const surroundings = {
    ...sandbox.env,
    ...program.env,
    KSTOPS_STATE_DIR: `${sandbox.directory}/state`,
  };
  const exec: Subject["exec"] = (argv, { env = {}, killAfterMs } = {}) =>
    runIn(sandbox.work, argv, { env: { ...surroundings, ...env }, killAfterMs });
  return {
    sandbox,
    title: program.title,
    exec,
    kstops: async (args, options) => {
      const answer = await exec([...program.argv, ...args], options);
      return { ...answer, args };
    },
  };
}

async function runIn(
  work: string,
  argv: readonly string[],
  { env, killAfterMs }: {
    readonly env: Readonly<Record<string, string>>;
    readonly killAfterMs: number | undefined;
  },
): Promise<Answer> {
  const [command = "", ...args] = argv;
  const child = new Deno.Command(command, {
    args,
    cwd: work,
    clearEnv: true,
    env: { ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let hangs = false;
  const end = () => {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has just ended by itself.
    }
  };
  const limit = setTimeout(() => {
    hangs = true;
    end();
  }, LIMIT_MS);
  const early = killAfterMs === undefined ? undefined : setTimeout(end, killAfterMs);
  try {
    const { code, signal, stdout, stderr } = await child.output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    if (hangs) {
      throw new HangError(`${argv.join(" ")}: no end after ${LIMIT_MS / 1000} s: ${text(stderr)}`);
    }
    return {
      args: argv,
      code: signal === null ? code : null,
      stdout: text(stdout),
      stderr: text(stderr),
    };
  } finally {
    clearTimeout(limit);
    clearTimeout(early);
  }
}

/** The facts that kstops gives of a session as JSON, as far as the proofs read them. */
export interface Said {
  readonly name: string;
  readonly state: string;
  readonly engine: string | null;
  readonly engineState: string | null;
  readonly socketName: string | null;
  readonly pid: number | null;
  readonly reason: string | null;
  readonly managed: boolean;
  readonly defined: boolean;
  /** Undefined: this kstops does not say. */
  readonly leftovers: readonly number[] | null | undefined;
  /** The code of the error that stands in the place of an answer. */
  readonly error: string | null;
}

/**
 * Reads the JSON of `list`, `status`, `start` and `stop`: one session, or a list of them.
 *
 * @throws when it is none
 */
export function parseSaid(json: string): readonly Said[] {
  const parsed: unknown = JSON.parse(json);
  return (Array.isArray(parsed) ? parsed : [parsed]).map((row: unknown) => {
    const fields = new Map<string, unknown>(Object.entries(row ?? {}));
    const text = (key: string) => {
      const value = fields.get(key);
      return typeof value === "string" ? value : null;
    };
    const pid = fields.get("pid");
    const left = fields.get("leftovers");
    const error = fields.get("error");
    return {
      name: text("name") ?? "",
      state: text("state") ?? "",
      engine: text("engine"),
      engineState: text("engine_state"),
      socketName: text("socket_name"),
      pid: typeof pid === "number" ? pid : null,
      reason: text("reason"),
      managed: fields.get("managed") === true,
      defined: fields.get("defined") === true,
      leftovers: Array.isArray(left)
        ? left.map(Number)
        : fields.has("leftovers")
        ? null
        : undefined,
      error: error === undefined || error === null ? null : JSON.stringify(error),
    };
  });
}
