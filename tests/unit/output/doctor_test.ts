import { deepEqual, doesNotMatch, equal, match } from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { type Finding, ok, skipped } from "../../../src/model/finding.ts";
import { doctorText, doctorToWire } from "../../../src/output/doctor.ts";
import type { Screen } from "../../../src/output/screen.ts";
import { FINDINGS } from "../../support/findings.ts";
import { equalsGolden } from "../../support/golden.ts";
import { NOW } from "../../support/statuses.ts";

const PIPE: Screen = { terminal: false, columns: 80, colour: false, unicode: true, now: NOW };

for (const columns of [60, 80, 200]) {
  Deno.test(`a report looks as it should at ${columns} columns`, async () => {
    const screen: Screen = { ...PIPE, terminal: true, columns };
    const plain = doctorText(FINDINGS, screen);
    await equalsGolden(`doctor-${columns}.txt`, plain);
    const colour = doctorText(FINDINGS, { ...screen, colour: true });
    await equalsGolden(`doctor-${columns}-colour.txt`, colour);
    equal(stripVTControlCharacters(colour), plain);
    // Only a command that is to be copied may be wider.
    for (const line of plain.split("\n")) {
      if (!line.includes("run: ")) equal(line.length <= columns, true, line);
    }
  });
}

Deno.test("a report in a pipe has a line for each finding, with tabs", async () => {
  await equalsGolden("doctor.tsv", doctorText(FINDINGS, PIPE));
});

Deno.test("the JSON of a report stays as it is", async () => {
  const wire = doctorToWire(FINDINGS, "1.2.3");
  await equalsGolden("doctor.json", `${JSON.stringify(wire, null, 2)}\n`);
});

Deno.test("a locale of ASCII gets a report in ASCII", () => {
  const text = doctorText(FINDINGS, { ...PIPE, terminal: true, unicode: false });
  match(text, /^[\x20-\x7e\n]*$/);
  match(text, /^ {2}\+ tmux 3\.3a/m);
  match(text, /^ {2}x docker/m);
});

Deno.test("what engines and files are called cannot paint the terminal", () => {
  // deno-lint-ignore no-control-regex
  doesNotMatch(doctorText(FINDINGS, { ...PIPE, terminal: true }), /[\x1b\u202e]/);
  // deno-lint-ignore no-control-regex
  doesNotMatch(doctorText(FINDINGS, PIPE), /[\x1b\u202e]/);
});

Deno.test("no finding is left out, whatever its check is called", () => {
  const unknown: Finding = ok("weather.rain", "it rains");
  match(doctorText([unknown], { ...PIPE, terminal: true }), /it rains/);
});

const SUMMARIES: Record<string, { of: readonly Finding[]; ok: boolean; says: string }> = {
  "nothing wrong": {
    of: [ok("a.b", "fine"), skipped("a.c", "not here")],
    ok: true,
    says: "No failures, no warnings",
  },
  "a warning": {
    of: FINDINGS.filter(({ level }) => level !== "failure"),
    ok: true,
    says: "No failures, 1 warning",
  },
  "failures": { of: FINDINGS, ok: false, says: "2 failures, 1 warning" },
  "nothing at all": { of: [], ok: true, says: "No failures, no warnings" },
};
for (const [what, { of, ok, says }] of Object.entries(SUMMARIES)) {
  Deno.test(`a report sums up ${what}`, () => {
    equal(doctorText(of, { ...PIPE, terminal: true }).trimEnd().split("\n").at(-1), says);
    deepEqual(doctorToWire(of, "1.2.3")["ok"], ok);
  });
}
