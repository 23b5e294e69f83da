/** Gathers what many are about to write for a moment, so that it is written at once. */

/** What is written, and who waits for it. */
interface Piece {
  /** Does it, and gives what tells whoever waits. @throws what takes all of them back */
  readonly write: () => () => void;
  readonly fail: (error: unknown) => void;
}

/** How pieces are gathered. */
export interface Gathering {
  /** Does all of it, wholly or, where it throws, not at all. */
  readonly together: (work: () => readonly (() => void)[]) => readonly (() => void)[];
  /** How long it is waited for others. */
  readonly wait: () => Promise<void>;
  /** Whether an error takes back what all others do as well; any other is one piece's alone. */
  readonly isCommon: (error: unknown) => boolean;
}

/** What gathers. */
export interface Gatherer {
  /**
   * Does some work together with that of others. It must check before it writes: what throws leaves the
   * others alone. Who waits for it is told only when all of it is written.
   */
  readonly soon: <T>(work: () => T) => Promise<T>;
  /** Waits for what has been given so far. */
  readonly settled: () => Promise<void>;
}

/** Makes what gathers. */
export function gathering({ together, wait, isCommon }: Gathering): Gatherer {
  let pieces: Piece[] = [];
  let flushed: Promise<void> = Promise.resolve();
  const flush = (): void => {
    const gathered = pieces;
    pieces = [];
    try {
      const told = together(() => gathered.map(({ write }) => write()));
      for (const tell of told) tell();
    } catch (error) {
      for (const { fail } of gathered) fail(error);
    }
  };
  return {
    soon: (work) =>
      new Promise((resolve, reject) => {
        const write = (): () => void => {
          try {
            const result = work();
            return () => resolve(result);
          } catch (error) {
            if (isCommon(error)) throw error;
            return () => reject(error);
          }
        };
        pieces.push({ write, fail: reject });
        if (pieces.length === 1) flushed = wait().then(flush);
      }),
    settled: () => flushed,
  };
}
