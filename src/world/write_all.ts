/** Writes to a stream of this process, or to a file. */

/** Writes all of it. */
export function writeAll(
  stream: { writeSync(bytes: Uint8Array): number },
  bytes: Uint8Array,
): void {
  let written = 0;
  while (written < bytes.length) {
    try {
      written += stream.writeSync(bytes.subarray(written));
    } catch (error) {
      // The pipe is full, and another program made it non-blocking: its reader needs a moment.
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
    }
  }
}
