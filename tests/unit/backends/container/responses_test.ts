import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { type Response, responseReader } from "../../../../src/backends/container/responses.ts";
import { MOST_ANSWER_BYTES } from "../../../../src/world/world.ts";
import { recorded, sent } from "./containers.ts";
import { property } from "../../../support/property.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** All that comes of a stream in these pieces; null: it is no HTTP. */
function read(...pieces: readonly (string | Uint8Array)[]): readonly Response[] | null {
  const reader = responseReader();
  const all: Response[] = [];
  for (const piece of pieces) {
    const next = reader.add(typeof piece === "string" ? encode(piece) : piece);
    if (next === null) return null;
    all.push(...next);
  }
  return all;
}

const CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/** Streams, and the bodies in them. */
const WHOLE: Record<string, readonly [stream: string, bodies: readonly string[]]> = {
  "of a known length": ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", ["[]"]],
  "without a body": ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", [""]],
  "without a reason": ["HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", [""]],
  "in HTTP/1.0": ["HTTP/1.0 200 OK\r\ncontent-length:2\r\n\r\n[]", ["[]"]],
  "in chunks": [`${CHUNKED}2\r\n[1\r\nA\r\n,2,3,4,5,6\r\n1\r\n]\r\n0\r\n\r\n`, ["[1,2,3,4,5,6]"]],
  "in chunks with extensions": [`${CHUNKED}2;x=y\r\n[]\r\n0\r\n\r\n`, ["[]"]],
  "in no chunk": [`${CHUNKED}0\r\n\r\n`, [""]],
  "with ends of lines in them": [sent({ status: 200, body: "\r\n\r\n" }), ["\r\n\r\n"]],
  "one after the other": [
    sent({ status: 200, body: "a" }) + `${CHUNKED}1\r\nb\r\n0\r\n\r\n` +
    sent({ status: 200, body: "c" }),
    ["a", "b", "c"],
  ],
  "with an end that is still to come": [sent({ status: 200, body: "a" }) + "HTTP/1.1 2", ["a"]],
};
for (const [what, [stream, bodies]] of Object.entries(WHOLE)) {
  Deno.test(`responses ${what} are read, wherever the stream is cut`, () => {
    const expected = bodies.map((body) => ({ status: 200, body }));
    deepEqual(read(stream), expected);
    for (let at = 0; at <= stream.length; at++) {
      deepEqual(read(stream.slice(0, at), stream.slice(at)), expected, `cut at ${at}`);
    }
    deepEqual(read(...stream), expected, "byte by byte");
  });
}

const NO_HTTP: Record<string, string> = {
  "garbage": "hello\r\n\r\n",
  "another protocol": "SSH-2.0-OpenSSH_9.2\r\n\r\n",
  "an old HTTP": "HTTP/0.9 200 OK\r\nContent-Length: 0\r\n\r\n",
  "a new HTTP": "HTTP/2 200\r\nContent-Length: 0\r\n\r\n",
  "a status that is none": "HTTP/1.1 OK\r\nContent-Length: 0\r\n\r\n",
  "a body without a length": "HTTP/1.1 200 OK\r\n\r\n[]",
  "a length that is none": "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
  "a length beyond all measure": `HTTP/1.1 200 OK\r\nContent-Length: ${"9".repeat(40)}\r\n\r\n`,
  "a chunk without a length": `${CHUNKED}x\r\n`,
  "a chunk longer than it says": `${CHUNKED}1\r\nabc\r\n0\r\n\r\n`,
  "a head without an end": "HTTP/1.1 200 OK\r\n" + "X: y\r\n".repeat(20_000),
  "one line without an end": "x".repeat(100_000),
};
for (const [what, stream] of Object.entries(NO_HTTP)) {
  Deno.test(`${what} is no HTTP, and stays none`, () => {
    equal(read(stream), null);
    const reader = responseReader();
    equal(reader.add(encode(stream)), null);
    equal(reader.add(encode(sent({ status: 200, body: "[]" }))), null);
  });
}

Deno.test("a character on two chunks is one", () => {
  const [first, second] = [encode("é").subarray(0, 1), encode("é").subarray(1)];
  const stream = [`${CHUNKED}1\r\n`, first, "\r\n1\r\n", second, "\r\n0\r\n\r\n"];
  deepEqual(read(...stream), [{ status: 200, body: "é" }]);
});

Deno.test("what was given may be changed afterwards", () => {
  const reader = responseReader();
  const bytes = encode(sent({ status: 200, body: "abc" }));
  const first = bytes.slice(0, -1);
  reader.add(first);
  first.fill(0);
  deepEqual(reader.add(bytes.slice(-1)), [{ status: 200, body: "abc" }]);
});

Deno.test("what is longer than the buffer is read, too", () => {
  const responses = [300_000, 5, 200_000].map((length) => ({
    status: 200,
    body: "x".repeat(length),
  }));
  const bytes = encode(responses.map(sent).join(""));
  const pieces = Array.from(
    { length: Math.ceil(bytes.length / 65_536) },
    (_, index) => bytes.subarray(index * 65_536, (index + 1) * 65_536),
  );
  deepEqual(read(...pieces), responses);
});

Deno.test("a response without an end is given up", () => {
  const reader = responseReader();
  const piece = new Uint8Array(8 * 1024 * 1024);
  deepEqual(reader.add(encode("HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n")), []);
  for (let bytes = piece.length; bytes < MOST_ANSWER_BYTES; bytes += piece.length) {
    deepEqual(reader.add(piece), []);
  }
  equal(reader.add(piece), null);
});

property("a recorded conversation is read, wherever it is cut", () => {
  const stream = encode(recorded("docker/dial.http"));
  const whole = read(stream);
  equal(whole?.length, 17);
  return {
    input: fc.array(fc.nat(stream.length), { maxLength: 20 }),
    holds: (cuts) => {
      const at = [0, ...cuts.sort((a, b) => a - b), stream.length];
      deepEqual(read(...at.slice(1).map((end, index) => stream.subarray(at[index], end))), whole);
    },
  };
});
