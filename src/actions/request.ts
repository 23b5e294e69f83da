/** Requests, as they are recorded and read back. Pure. */
import { lastingWords } from "../config/owners.ts";
import { type Json, OperationNotFoundError, quote } from "../errors.ts";
import { BACKENDS, RUNTIMES } from "../model.ts";
import { maskedArgv } from "../operations/argv.ts";
import type { Operation } from "../operations/machine.ts";
import type { PlaceFlags } from "../model/place.ts";
import type { ChangeTools } from "./tools.ts";

/** A recorded value, or undefined if it is not valid. */
type Read<T> = (value: Json) => T | undefined;

/** How to read back each option of a request: every new option needs an entry. */
export type Codec<Request> = { readonly [key in keyof Required<Request>]: Read<Request[key]> };

function oneOf<T extends string>(words: readonly T[]): Read<T> {
  return (value) => words.find((word) => word === value);
}

const readText: Read<string> = (value) => typeof value === "string" ? value : undefined;

/** An option that is either given or not. */
export const readGiven: Read<true> = (value) => value === true ? true : undefined;

/** An option that is true or false. */
export const readEither: Read<boolean> = (value) => typeof value === "boolean" ? value : undefined;

/** A number of seconds. */
export const readSeconds: Read<number> = (value) =>
  typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;

/** The place and the owner of the session. */
export const PLACE_CODEC: Codec<PlaceFlags> = {
  backend: oneOf(BACKENDS),
  socket: readText,
  runtime: oneOf(RUNTIMES),
  project: readText,
};

/** The options of a request for the record: only given ones, and only those in the codec. */
export function formatOptions<Request extends object>(
  { world }: Pick<ChangeTools, "world">,
  request: Request,
  codec: Codec<Request>,
): Json {
  return Object.fromEntries(
    Object.keys(codec).flatMap((key): [string, Json][] => {
      const value: unknown = Reflect.get(request, key);
      if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") {
        return [];
      }
      // It may be resumed in another directory, where a relative path means another config.
      const lasts = key === "project" && typeof value === "string";
      return [[key, lasts ? lastingWords(world, value) : value]];
    }),
  );
}

/** The recorded request. Without options it cannot be planned again. */
export async function formatRequest(
  { world, config, caller }: Pick<ChangeTools, "world" | "config" | "caller">,
  options: Json,
): Promise<Json> {
  return {
    argv: caller.argv === null ? null : maskedArgv(caller.argv),
    directory: world.workingDirectory(),
    config: (await config()).path,
    flags: options,
  };
}

/** A request read from a record. */
interface RecordedRequest {
  /** Path of the config in force; null: none. */
  readonly config: string | null;
  /** The recorded options; null: an older kstops did not record them. */
  readonly options: { readonly [key: string]: Json } | null;
}

/**
 * Reads a recorded request, of this kstops or of an older or newer one.
 *
 * @throws {OperationNotFoundError} when it cannot be read
 */
export function parseRequest(operation: Pick<Operation, "id" | "request">): RecordedRequest {
  const { request } = operation;
  if (request === null) return { config: null, options: null };
  if (!isFields(request)) throw unreadable(operation, "it is not an object");
  const { config = null, flags: options = null } = request;
  if (config !== null && typeof config !== "string") {
    throw unreadable(operation, "config is not a path");
  }
  if (options !== null && !isFields(options)) throw unreadable(operation, "flags is not an object");
  return { config, options };
}

/**
 * The options of a recorded request. An unknown option is not ignored: the request would be done in
 * another way than the user said.
 *
 * @throws {OperationNotFoundError} when they cannot be read
 */
export function parseOptions<Request>(
  operation: Pick<Operation, "id" | "request">,
  codec: Codec<Request>,
): Partial<Request> {
  const found: Partial<Request> = {};
  for (const [key, value] of Object.entries(parseRequest(operation).options ?? {})) {
    if (!isKeyOf(codec, key)) {
      throw unreadable(operation, `this kstops does not know the flag ${quote(key)}`);
    }
    const read = codec[key](value);
    if (read === undefined) {
      throw unreadable(operation, `the flag ${key} has a value that is not allowed`);
    }
    found[key] = read;
  }
  return found;
}

function isKeyOf<Request>(codec: Codec<Request>, key: string): key is keyof Request & string {
  return Object.hasOwn(codec, key);
}

function unreadable({ id }: Pick<Operation, "id">, what: string): OperationNotFoundError {
  return new OperationNotFoundError("resume", id, {
    reason: `its request cannot be read: ${what}`,
    hint: `abort it, and give the command again: kstops operations cancel ${id}`,
    details: { operation_id: id },
  });
}

function isFields(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
