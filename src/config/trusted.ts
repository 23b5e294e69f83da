/** Reads files that can run commands as their reader, but only if nobody else can write them. */
import { FileError, type FileFacts, type World } from "../world/world.ts";
import type { Position } from "./config.ts";
import type { Mistake } from "./interpolate.ts";
import { trustedOwners } from "./owners.ts";

/** Larger files are not read. */
export const MAX_FILE_BYTES = 2 * 1024 * 1024;

/** Why a file is not read. */
export interface Unreadable extends Mistake {
  /** Null: the reason concerns the whole file. */
  readonly position: Position | null;
}

/** The text of a file, or why it was not read. */
type Trusted =
  | { readonly text: string; readonly mistake: null }
  | { readonly text: null; readonly mistake: Unreadable };

/** Reads a file that only trusted users can write. Never throws for mistakes in it. */
export async function readTrusted(world: World, path: string): Promise<Trusted> {
  const facts = await world.files.facts(path);
  const mistake = facts === null
    ? null
    : kindMistake(facts) ?? await ownerMistake(world, { path, facts });
  if (mistake !== null) return { text: null, mistake: { ...mistake, position: null } };
  try {
    return decoded(await world.files.readFrom(path, 0));
  } catch (error) {
    // The file may have gone since the look at it.
    if (!(error instanceof FileError)) throw error;
    return { text: null, mistake: { message: error.reason, hint: null, position: null } };
  }
}

function decoded(bytes: Uint8Array): Trusted {
  try {
    return {
      text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes),
      mistake: null,
    };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const message = "it is not UTF-8 text";
    const hint = "save it as UTF-8";
    return { text: null, mistake: { message, hint, position: firstWrong(bytes) } };
  }
}

/** The position of the first byte that is not UTF-8. */
function firstWrong(bytes: Uint8Array): Position {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const encoder = new TextEncoder();
  // A replacement character may really stand in the text: only for a wrong byte the lengths differ.
  const text = decoder.decode(bytes);
  let at = 0;
  for (const [index, part] of text.split("\ufffd").entries()) {
    const offset = at + encoder.encode(part).length;
    const isWritten = [0xef, 0xbf, 0xbd].every((byte, of) => bytes[offset + of] === byte);
    if (!isWritten) {
      const before = text.split("\ufffd").slice(0, index + 1).join("\ufffd");
      const lines = before.split(/\r\n|\n|\r/);
      return { line: lines.length, column: (lines.at(-1) ?? "").length + 1 };
    }
    at = offset + 3;
  }
  return { line: 1, column: 1 };
}

function kindMistake(facts: FileFacts): Mistake | null {
  if (facts.kind === "directory") return { message: "it is a directory", hint: null };
  if (facts.kind !== "file") return { message: "it is not a regular file", hint: null };
  if (facts.bytes <= MAX_FILE_BYTES) return null;
  return { message: `it is larger than ${MAX_FILE_BYTES / 1024 / 1024} MiB`, hint: null };
}

/** A user who can write a config can run commands as its reader. */
async function ownerMistake(
  world: World,
  { path, facts }: { path: string; facts: FileFacts },
): Promise<Mistake | null> {
  const me = world.uid();
  if (me === null) return null;
  const { mode, uid } = facts;
  if (trustedOwners(world)?.includes(uid) === false) {
    return {
      message: `it belongs to another user (uid ${uid}), who could run commands as you`,
      hint: `copy it, or make it yours: chown ${me} ${path}`,
    };
  }
  const hint = `run: chmod go-w ${path}`;
  if ((mode & 0o002) !== 0) return { message: "everybody can write it", hint };
  if ((mode & 0o020) === 0 || await isPrivateGroup(world, facts)) return null;
  return { message: "its group can write it, and others are in that group", hint };
}

/**
 * Whether the file's group belongs to its owner and has no other member, as with umask 002 (see
 * login.defs(5), USERGROUPS_ENAB). A group that is not in the files under /etc counts as shared.
 */
async function isPrivateGroup(world: World, { uid, gid }: FileFacts): Promise<boolean> {
  const users = await readTable(world, "/etc/passwd");
  const groups = await readTable(world, "/etc/group");
  const owner = users.find((user) => user[2] === String(uid));
  if (owner === undefined || owner[3] !== String(gid)) return false;
  const others = users.filter((user) => user[3] === String(gid) && user[2] !== String(uid));
  const own = groups.filter((group) => group[2] === String(gid));
  const members = own.flatMap((group) => group[3]?.split(",") ?? []).filter((name) => name !== "");
  return own.length > 0 && others.length === 0 && members.every((name) => name === owner[0]);
}

/** passwd(5) and group(5). */
async function readTable(world: World, path: string): Promise<readonly (readonly string[])[]> {
  try {
    return (await world.files.readText(path)).split("\n").map((line) => line.trim().split(":"));
  } catch (error) {
    if (error instanceof FileError) return [];
    throw error;
  }
}
