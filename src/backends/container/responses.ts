/**
 * Reads responses of HTTP/1.1 from a stream of bytes, as far as a daemon on a socket speaks it.
 * Pure.
 */
import { lastBytes } from "../../world/last_bytes.ts";
import { MOST_ANSWER_BYTES } from "../../world/world.ts";

/** What a server answered to one request. */
export interface Response {
  /** Such as 200. */
  readonly status: number;
  readonly body: string;
}

/** The status of a success. */
export const HTTP_OK = 200;

/** Reads responses that follow each other, as their bytes come. */
interface ResponseReader {
  /**
   * Takes the next bytes, which may be overwritten afterwards.
   *
   * @returns the responses that are now complete; null: this is not HTTP, or one response without
   *   an end, and nothing more will come of it
   */
  readonly add: (bytes: Uint8Array) => readonly Response[] | null;
}

/** A reader that waits for the first response. */
export function responseReader(): ResponseReader {
  const heard = lastBytes(Infinity);
  /** How much of it was already returned. */
  let at = 0;
  let broken = false;
  return {
    add: (bytes) => {
      if (broken) return null;
      heard.add(bytes);
      const all = heard.bytes();
      const whole: Response[] = [];
      try {
        for (;;) {
          const next = responseIn(all.subarray(at));
          if (next === null) break;
          whole.push(next.response);
          at += next.bytes;
        }
      } catch (error) {
        if (!(error instanceof MalformedError)) throw error;
        broken = true;
        return null;
      }
      broken = all.length - at > MOST_ANSWER_BYTES;
      return broken ? null : whole;
    },
  };
}

/** The bytes are not HTTP. */
class MalformedError extends Error {}

const DECODER = new TextDecoder();

/** More than any server sends before a body, or before a chunk of one. */
const MOST_HEAD_BYTES = 64 * 1024;

/** The response at the beginning of some bytes, and its length; null: it is incomplete. */
function responseIn(bytes: Uint8Array): { response: Response; bytes: number } | null {
  const head = partBefore(bytes, END_OF_HEAD);
  if (head === null) return null;
  const [first = "", ...lines] = head.text.split("\r\n");
  const [, digits] = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first) ?? [];
  if (digits === undefined) throw new MalformedError();
  const header = (name: string): string | undefined =>
    lines.find((line) => line.toLowerCase().startsWith(`${name}:`))?.slice(name.length + 1).trim();
  const rest = bytes.subarray(head.bytes);
  const body = header("transfer-encoding")?.toLowerCase() === "chunked"
    ? chunkedBody(rest)
    : plainBody(rest, header("content-length"));
  if (body === null) return null;
  return {
    response: { status: Number(digits), body: body.text },
    bytes: head.bytes + body.bytes,
  };
}

/** A text at the beginning of some bytes, and its length with what ends it. */
interface Part {
  readonly text: string;
  readonly bytes: number;
}

function plainBody(bytes: Uint8Array, contentLength: string | undefined): Part | null {
  if (!/^\d{1,10}$/.test(contentLength ?? "")) throw new MalformedError();
  const length = Number(contentLength);
  if (bytes.length < length) return null;
  return { text: DECODER.decode(bytes.subarray(0, length)), bytes: length };
}

/** `4\r\nbody\r\n0\r\n\r\n`. */
function chunkedBody(bytes: Uint8Array): Part | null {
  const chunks: Uint8Array[] = [];
  for (let at = 0;;) {
    const head = partBefore(bytes.subarray(at), END_OF_LINE);
    if (head === null) return null;
    const begin = at + head.bytes;
    const end = begin + chunkLength(head.text);
    at = end + END_OF_LINE.length;
    if (bytes.length < at) return null;
    if (!isAt(bytes, END_OF_LINE, end)) throw new MalformedError();
    if (begin === end) return { text: textOf(chunks), bytes: at };
    chunks.push(bytes.subarray(begin, end));
  }
}

/** In hexadecimal; extensions may follow. */
function chunkLength(line: string): number {
  const [digits = ""] = line.split(";");
  const length = Number(`0x${digits.trim()}`);
  if (!Number.isSafeInteger(length)) throw new MalformedError();
  return length;
}

/** A character may be split between two of them. Usually there is one. */
function textOf(chunks: readonly Uint8Array[]): string {
  const [first = new Uint8Array(), ...more] = chunks;
  if (more.length === 0) return DECODER.decode(first);
  const whole = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return DECODER.decode(whole);
}

const [CR, LF] = [13, 10];
const END_OF_LINE = [CR, LF];
const END_OF_HEAD = [CR, LF, CR, LF];

/** The text before a mark; null: the mark has not arrived. */
function partBefore(bytes: Uint8Array, mark: readonly number[]): Part | null {
  for (let at = bytes.indexOf(CR); at !== -1; at = bytes.indexOf(CR, at + 1)) {
    if (at > MOST_HEAD_BYTES) break;
    if (isAt(bytes, mark, at)) {
      return { text: DECODER.decode(bytes.subarray(0, at)), bytes: at + mark.length };
    }
  }
  if (bytes.length > MOST_HEAD_BYTES) throw new MalformedError();
  return null;
}

function isAt(bytes: Uint8Array, mark: readonly number[], at: number): boolean {
  for (let index = 0; index < mark.length; index++) {
    if (bytes[at + index] !== mark[index]) return false;
  }
  return true;
}
