/** Keeps the end of a stream. Pure. */

/** The end of a stream of bytes. */
interface LastBytes {
  readonly add: (chunk: Uint8Array) => void;
  readonly bytes: () => Uint8Array;
}

/** The most bytes of one read. */
export const READ_BYTES = 64 * 1024;

/**
 * Collects a stream and keeps at most its last `keepBytes`. Chunks are copied: even a chunk of a
 * few bytes keeps a whole read buffer of 64 KiB alive (Deno 2.9), and some programs write line by
 * line.
 */
export function lastBytes(keepBytes: number): LastBytes {
  // With a limit, allocates everything at once: outgrown buffers stay garbage for a while.
  const most = 2 * keepBytes + READ_BYTES;
  let buffer = new Uint8Array(Number.isFinite(most) ? most : READ_BYTES);
  let length = 0;
  return {
    add: (chunk) => {
      if (length + chunk.length > buffer.length && length >= 2 * keepBytes) {
        buffer.copyWithin(0, length - keepBytes, length);
        length = keepBytes;
      }
      if (length + chunk.length > buffer.length) {
        const larger = new Uint8Array(Math.max(2 * buffer.length, length + chunk.length));
        larger.set(buffer.subarray(0, length));
        buffer = larger;
      }
      buffer.set(chunk, length);
      length += chunk.length;
    },
    bytes: () => buffer.subarray(Math.max(0, length - keepBytes), length),
  };
}
