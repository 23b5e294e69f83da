/** Reading files that can run commands as their reader: only those that nobody else can write. */
import { FileError, type FileFacts, type World } from "../world/world.ts";
import type { Position } from "./config.ts";
import type { Mistake } from "./interpolate.ts";
import { trustedOwners } from "./owners.ts";

/** Larger files are not read. */
export const MAX_FILE_BYTES = 2 * 1024 * 1024;

/** Why a file is not read. */
export interface Unreadable extends Mistake {
  /** Null: it is about the file as a whole. */
  readonly position: Position | null;
}

/** The text of a file, or why it is not read. */
type Trusted =
  | { readonly text: string; readonly mistake: null }
  | { readonly text: null; readonly mistake: Unreadable };

/** The text of a file that nobody else can have written. Never throws for what is wrong with it. */
export async function readTrusted(world: World, path: string): Promise<Trusted> {
  const facts = await world.files.facts(path);
  const mistake = facts === null
    ? null
    : kindMistake(facts) ?? await ownerMistake(world, { path, facts });
  if (mistake !== null) return { text: null, mistake: { ...mistake, position: null } };
  try {
    return decoded(await world.files.readFrom(path, 0));
  } catch (error) {
    // It may have gone since it was looked at.
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
    const message = "it is no UTF-8 text";
    const hint = "save it as UTF-8";
    return { text: null, mistake: { message, hint, position: firstWrong(bytes) } };
  }
}

/** Where the first byte is that is no UTF-8. */
function firstWrong(bytes: Uint8Array): Position {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const encoder = new TextEncoder();
  // A replacement character may also have been written: only of a wrong byte more is left.
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
  if (facts.kind !== "file") return { message: "it is no regular file", hint: null };
  if (facts.bytes <= MAX_FILE_BYTES) return null;
  return { message: `it is larger than ${MAX_FILE_BYTES / 1024 / 1024} MiB`, hint: null };
}

/** Whoever can write a config can run commands as its reader. */
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
 * Whether the file's group is its owner's own and has nobody else in it, as with umask 002 (see
 * login.defs(5), USERGROUPS_ENAB). A group that the files under /etc do not tell of is not.
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
