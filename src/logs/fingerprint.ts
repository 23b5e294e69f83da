/** Telling whether a definition has changed. Pure. */
import { ALL_SESSION_KEYS, defaultOf } from "../keys/session_keys.ts";
import type { Definition } from "../model.ts";
import { shortDigest } from "./digest.ts";

/**
 * Where it runs, whose it is, and who called, is no part of what it is: one that leaves its place open
 * runs where it was before.
 */
const NO_PART: ReadonlySet<string> = new Set([
  ..."runtime socketName owner inherited unknown".split(" "),
]);
/** What definitions had at first. What came later is left out where it is what it always was. */
const FIRST: ReadonlySet<string> = new Set([
  ..."backend name argv workingDir image env volumes logVolume ports network user restart".split(
    " ",
  ),
  ..."runArgs stopSignal stopTimeoutSeconds log protected".split(" "),
]);
/** What only some of them had. */
const LATER_IN: Readonly<Record<string, ReadonlySet<string>>> = { tmux: new Set(["restart"]) };
const LATER: ReadonlyMap<string, string> = new Map(
  ALL_SESSION_KEYS.map(([, key]) => [key.field, JSON.stringify(defaultOf(key))]),
);

const FINGERPRINT_BYTES = 8;

/**
 * A fingerprint of a definition: the same for the same one, and 16 hex digits. Values of variables
 * are no part of it: from a fingerprint that anybody may read, short ones could be guessed.
 */
export async function fingerprintOf(definition: Definition): Promise<string> {
  const later = LATER_IN[definition.backend];
  const open = Object.entries({ ...definition, env: Object.keys(definition.env).toSorted() })
    .filter(([key, value]) =>
      FIRST.has(key) && !later?.has(key) ||
      !NO_PART.has(key) && LATER.get(key) !== JSON.stringify(value)
    )
    .toSorted((
      [a],
      [b],
    ) => a < b ? -1 : 1);
  return await shortDigest(JSON.stringify(open), FINGERPRINT_BYTES);
}
