/** Running a program beside that of a session of tmux, on this terminal. Loaded when one is. */
import type { World } from "../../world/world.ts";
import { RUN_ID_VARIABLE } from "./args.ts";
import type { Context } from "./list.ts";
import type { TmuxSession } from "./parse.ts";
import { definitionOf } from "./session.ts";
import { statusOfSession } from "./status.ts";

/** In the directory of the session; the status of a shell for what it cannot execute. */
const IN_DIRECTORY = 'cd -- "$1" || exit 126; shift; exec "$@"';
/** A look at one process. */
const LOOK_MS = 5000;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Runs a program with the environment and in the directory of a session. What it leaves running
 * belongs to the run: a stop ends it.
 *
 * @returns its exit code; 128+n when signal n ended it
 */
export async function exec(
  context: Context,
  socketName: string,
  { session, argv }: { readonly session: TmuxSession; readonly argv: readonly string[] },
): Promise<number> {
  const { world } = context;
  const { pid, workingDir } = statusOfSession(session, socketName);
  const { runId } = session;
  const env = await environmentOf(world, { pid, runId }) ??
    await constructed(context, socketName, session);
  const words = ["/bin/sh", "-c", IN_DIRECTORY, "kstops", workingDir ?? ".", ...argv];
  const options = { env: only(world, withTerminal(world, env, runId)), showError: true };
  return (await world.interact(words, options).ended).code;
}

/** The environment that its program was given; null: nobody can tell. */
async function environmentOf(
  world: World,
  { pid, runId }: { readonly pid: number | null; readonly runId: string | null },
): Promise<Environment | null> {
  if (pid === null || world.operatingSystem !== "linux") return null;
  const { code, stdout } = await world.exec(["cat", "--", `/proc/${pid}/environ`], {
    timeoutMs: LOOK_MS,
  });
  const env = Object.fromEntries(
    stdout.split("\0").flatMap((entry): [string, string][] => {
      const equals = entry.indexOf("=");
      return equals < 1 ? [] : [[entry.slice(0, equals), entry.slice(equals + 1)]];
    }),
  );
  // A program may have written its title over it.
  const isWhole = runId === null ? "PATH" in env : env[RUN_ID_VARIABLE] === runId;
  return code === 0 && isWhole ? env : null;
}

/** What a new start would give it, as far as kstops knows. */
async function constructed(
  context: Context,
  socketName: string,
  session: TmuxSession,
): Promise<Environment> {
  const { world } = context;
  const definition = await definitionOf(context, socketName, { session, asItRan: true });
  if (definition === null) return world.environment();
  const own = ["HOME", "USER", "LOGNAME", "SHELL"].map((name) => [name, world.env(name)] as const);
  return { ...Object.fromEntries(own), ...definition.inherited, ...definition.env };
}

/** With the terminal of the caller in place of the pane's, and the mark of the run. */
function withTerminal(world: World, env: Environment, runId: string | null): Environment {
  const ofTerminal = ["TERM", "COLORTERM"].map((name) => [name, world.env(name)] as const);
  return {
    ...env,
    ...Object.fromEntries(ofTerminal),
    ...{ TMUX: undefined, TMUX_PANE: undefined, LINES: undefined, COLUMNS: undefined },
    // A restart by its policy ends only what its program has left.
    KSTOPS_EXECUTION: undefined,
    [RUN_ID_VARIABLE]: runId ?? undefined,
  };
}

/** Only these variables: whatever else the caller has is taken away. */
function only(world: World, env: Environment): Environment {
  const others = Object.keys(world.environment()).map((name) => [name, undefined] as const);
  return { ...Object.fromEntries(others), ...env };
}
