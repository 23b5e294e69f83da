import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { type Mark, offsetSince, parseTimes, timeAt } from "../../../src/logs/times.ts";
import { property } from "../../support/property.ts";

/** A mark, its time in seconds. */
const mark = (seconds: number, offset: number): Mark => ({ at: new Date(seconds * 1000), offset });

/** Files of times, with the marks in them as seconds and offset. */
const FILES: Record<string, { of: string; is: readonly (readonly [number, number])[] }> = {
  "nothing": { of: "", is: [] },
  "a line": { of: "100 5\n", is: [[100, 5]] },
  "lines in their order": { of: "100 5\n101 9\n", is: [[100, 5], [101, 9]] },
  "a line without an end": { of: "100 5\n101 9", is: [[100, 5], [101, 9]] },
  "half a line": { of: "100 5\n101", is: [[100, 5]] },
  "half a line before a whole one": { of: "100 \n101 9\n", is: [[101, 9]] },
  "garbage": { of: "a b\n-1 5\n1.5 5\n1 2 3\n 1 2\n1e3 4\n\0\n", is: [] },
  "a time that cannot be": { of: "999999999999 1\n100 5\n", is: [[100, 5]] },
  "numbers that are none any more": { of: `${"9".repeat(13)} 1\n1 ${"9".repeat(16)}\n`, is: [] },
};
for (const [what, { of, is }] of Object.entries(FILES)) {
  Deno.test(`parseTimes() reads ${what}`, () => {
    deepEqual(parseTimes(of), is.map(([seconds, offset]) => mark(seconds, offset)));
  });
}

const MARKS = [mark(100, 5), mark(102, 9), mark(102, 12), mark(105, 20)];

/** Times in seconds, with where what was printed since then begins. */
const SINCE: Record<string, readonly [since: number, offset: number]> = {
  "before all": [50, 0],
  "the second of the first": [100, 0],
  "within the second of the first": [100.999, 0],
  "between two": [101, 5],
  "the second of two": [102, 5],
  "within the second of two": [102.5, 5],
  "right after them": [103, 12],
  "the second of the last": [105, 12],
  "after all": [106, 20],
};
for (const [what, [since, offset]] of Object.entries(SINCE)) {
  Deno.test(`offsetSince() finds what was printed since ${what}`, () => {
    equal(offsetSince(MARKS, new Date(since * 1000)), offset);
  });
}

Deno.test("offsetSince() begins at the beginning where nothing is known", () => {
  equal(offsetSince([], new Date(0)), 0);
});

Deno.test("timeAt() gives the time by which it was printed", () => {
  const seconds = [0, 4, 5, 8, 9, 11, 12, 19, 20, 99].map((offset) => {
    const at = timeAt(MARKS, offset);
    return at === null ? null : at.getTime() / 1000;
  });
  deepEqual(seconds, [100, 100, 102, 102, 102, 102, 105, 105, null, null]);
  equal(timeAt([], 0), null);
});

property(
  "nothing that was printed since then is missed, and no line before that second begun",
  () => {
    const prints = fc.array(fc.tuple(fc.nat(3000), fc.integer({ min: 1, max: 9 })), {
      maxLength: 20,
    });
    return {
      input: fc.tuple(prints, fc.nat(30_000)),
      holds: ([prints, sinceMs]) => {
        let [time, offset] = [0, 0];
        const printed: { readonly at: number; readonly from: number }[] = [];
        const marks: Mark[] = [];
        for (const [waitMs, bytes] of prints) {
          time += waitMs;
          printed.push({ at: time, from: offset });
          offset += bytes;
          marks.push(mark(Math.floor(time / 1000), offset));
        }
        const start = offsetSince(marks, new Date(sinceMs));
        const wholeSecond = Math.floor(sinceMs / 1000) * 1000;
        equal(start, printed.find(({ at }) => at >= wholeSecond)?.from ?? offset);
      },
    };
  },
);
