/**
 * Turns what sessions print into output for people and scripts: rendered, labelled, as JSON,
 * several streams merged.
 */
import { escapeControls, type Json } from "../errors.ts";
import { joined } from "../logs/lines.ts";
import { type Colour, paint, type Screen } from "./screen.ts";

/** Each line as JSON. */
export function jsonLines(name: string, bytes: Uint8Array): Json[] {
  const lines = new TextDecoder().decode(bytes).split("\n").slice(0, -1);
  return lines.map((line) => ({ name, line }));
}

/** The output as a terminal would show it. */
export async function asShown(bytes: Uint8Array): Promise<Uint8Array> {
  const { shown } = await import("../logs/shown.ts");
  const screen = shown();
  return asLines([...screen.write(bytes), ...screen.end()]);
}

function asLines(lines: readonly string[]): Uint8Array {
  return new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
}

/** Makes the text before the lines of a session. */
type LabelOf = (name: string) => string;

const LABEL_COLOURS: readonly Colour[] = ["green", "yellow", "bold", "red"];

/** `astro | `, with a colour for each name. */
export function labels(names: readonly string[], screen: Screen): LabelOf {
  const shown = names.map(escapeControls);
  const width = screen.terminal ? Math.max(...shown.map((name) => name.length)) : 0;
  return (name) => {
    const index = Math.max(0, names.indexOf(name));
    const colour = LABEL_COLOURS[index % LABEL_COLOURS.length] ?? null;
    return `${paint(`${(shown[index] ?? "").padEnd(width)} |`, colour, screen)} `;
  };
}

/** Each line behind the label of its session. */
export async function* prefixed(
  name: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  labelOf: LabelOf,
): AsyncGenerator<Uint8Array, void> {
  const label = new TextEncoder().encode(labelOf(name));
  for await (const line of wholeLines(chunks)) {
    yield joined([label, line]);
  }
}

/** The output as a terminal would show it, as it comes; null: without a label. */
export async function* asPlain(
  name: string,
  chunks: AsyncIterable<Uint8Array>,
  labelOf: LabelOf | null,
): AsyncGenerator<Uint8Array, void> {
  const { shown } = await import("../logs/shown.ts");
  const label = labelOf?.(name) ?? "";
  // Lines that were handed out cannot be overwritten: only the unfinished one can.
  const screen = shown({ rows: 1 });
  for await (const chunk of chunks) {
    const lines = screen.write(chunk);
    if (lines.length > 0) yield asLines(lines.map((line) => label + line));
  }
  const rest = screen.end();
  if (rest.length > 0) yield asLines(rest.map((line) => label + line));
}

/** Each line as a line of JSON, as it comes. */
export async function* asJson(
  name: string,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  for await (const line of wholeLines(chunks)) {
    const text = new TextDecoder().decode(line).replace(/\n$/, "");
    yield new TextEncoder().encode(`${JSON.stringify({ name, line: text })}\n`);
  }
}

const NEWLINE = 0x0a;

/** The lines in a stream of chunks, each with its newline, which the last one gets if it has none. */
async function* wholeLines(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  let rest: Uint8Array[] = [];
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      yield joined([...rest, chunk.subarray(start, end + 1)]);
      rest = [];
      start = end + 1;
    }
    if (start < chunk.length) rest.push(chunk.slice(start));
  }
  if (rest.length > 0) yield joined([...rest, new Uint8Array([NEWLINE])]);
}

/** Merges streams in the order in which chunks come; each chunk stays whole. */
export async function* merged(
  streams: readonly AsyncGenerator<Uint8Array, void>[],
): AsyncGenerator<Uint8Array, void> {
  const [only] = streams;
  if (only !== undefined && streams.length === 1) {
    yield* only;
    return;
  }
  const next = (stream: AsyncGenerator<Uint8Array, void>) =>
    stream.next().then((result) => ({ stream, result }));
  const waiting = new Map(streams.map((stream) => [stream, next(stream)]));
  while (waiting.size > 0) {
    const { stream, result } = await Promise.race(waiting.values());
    if (result.done) {
      waiting.delete(stream);
    } else {
      waiting.set(stream, next(stream));
      yield result.value;
    }
  }
}
