import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { mergeByTime } from "../../../../src/backends/container/log_lines.ts";
import { property } from "../../../support/property.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);

const MERGED: Record<string, { out?: string; err?: string; is: string }> = {
  "nothing": { is: "" },
  "one stream": {
    out: "2026-01-02T03:04:05.1Z a\n2026-01-02T03:04:06.1Z b\n",
    is: "a\nb\n",
  },
  "two streams": {
    out: "2026-01-02T03:04:05.100Z a\n2026-01-02T03:04:07.100Z c\n",
    err: "2026-01-02T03:04:06.100Z b\n2026-01-02T03:04:08.100Z d\n",
    is: "a\nb\nc\nd\n",
  },
  "fractions without their last zeros": {
    out: "2026-01-02T03:04:05.1Z later\n",
    err: "2026-01-02T03:04:05.09Z sooner\n2026-01-02T03:04:05Z first\n",
    // Each stream has its own order, and is put in the order of time.
    is: "first\nsooner\nlater\n",
  },
  "one moment that is written in two ways": {
    out: "2026-01-02T03:04:05.100Z a\n",
    err: "2026-01-02T03:04:05.1Z b\n",
    is: "a\nb\n",
  },
  "times of podman, with their zone": {
    out: "2026-01-02T03:04:05.200000000+02:00 b\n",
    err: "2026-01-02T03:04:05.100000000+02:00 a\n",
    is: "a\nb\n",
  },
  "one moment": {
    out: "2026-01-02T03:04:05Z a\n2026-01-02T03:04:05Z b\n",
    err: "2026-01-02T03:04:05Z c\n",
    is: "a\nb\nc\n",
  },
  "lines without a time, which follow the one before": {
    out: "2026-01-02T03:04:05Z a\nmore of a\n2026-01-02T03:04:07Z c\n",
    err: "2026-01-02T03:04:06Z b\n",
    is: "a\nmore of a\nb\nc\n",
  },
  "a first line without a time": {
    out: "lost\n2026-01-02T03:04:05Z b\n",
    err: "2026-01-02T03:04:04Z a\n",
    is: "lost\na\nb\n",
  },
  "a last line without its end": {
    out: "2026-01-02T03:04:05Z a\n2026-01-02T03:04:07Z $ ",
    err: "2026-01-02T03:04:06Z b\n",
    is: "a\nb\n$ ",
  },
  "empty lines": { out: "2026-01-02T03:04:05Z \n2026-01-02T03:04:05Z \n", is: "\n\n" },
  "a line that begins with blanks": { out: "2026-01-02T03:04:05Z   a\n", is: "  a\n" },
  "a line that begins with a time of its own": {
    out: "2026-01-02T03:04:05Z 2020-01-01T00:00:00Z a\n",
    is: "2020-01-01T00:00:00Z a\n",
  },
  "a time with nothing behind it": { out: "2026-01-02T03:04:05Z", is: "2026-01-02T03:04:05Z" },
};
for (const [what, { out = "", err = "", is }] of Object.entries(MERGED)) {
  Deno.test(`mergeByTime() puts together ${what}`, () => {
    equal(text(mergeByTime(bytes(out), bytes(err))), is);
  });
}

Deno.test("mergeByTime() keeps bytes that are no text", () => {
  const line = [0xff, 0xfe, 0x00, 0xc3, 0x20, 0xed, 0xa0, 0x80, 0x0d, 0x0a];
  const stdout = Uint8Array.from([...bytes("2026-01-02T03:04:05Z "), ...line]);
  deepEqual([...mergeByTime(stdout, new Uint8Array())], line);
  const alone = Uint8Array.from([...line, 0x80]);
  deepEqual([...mergeByTime(new Uint8Array(), alone)], [...alone]);
});

property("two streams of one sequence give that sequence again", () => {
  const content = fc.uint8Array({ maxLength: 30 }).map((data) =>
    data.filter((each) => each !== 10)
  );
  const printed = fc.record({
    content,
    isError: fc.boolean(),
    // Nanoseconds after the line before.
    pause: fc.integer({ min: 1, max: 3_000_000_000 }),
    isShort: fc.boolean(),
  });
  return {
    input: fc.array(printed, { maxLength: 30 }),
    holds: (lines) => {
      let nanoseconds = 0;
      const streams: { out: number[]; err: number[] } = { out: [], err: [] };
      for (const { content, isError, pause, isShort } of lines) {
        nanoseconds += pause;
        const seconds = Math.floor(nanoseconds / 1e9);
        const fraction = String(nanoseconds % 1e9).padStart(9, "0");
        const digits = isShort ? fraction.replace(/0+$/, "") : fraction;
        const stamp = new Date(Date.UTC(2026, 0, 2) + seconds * 1000).toISOString().slice(0, 19);
        const line = [...bytes(`${stamp}${digits === "" ? "" : `.${digits}`}Z `), ...content, 10];
        (isError ? streams.err : streams.out).push(...line);
      }
      const merged = mergeByTime(Uint8Array.from(streams.out), Uint8Array.from(streams.err));
      deepEqual([...merged], lines.flatMap(({ content }) => [...content, 10]));
    },
  };
});
