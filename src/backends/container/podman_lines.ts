/** Parses the lines of podman's files of output (`k8s-file`): `TIME STREAM F TEXT`. Pure. */
import { joined } from "../../logs/lines.ts";
import type { OutputName } from "../../world/world.ts";

/** The output of a container on each stream. With a terminal there is only one. */
export interface KeptStreams {
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

/** Joins one output and the next. */
export function together(first: KeptStreams, second: KeptStreams): KeptStreams {
  return {
    stdout: joined([first.stdout, second.stdout]),
    stderr: joined([first.stderr, second.stderr]),
  };
}

/** The streams whose last line continues in the next file: the writer splits long and sudden output. */
export function openAtEnd(bytes: Uint8Array): readonly OutputName[] {
  const open: Record<OutputName, boolean> = { stdout: false, stderr: false };
  const lines = kubernetesLines({});
  lines.write(bytes, (some, stream) => open[stream] = some !== LINE_END);
  return OUTPUT_NAMES.filter((stream) => open[stream]);
}

/** Every stream that a program prints on. */
export const OUTPUT_NAMES = ["stdout", "stderr"] as const;

const NEWLINE = 0x0a;
/** Ends each line. */
const LINE_END = Uint8Array.of(NEWLINE);
const SPACE = 0x20;
const FULL = 0x46;

/** How lines are shown. */
interface Shown {
  readonly since?: Date | null;
  /** Whether each line begins with its time. */
  readonly timestamps?: boolean;
  /** The streams whose first line has lost its beginning and is left out. */
  readonly cut?: readonly OutputName[];
}

/** Gets the parts of the output, in the order of the file. */
type Take = (bytes: Uint8Array, stream: OutputName) => void;

/** Parses a file. If it is incomplete, the first line is left out. */
export function parseKubernetes(
  bytes: Uint8Array,
  { isWhole, ...shown }: Shown & { readonly isWhole: boolean },
): KeptStreams {
  const chunks: Record<OutputName, Uint8Array[]> = { stdout: [], stderr: [] };
  const take: Take = (some, stream) => chunks[stream].push(some);
  const lines = kubernetesLines(shown);
  lines.write(isWhole ? bytes : bytes.subarray(bytes.indexOf(NEWLINE) + 1), take);
  lines.end(take);
  return { stdout: joined(chunks.stdout), stderr: joined(chunks.stderr) };
}

/**
 * Parses a file as it comes. A line is passed on when it is complete, or at the end; its bytes are
 * valid until the next call.
 */
export function kubernetesLines({ since = null, timestamps = false, cut = [] }: Shown): {
  readonly write: (bytes: Uint8Array, take: Take) => void;
  readonly end: (take: Take) => void;
} {
  const decoder = new TextDecoder();
  const isCut = { stdout: cut.includes("stdout"), stderr: cut.includes("stderr") };
  const isOpen: Record<OutputName, boolean> = { stdout: false, stderr: false };
  let held = new Uint8Array();
  const readLine = (line: Uint8Array, take: Take): void => {
    const time = line.indexOf(SPACE);
    const kind = time + 1;
    const tag = line.indexOf(SPACE, kind) + 1;
    const text = line.indexOf(SPACE, tag) + 1;
    // A line that was cut off when the machine stopped does not count.
    if (time === -1 || kind >= tag || tag >= text) return;
    const stream = decoder.decode(line.subarray(kind, tag - 1)) === "stderr" ? "stderr" : "stdout";
    if (isCut[stream]) {
      isCut[stream] = line[tag] !== FULL;
      return;
    }
    const printedAt = decoder.decode(line.subarray(0, time));
    if (since !== null && !(Date.parse(printedAt) >= since.getTime())) return;
    if (timestamps && !isOpen[stream]) take(line.subarray(0, kind), stream);
    take(line.subarray(text), stream);
    isOpen[stream] = line[tag] !== FULL;
    if (!isOpen[stream]) take(LINE_END, stream);
  };
  return {
    write: (bytes, take) => {
      const all = held.length === 0 ? bytes : joined([held, bytes]);
      let from = 0;
      for (let to = all.indexOf(NEWLINE); to !== -1; to = all.indexOf(NEWLINE, from)) {
        readLine(all.subarray(from, to), take);
        from = to + 1;
      }
      held = all.slice(from);
    },
    end: (take) => {
      if (held.length > 0) readLine(held, take);
      held = new Uint8Array();
    },
  };
}
