import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { sinceOf } from "../../../src/validate/since.ts";
import { property } from "../../support/property.ts";

const NOW = new Date("2026-03-04T12:00:00.000Z");

const LENGTHS: Record<string, { text: string; seconds: number }> = {
  "seconds": { text: "90s", seconds: 90 },
  "no time at all": { text: "0s", seconds: 0 },
  "minutes": { text: "10m", seconds: 600 },
  "hours": { text: "2h", seconds: 7200 },
  "days": { text: "1d", seconds: 86_400 },
  "weeks": { text: "2w", seconds: 1_209_600 },
  "several units": { text: "1h30m", seconds: 5400 },
  "all units": { text: "1w2d3h4m5s", seconds: 788_645 },
  "units in any order": { text: "5s1h", seconds: 3605 },
};
for (const [what, { text, seconds }] of Object.entries(LENGTHS)) {
  Deno.test(`sinceOf() counts ${what} back from now`, () => {
    equal(sinceOf(text, NOW)?.getTime(), NOW.getTime() - seconds * 1000);
  });
}

const TIMES: Record<string, { text: string; is: string }> = {
  "a time in UTC": { text: "2026-01-02T03:04:05Z", is: "2026-01-02T03:04:05.000Z" },
  "a time without seconds": { text: "2026-01-02T03:04Z", is: "2026-01-02T03:04:00.000Z" },
  "a time with milliseconds": { text: "2026-01-02T03:04:05.678Z", is: "2026-01-02T03:04:05.678Z" },
  "a time with nanoseconds, as docker has it": {
    text: "2026-01-02T03:04:05.678912345Z",
    is: "2026-01-02T03:04:05.678Z",
  },
  "a blank for the letter": { text: "2026-01-02 03:04:05Z", is: "2026-01-02T03:04:05.000Z" },
  "a zone": { text: "2026-01-02T03:04:05+01:00", is: "2026-01-02T02:04:05.000Z" },
  "a zone without a colon": { text: "2026-01-02T03:04:05-0530", is: "2026-01-02T08:34:05.000Z" },
  "a date, from its beginning in UTC": { text: "2026-01-02", is: "2026-01-02T00:00:00.000Z" },
  "a leap day": { text: "2024-02-29", is: "2024-02-29T00:00:00.000Z" },
  "what was before anything could be printed": {
    text: "1835-01-01",
    is: "1970-01-01T00:00:00.000Z",
  },
  "a length of centuries": { text: "9999w", is: "1970-01-01T00:00:00.000Z" },
  "a time to come": { text: "2030-01-01", is: "2030-01-01T00:00:00.000Z" },
};
for (const [what, { text, is }] of Object.entries(TIMES)) {
  Deno.test(`sinceOf() reads ${what}`, () => equal(sinceOf(text, NOW)?.toISOString(), is));
}

Deno.test("sinceOf() reads a time without a zone in that of this machine", () => {
  for (const text of ["2026-01-02T03:04:05", "2026-01-02 03:04:05", "2026-07-02T03:04:05"]) {
    const [month = 0] = [Number(text.slice(5, 7)) - 1];
    equal(sinceOf(text, NOW)?.getTime(), new Date(2026, month, 2, 3, 4, 5).getTime());
  }
});

const REFUSED: Record<string, string> = {
  "nothing": "",
  "a word": "yesterday",
  "a number alone": "10",
  "a unit alone": "m",
  "an unknown unit": "10y",
  "a unit in upper case": "10M",
  "a fraction": "1.5h",
  "a sign": "-10m",
  "a blank between": "1h 30m",
  "something behind": "10m ago",
  "something before": "last 10m",
  "a final newline": "10m\n",
  "a time whose year has five digits": "9999-12-31T23:59:59-01:00",
  "a length before all time": "999999999w",
  "half a date": "2026-01",
  "a month that is none": "2026-13-01",
  "a day that is none": "2026-01-32",
  "a day that its month does not have": "2026-02-30",
  "a day that its month does not have, with a time": "2026-04-31T00:00:00Z",
  "a leap day of another year": "2026-02-29",
  "an hour that is none": "2026-01-02T25:00:00Z",
  "a minute that is none": "2026-01-02T03:60:00Z",
  "a time alone": "03:04:05",
  "a time of day in words": "2026-01-02T3pm",
  "a time as people write it": "Fri Jan 02 2026",
  "a time with a comment": "2026-01-02T03:04:05Z (UTC)",
  "two blanks": "2026-01-02  03:04:05",
  "fullwidth digits": "１０m",
};
for (const [what, text] of Object.entries(REFUSED)) {
  Deno.test(`sinceOf() finds no time in ${what}`, () => equal(sinceOf(text, NOW), null));
}

property("sinceOf() reads every time that kstops prints", () => {
  const date = fc.date({ min: new Date("1970-01-01"), max: new Date("2999-01-01") });
  return {
    input: date.filter((date) => !Number.isNaN(date.getTime())),
    holds: (date) => {
      equal(sinceOf(date.toISOString(), NOW)?.getTime(), date.getTime());
    },
  };
});

Deno.test("sinceOf() answers a megabyte of lengths", () => {
  ok(sinceOf("1s".repeat(500_000), NOW) !== null);
  equal(sinceOf(`${"1s".repeat(500_000)}!`, NOW), null);
  equal(sinceOf("1".repeat(1_000_000), NOW), null);
});
