/**
 * How long a test waits for what should come at once. A limit is for what hangs and never for what is
 * slow: a machine at its worst takes seven times as long as on a good day, and works on more than this
 * test. What comes in time costs no more for it.
 */
export const LIMIT_MS = 120_000;
