/** What differs between a session and its definition. Pure. */

/** A key that a session has in another way than its definition. */
export interface Change {
  /** The key; for a variable `env.NAME`. */
  readonly key: string;
  /** The values; null: they may hold secrets, or one of them is not there. */
  readonly from: string | null;
  readonly to: string | null;
}

/** Changes in words, without values that may be secret. */
export function changesText(changes: readonly Change[]): string {
  return changes.map(({ key, from, to }) =>
    from === null && to === null ? key : `${key} ${from ?? "none"} -> ${to ?? "none"}`
  ).join(", ");
}
