/** The request of a recorded operation, read back from the database and checked. Pure. */
import { type Json, OperationNotFoundError, quote } from "../../../errors.ts";
import { BACKENDS, RUNTIMES } from "../../../model.ts";
import type { Operation } from "../../../operations/machine.ts";
import type { RestartTaskFlags } from "../restart.ts";
import type { StopTaskFlags } from "../stop.ts";

/** Flags with which something that waits for an answer is planned again. */
type ReplannedFlags = StopTaskFlags & RestartTaskFlags;

/** What was recorded of a command line. */
interface RecordedRequest {
  /** Whether it says with which flags; an older kstops did not of a start. */
  readonly hasFlags: boolean;
  readonly flags: ReplannedFlags;
  /** Path of the config that was in force; null: none was. */
  readonly config: string | null;
}

/** A value of a flag, or undefined where it cannot be one. */
type Read<T> = (value: Json) => T | undefined;

function oneOf<T extends string>(words: readonly T[]): Read<T> {
  return (value) => words.find((word) => word === value);
}

const isGiven: Read<true> = (value) => value === true ? true : undefined;

/** How each flag is recorded. Whoever adds a flag to the tasks has to say it here. */
const FLAGS: { readonly [key in keyof Required<ReplannedFlags>]: Read<ReplannedFlags[key]> } = {
  backend: oneOf(BACKENDS),
  socket: (value) => typeof value === "string" ? value : undefined,
  runtime: oneOf(RUNTIMES),
  project: (value) => typeof value === "string" ? value : undefined,
  all: isGiven,
  force: isGiven,
  timeout: (value) =>
    typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined,
  keep: isGiven,
  yes: isGiven,
  wait: (value) => typeof value === "boolean" ? value : undefined,
  rollback: isGiven,
  quiet: isGiven,
};

/**
 * What was recorded of the command line, by this kstops, an older or a newer one. A flag that this
 * one does not know is not passed over: what it asks for would be done in another way than was said.
 *
 * @throws {OperationNotFoundError} when it cannot be read
 */
export function readRequest({ id, request }: Pick<Operation, "id" | "request">): RecordedRequest {
  const unreadable = (what: string) =>
    new OperationNotFoundError("resume", id, {
      reason: `its request cannot be read: ${what}`,
      hint: `abort it, and give the command again: kstops operations cancel ${id}`,
      details: { operation_id: id },
    });
  if (request === null) return { hasFlags: false, flags: { wait: true }, config: null };
  if (!isFields(request)) throw unreadable("it is no object");
  const { config = null, flags: recorded = null } = request;
  if (config !== null && typeof config !== "string") throw unreadable("config is no path");
  if (recorded !== null && !isFields(recorded)) throw unreadable("flags is no object");
  const flags: Record<string, unknown> = { wait: true };
  for (const [key, value] of Object.entries(recorded ?? {})) {
    if (!isFlag(key)) throw unreadable(`this kstops does not know the flag ${quote(key)}`);
    const read = FLAGS[key](value);
    if (read === undefined) throw unreadable(`the flag ${key} has another value than it may have`);
    flags[key] = read;
  }
  return { hasFlags: recorded !== null, flags: { wait: true, ...flags }, config };
}

function isFlag(key: string): key is keyof ReplannedFlags {
  return Object.hasOwn(FLAGS, key);
}

function isFields(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
