/** What the programs of the fleet wrote about themselves, and whether it is what a stop owes them. */
import type { Kind } from "./programs.ts";

/** A line of a program. */
export interface Entry {
  /** Seconds. */
  readonly at: number;
  readonly pid: number;
  readonly role: string;
  readonly what: string;
}

/** Reads the lines; the end of a line that is just being written is left out. */
export function parseRecord(text: string): readonly Entry[] {
  return text.split("\n").slice(0, -1).map((line) => {
    const [at, pid, role = "", ...what] = line.split(" ");
    return { at: Number(at), pid: Number(pid), role, what: what.join(" ") };
  });
}

/** The processes that said they were ready. */
export function readyIn(record: readonly Entry[]): readonly number[] {
  return record.filter(({ what }) => what === "ready").map(({ pid }) => pid);
}

/**
 * What was not owed: who was not allowed to finish, and who got a signal that it should not have got.
 *
 * @param own the processes of the session before its stop: what they send one another is their affair
 */
export function wrongsIn(
  record: readonly Entry[],
  kind: Pick<Kind, "isLate" | "hangsUp" | "forwarded" | "spares">,
  own: ReadonlySet<number>,
): readonly string[] {
  const wrongs: string[] = [];
  for (const pid of new Set(readyIn(record))) {
    const entries = record.filter((entry) => entry.pid === pid);
    const { role = "" } = entries[0] ?? {};
    const whats = entries.map(({ what }) => what);
    const told = `${role} ${pid}: ${whats.join(", ")}`;
    if (!kind.isLate && !whats.includes("drained")) {
      wrongs.push(`not allowed to finish: ${told}`);
    }
    if (whats.some((what) => what.startsWith("hurried"))) wrongs.push(`hurried: ${told}`);
    const counts = signalsFromOutside(whats, own);
    if (!kind.isLate && !kind.hangsUp && whats.some((what) => what.startsWith("got SIGHUP"))) {
      wrongs.push(`hung up: ${told}`);
    }
    if (kind.spares && role.startsWith(kind.spares.role) && counts.has(kind.spares.signal)) {
      wrongs.push(`got ${kind.spares.signal}, which was its parent's alone: ${told}`);
    }
    for (const [signal, count] of counts) {
      if (count > (kind.forwarded ? 2 : 1)) wrongs.push(`got ${signal} ${count} times: ${told}`);
    }
  }
  return wrongs;
}

/** How often each signal came from no process of the session. */
function signalsFromOutside(
  whats: readonly string[],
  own: ReadonlySet<number>,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const what of whats) {
    const [, signal, sender] = /^got (\w+)(?: from (\d+))?$/.exec(what) ?? [];
    if (signal === undefined || own.has(Number(sender))) continue;
    counts.set(signal, (counts.get(signal) ?? 0) + 1);
  }
  return counts;
}
