/** Tells whether a definition has changed. Pure. */
import { ALL_SESSION_KEYS, defaultOf } from "../keys/session_keys.ts";
import type { Definition } from "../model.ts";
import { shortDigest } from "./digest.ts";

/**
 * Place, owner and caller do not count: a definition that leaves its place open runs where it ran
 * before.
 */
const NO_PART: ReadonlySet<string> = new Set([
  ..."runtime socketName owner inherited unknown".split(" "),
]);
/** The fields of the first definitions. Later fields are left out when they have their default. */
const FIRST: ReadonlySet<string> = new Set([
  ..."backend name argv workingDir image env volumes logVolume ports network user restart".split(
    " ",
  ),
  ..."runArgs stopSignal stopTimeoutSeconds log protected".split(" "),
]);
/** Of the first fields, those that a backend got later. */
const LATER_IN: Readonly<Record<string, ReadonlySet<string>>> = { tmux: new Set(["restart"]) };
const LATER: ReadonlyMap<string, string> = new Map(
  ALL_SESSION_KEYS.map(([, key]) => [key.field, JSON.stringify(defaultOf(key))]),
);

const FINGERPRINT_BYTES = 8;

/**
 * A fingerprint of a definition, 16 hex digits: equal definitions have equal ones. Values of
 * variables are left out: everybody may read a fingerprint, and short values could be guessed from
 * it.
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
