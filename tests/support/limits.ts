/**
 * How long a test waits for what should come at once. The limit is for hangs, never for slowness: a
 * busy machine takes seven times as long as on a good day, and does more than this test. A test
 * that is in time costs no more for it.
 */
export const LIMIT_MS = 120_000;
