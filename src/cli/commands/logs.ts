/** `kstops logs NAME`: what a session printed, also after it ended. */
import { SessionNotFoundError } from "../../errors.ts";
import { logStore } from "../../logs/store.ts";
import { type Context, type PlaceFlags, type Reply, selectionOf } from "../command.ts";
import { warnOfProblems } from "../warnings.ts";

/** Flags of `logs`. */
export interface LogsFlags extends PlaceFlags {
  readonly name: string;
  /** How many lines from the end; `Infinity` for all. */
  readonly lines: number;
  readonly plain?: true | undefined;
}

/** Prints the last lines of a session. */
export async function logs(context: Context, flags: LogsFlags): Promise<Reply> {
  await warnOfProblems(context);
  const raw = await linesOf(context, flags);
  const bytes = flags.plain ? await plain(raw) : raw;
  if (!context.json) return { bytes };
  const lines = new TextDecoder().decode(bytes).split("\n").slice(0, -1);
  return { data: lines.map((line) => ({ name: flags.name, line })) };
}

async function linesOf(context: Context, flags: LogsFlags): Promise<Uint8Array> {
  const { name, lines } = flags;
  const sessions = await context.sessions();
  try {
    const match = await sessions.find("show the logs of", name, selectionOf(flags));
    if (match.kind === "session") return await match.session.logs({ lines });
    const kept = await keptLines(context, name, lines);
    if (match.trouble !== null) {
      // It may run and print all the same.
      if (kept === null) throw match.trouble;
      context.warn(`${match.trouble.message}; this is what was kept`);
    }
    return kept ?? nothingKept(context, name);
  } catch (error) {
    // What a session printed outlives it, also one that no config defines.
    const kept = error instanceof SessionNotFoundError && await keptLines(context, name, lines);
    if (kept) return kept;
    throw error;
  }
}

async function keptLines(
  { world, warn }: Context,
  name: string,
  lines: number,
): Promise<Uint8Array | null> {
  const store = logStore(world, warn);
  const newest = (await store.outputs(name)).at(-1);
  return newest === undefined ? null : await store.tail(newest, lines);
}

function nothingKept({ warn }: Context, name: string): Uint8Array {
  warn(`${name} is not running, and no output of it was kept`);
  return new Uint8Array();
}

async function plain(bytes: Uint8Array): Promise<Uint8Array> {
  const { stripVTControlCharacters } = await import("node:util");
  const text = stripVTControlCharacters(new TextDecoder().decode(bytes));
  return new TextEncoder().encode(text.replaceAll("\r", ""));
}
