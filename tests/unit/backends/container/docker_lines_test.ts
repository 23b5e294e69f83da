import { deepEqual, equal } from "node:assert/strict";
import {
  dockerLines,
  hasLongLine,
  withLongLines,
} from "../../../../src/backends/container/docker_lines.ts";
import { joined } from "../../../../src/logs/lines.ts";

const PART = 16_384;
const timeOf = (n: number) => `2026-01-02T03:04:05.${String(n).padStart(9, "0")}Z `;

/** What docker makes of lines; `loses`: the newline behind a long one, as 20.10 does. */
function sent(lines: readonly string[], { loses }: { readonly loses: boolean }): string {
  return lines.map((line, n) => {
    const parts = [];
    let rest = line;
    for (; rest.length >= PART; rest = rest.slice(PART)) parts.push(rest.slice(0, PART));
    parts.push(rest);
    const isLong = parts.length > 1;
    return parts.map((part) => `${timeOf(n)}${part}`).join("") + (loses && isLong ? "" : "\n");
  }).join("");
}

function put(text: string, keepTimes: boolean, chunkBytes = Infinity): string {
  const bytes = new TextEncoder().encode(text);
  const lines = dockerLines({ keepTimes });
  const out = [];
  for (let from = 0; from < bytes.length; from += chunkBytes) {
    out.push(lines.write(bytes.subarray(from, from + chunkBytes)));
  }
  return new TextDecoder().decode(joined([...out, lines.end()]));
}

/** How its bytes may come. One by one takes long where there are many. */
function chunksOf(length: number): readonly number[] {
  return [Infinity, 997, PART + 31, ...length < 1000 ? [1, 7, 30, 31] : []];
}

const LONG = "x".repeat(40_000);
const LINES: Readonly<Record<string, readonly string[]>> = {
  "short lines": ["one", "", "three", "2026-01-02T03:04:05.999999999Z four"],
  "long lines": ["first", LONG, "", "last"],
  "long lines of a terminal": [`${LONG}\r`, "\r", "last\r"],
  "long lines one after the other": [LONG, LONG, `${LONG}y`],
  "lines about as long as a part": [-1, 0, 1, PART - 1, PART, PART + 1].map((more) =>
    "y".repeat(PART + more)
  ),
  "a last part about as long as a part": [-60, -32, -31, -30, -2].map((more) =>
    "z".repeat(2 * PART + more)
  ),
  "a long line that prints times that are over": [`${LONG}${timeOf(0)} done ${timeOf(0)}`, "last"],
};
for (const [what, lines] of Object.entries(LINES)) {
  for (const loses of [false, true]) {
    Deno.test(`${what} are put together${loses ? ", their newlines lost" : ""}`, () => {
      const text = sent(lines, { loses });
      const whole = lines.map((line) => `${line}\n`).join("");
      const timed = lines.map((line, n) => `${timeOf(n)}${line}\n`).join("");
      // The newline behind the last one is nowhere.
      const atEnd = (all: string) => text.endsWith("\n") ? all : all.slice(0, -1);
      for (const chunkBytes of chunksOf(text.length)) {
        equal(put(text, false, chunkBytes), atEnd(whole), `${chunkBytes}`);
        equal(put(text, true, chunkBytes), atEnd(timed), `${chunkBytes}`);
      }
    });
  }
}

Deno.test("what has no times stays as it is", () => {
  const text = `some fragment\n${LONG}\nError: no such container\n`;
  equal(put(text, false), text);
  equal(put(text, true, 100), text);
});

Deno.test("hasLongLine() sees lines that docker has in parts", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const seen = ["", "a\nb\n", `a\n${"x".repeat(PART - 1)}\nb`, `a\n${"x".repeat(PART)}\nb`, LONG];
  deepEqual(seen.map((text) => hasLongLine(bytes(text))), [false, false, false, true, true]);
});

Deno.test("the end of an output is read until it has as many bytes as are wanted", async () => {
  const lines = Array.from({ length: 1000 }, (_, n) => n === 900 ? LONG : `${n}`);
  const all = new TextEncoder().encode(sent(lines, { loses: true }));
  const asked: number[] = [];
  const { stdout, stderr } = await withLongLines({
    read: (most) => {
      asked.push(most);
      const from = Math.max(0, all.length - most);
      return Promise.resolve({ stdout: all.subarray(from), stderr: new Uint8Array() });
    },
    keepBytes: 1000,
    keepTimes: false,
  });
  equal(new TextDecoder().decode(stdout), lines.map((line) => `${line}\n`).join("").slice(-1000));
  deepEqual([stderr.length, asked], [0, [2000, 8000, 32_000, 128_000]]);
});
