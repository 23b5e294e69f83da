/** Checks what would make the start of a session fail, and what is in its way. Loaded on demand. */
import {
  BackendUnavailableError,
  quote,
  SessionConfigError,
  SessionExistsError,
  SessionStartError,
  TmuxNotFoundError,
} from "../../errors.ts";
import type { TmuxDefinition } from "../../model.ts";
import { DEFAULT_PATH, ProgramMissingError, type World } from "../../world/world.ts";
import type { Session } from "../backend.ts";
import { findProgram } from "../program.ts";
import { ask, installHint, tooOld } from "./ask.ts";
import { call, type Context } from "./list.ts";
import type { TmuxSession } from "./parse.ts";
import { isTooOld, OLDEST_TMUX } from "./version.ts";
import { statusOfSession } from "./status.ts";

/** Checks what would make a start fail: see `Runner.check`. */
export async function check(
  context: Context,
  definition: TmuxDefinition,
  replaced: Session | null,
): Promise<void> {
  const { name, socketName } = definition;
  const { status } = replaced ?? {};
  await checkDefinition(context.world, definition);
  // A tmux with a running session is new enough.
  const tooOld = status?.backend === "container" ? await versionTrouble(context, name) : null;
  if (tooOld !== null) throw tooOld;
  const there = await namesake(context, definition);
  if (there === null) return;
  const isReplaced = status?.socketName === socketName && status.id === there.id;
  // An ended session makes room by itself.
  const isOver = there.runId !== null && there.name === name &&
    statusOfSession(there, socketName).state === "exited";
  if (!isReplaced && !isOver) throw existing(there, definition);
}

/** The session with that name on the server now. */
export async function namesake(
  context: Context,
  { name, socketName }: TmuxDefinition,
): Promise<TmuxSession | null> {
  try {
    const sessions = await ask(context, socketName);
    return sessions.find(({ tmuxName }) => tmuxName === name) ?? null;
  } catch (error) {
    throw error instanceof ProgramMissingError ? missingTmux(context) : error;
  }
}

/** The same for the definition itself. */
export async function checkDefinition(world: World, definition: TmuxDefinition): Promise<void> {
  const { name, argv, workingDir, env, inherited } = definition;
  const kind = (await world.files.facts(workingDir))?.kind;
  if (kind !== "directory") {
    const reason = kind === undefined ? "no such directory" : "it is not a directory";
    throw new SessionConfigError(
      `Cannot use ${quote(workingDir)} as working directory: ${reason}`,
      {
        hint: "create it, or choose another one with --workdir or working_dir",
        details: { working_dir: workingDir },
      },
    );
  }
  const [program = ""] = argv;
  const path = env["PATH"] ?? (inherited ?? world.environment())["PATH"] ?? DEFAULT_PATH;
  const found = await findProgram(world, { program, path, workingDir });
  if (found.kind === "found") return;
  throw new SessionStartError(name, found.reason, {
    backend: "tmux",
    hint: found.hint,
    details: { program },
  });
}

/** The error for a missing tmux. */
export function missingTmux(context: Context): TmuxNotFoundError {
  const where = context.binary.includes("/") ? "there is no such program" : "it is not on PATH";
  return new TmuxNotFoundError(`Cannot run ${quote(context.binary)}: ${where}`, {
    hint: installHint(context.world),
    details: { program: context.binary },
  });
}

/** The error of a tmux that cannot be used, or null if it reports no problem. */
export async function versionTrouble(
  context: Context,
  name: string,
): Promise<BackendUnavailableError | null> {
  const version = await versionOf(context);
  if (version === null || !isTooOld(version)) return null;
  return new BackendUnavailableError(`Cannot start ${quote(name)}: ${tooOld(version)}`, {
    reason: tooOld(version),
    hint: `install tmux ${OLDEST_TMUX} or newer, or set tmux_binary to one`,
    details: { version },
  });
}

async function versionOf(context: Context): Promise<string | null> {
  try {
    const { stdout } = await call(context, [context.binary, "-V"], { timeoutMs: 3000 });
    return stdout.trim();
  } catch {
    return null;
  }
}

/** Why a session cannot be made when another one has its name. */
export function existing(
  found: TmuxSession | null,
  { name, socketName }: TmuxDefinition,
): SessionExistsError {
  const [reason, hint] = found === null ? RUNNING(name) : found.runId === null
    ? [
      "a tmux session of that name, not made by kstops, is there",
      `stop it first (kstops stop ${name} --yes), or choose another name or --socket`,
    ]
    : found.name !== name
    ? [
      `tmux calls the session ${quote(found.name)} that way by now`,
      `rename that one back, or stop it first: kstops stop ${found.name}`,
    ]
    : statusOfSession(found, socketName).state === "stopped"
    ? [
      "its program is gone, and its tmux session has other windows or another program",
      `end these first: kstops stop ${name}`,
    ]
    : RUNNING(name);
  return new SessionExistsError(name, reason, {
    backend: "tmux",
    hint,
    details: { socket_name: socketName },
  });
}

const RUNNING = (name: string): readonly [reason: string, hint: string] => [
  "it is already running",
  `look at it with kstops status ${name}, or replace it with kstops restart ${name}`,
];
