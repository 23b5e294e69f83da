/** The lines of podman's files of output (`k8s-file`): `TIME STREAM F TEXT`. Pure. */
import { joined } from "../../logs/read.ts";

/** What a container printed on each stream. With a terminal there is but one. */
export interface KeptStreams {
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

/** Nothing. */
export const NO_STREAMS: KeptStreams = { stdout: new Uint8Array(), stderr: new Uint8Array() };

/** One output, and the one that follows it. */
export function together(first: KeptStreams, second: KeptStreams): KeptStreams {
  return {
    stdout: joined([first.stdout, second.stdout]),
    stderr: joined([first.stderr, second.stderr]),
  };
}

const NEWLINE = 0x0a;
const SPACE = 0x20;
const FULL = 0x46;

/** Reads what a file has. Of one that is not whole, the first line is left out. */
export function parseKubernetes(
  bytes: Uint8Array,
  { since = null, timestamps = false, isWhole }: {
    readonly since?: Date | null;
    /** Whether each line begins with its time. */
    readonly timestamps?: boolean;
    readonly isWhole: boolean;
  },
): KeptStreams {
  const decoder = new TextDecoder();
  const chunks: { readonly stdout: Uint8Array[]; readonly stderr: Uint8Array[] } = {
    stdout: [],
    stderr: [],
  };
  const isOpen = { stdout: false, stderr: false };
  const newline = Uint8Array.of(NEWLINE);
  let from = isWhole ? 0 : bytes.indexOf(NEWLINE) + 1;
  while (from < bytes.length) {
    const found = bytes.indexOf(NEWLINE, from);
    const to = found === -1 ? bytes.length : found;
    const [time, kind] = [bytes.indexOf(SPACE, from), bytes.indexOf(SPACE, from) + 1];
    const tag = bytes.indexOf(SPACE, kind) + 1;
    const text = bytes.indexOf(SPACE, tag) + 1;
    // A line that the end of its machine has cut off is none.
    if (time !== -1 && kind < tag && tag < text && text <= to) {
      const stream = decoder.decode(bytes.subarray(kind, tag - 1)) === "stderr"
        ? "stderr"
        : "stdout";
      const isLate = since === null ||
        Date.parse(decoder.decode(bytes.subarray(from, time))) >= since.getTime();
      if (isLate) {
        if (timestamps && !isOpen[stream]) chunks[stream].push(bytes.subarray(from, time + 1));
        chunks[stream].push(bytes.subarray(text, to));
        isOpen[stream] = bytes[tag] !== FULL;
        if (!isOpen[stream]) chunks[stream].push(newline);
      }
    }
    from = to + 1;
  }
  return { stdout: joined(chunks.stdout), stderr: joined(chunks.stderr) };
}
