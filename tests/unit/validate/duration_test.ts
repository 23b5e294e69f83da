import { equal } from "node:assert/strict";
import { parseDuration } from "../../../src/validate/duration.ts";

const ACCEPTED: Readonly<Record<string, number>> = {
  "0": 0,
  "10": 10_000,
  "1.5": 1500,
  "0.001": 1,
  "500ms": 500,
  "10s": 10_000,
  "1m30s": 90_000,
  "2h": 7_200_000,
  "1h1m1s1ms": 3_661_001,
  "1h1ms": 3_600_001,
  "90m": 5_400_000,
  "0s": 0,
};

for (const [text, expected] of Object.entries(ACCEPTED)) {
  Deno.test(`parseDuration() reads ${text}`, () => equal(parseDuration(text), expected));
}

const REFUSED = [
  "",
  " ",
  "s",
  "ms",
  "-1",
  "-1s",
  "+1s",
  "1 s",
  "10 ",
  "1s1m",
  "1s1s",
  "1.5s",
  "1d",
  "1S",
  "1e3",
  "0x10",
  "10sec",
  "1m30",
  "NaN",
  "Infinity",
  "1234567890s",
];

for (const text of REFUSED) {
  Deno.test(`parseDuration() refuses ${JSON.stringify(text)}`, () => {
    equal(parseDuration(text), null);
  });
}

Deno.test("parseDuration() takes a number without a unit for what the key says", () => {
  equal(parseDuration("500", 1), 500);
  equal(parseDuration("2s", 1), 2000);
  equal(parseDuration("0.5", 1), null);
});
