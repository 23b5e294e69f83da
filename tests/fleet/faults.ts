/** What a proof found to be false, gathered by kind: the first one of each kind is told in full. */
export class Faults {
  readonly #kinds = new Map<string, { readonly first: string; count: number }>();

  /** @param kind what is false, the same words for all of its kind */
  add(kind: string, detail: string): void {
    const known = this.#kinds.get(kind);
    if (known) known.count++;
    else this.#kinds.set(kind, { first: detail, count: 1 });
  }

  get count(): number {
    return Array.from(this.#kinds.values()).reduce((sum, { count }) => sum + count, 0);
  }

  /** The kinds, most frequent first. */
  toString(): string {
    return Array.from(this.#kinds)
      .sort(([, one], [, other]) => other.count - one.count)
      .map(([kind, { first, count }]) => `${count} times: ${kind}\n  ${first}`)
      .join("\n");
  }
}

/**
 * Ends a proof early when somebody asks this process to end, so that it still clears up.
 *
 * @throws when it was asked
 */
export function stopOnSignals(): () => void {
  let asked: string | null = null;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => asked = signal);
  }
  return () => {
    if (asked !== null) throw new Error(`ended early by ${asked}`);
  };
}
