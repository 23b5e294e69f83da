/** Telling whether a definition has changed. Pure. */
import type { Definition } from "../model.ts";

/**
 * A fingerprint of a definition: the same for the same one, and 16 hex digits. Values of variables
 * are no part of it: from a fingerprint that anybody may read, short ones could be guessed.
 */
export async function fingerprintOf(definition: Definition): Promise<string> {
  const open = { ...definition, env: Object.keys(definition.env).toSorted() };
  const text = JSON.stringify(Object.entries(open).toSorted(([a], [b]) => a < b ? -1 : 1));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(digest).subarray(0, 8)]
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
