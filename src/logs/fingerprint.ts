/** Telling whether a definition has changed. Pure. */
import type { Definition } from "../model.ts";

/**
 * Where it runs, whose it is, and who called, is no part of what it is: one that leaves its place open
 * runs where it was before.
 */
const NO_PART: ReadonlySet<string> = new Set(["runtime", "socketName", "owner", "inherited"]);
/** Keys that definitions did not have at first: with this value it is the definition that it was. */
const LATER: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ["stopScope", null],
  ["tty", true],
]);

/**
 * A fingerprint of a definition: the same for the same one, and 16 hex digits. Values of variables
 * are no part of it: from a fingerprint that anybody may read, short ones could be guessed.
 */
export async function fingerprintOf(definition: Definition): Promise<string> {
  const open = Object.entries({ ...definition, env: Object.keys(definition.env).toSorted() })
    .filter(([key, value]) => !NO_PART.has(key) && !(LATER.has(key) && LATER.get(key) === value))
    .toSorted((
      [a],
      [b],
    ) => a < b ? -1 : 1);
  const text = JSON.stringify(open);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(digest).subarray(0, 8)]
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
