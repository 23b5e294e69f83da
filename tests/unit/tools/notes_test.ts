import { doesNotThrow, equal, throws } from "node:assert/strict";
import { checkTag, notesOf } from "../../../tools/notes.ts";

const CHANGELOG = `# Changelog

What changes.

## [Unreleased]

- Something to come.

## [0.2.0] - 2026-12-01

A word
before all.

### Added

- A thing that takes
  two lines,
  or three.
- Another one.

### Fixed

- A bug.

## [0.1.0] - 2026-11-21

- The first one.

## [0.0.9] - 2026-11-20

## [0.0.8]

- Long ago.

## [0.0.7] - soon

- Soon.
`;

Deno.test("the notes of a release are its section, with every item in one line", () => {
  equal(
    notesOf("0.2.0", CHANGELOG),
    [
      "A word before all.\n\n### Added\n\n- A thing that takes two lines, or three.\n",
      "- Another one.\n\n### Fixed\n\n- A bug.\n",
    ].join(""),
  );
  equal(notesOf("0.1.0", CHANGELOG), "- The first one.\n");
});

const REFUSED: Readonly<Record<string, readonly [version: string, says: RegExp]>> = {
  "that is not there": ["0.3.0", /has no section "## \[0\.3\.0\] - YYYY-MM-DD"/],
  "whose dots are other characters": ["0x2x0", /has no section/],
  "of which nothing is said": ["0.0.9", /says nothing of 0\.0\.9/],
  "without a date": ["0.0.8", /has no section/],
  "with a date that is none": ["0.0.7", /does not say when 0\.0\.7/],
  "that is not released": ["Unreleased", /has no section/],
};
for (const [what, [version, says]] of Object.entries(REFUSED)) {
  Deno.test(`there are no notes of a version ${what}`, () => {
    throws(() => notesOf(version, CHANGELOG), says);
  });
}

Deno.test("a tag is that of its version, with a v before it", () => {
  doesNotThrow(() => checkTag("v0.1.0", "0.1.0"));
  for (const tag of ["0.1.0", "v0.1.1", "v0.1.0-rc.1", "v0.1", ""]) {
    throws(() => checkTag(tag, "0.1.0"), /deno\.json has the version 0\.1\.0/);
  }
});
