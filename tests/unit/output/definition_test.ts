import { deepEqual } from "node:assert/strict";
import type { Origin } from "../../../src/config/config.ts";
import { yamlLines } from "../../../src/output/definition.ts";
import type { Screen } from "../../../src/output/screen.ts";

const SCREEN: Screen = {
  terminal: true,
  columns: 80,
  colour: false,
  unicode: true,
  now: new Date("2026-03-04T12:00:00.000Z"),
};

const EXPLANATION = {
  values: { protected: false, env: { MODE: "test" } },
  origins: new Map<string, Origin>([
    ["protected", { kind: "default" }],
    ["env.MODE", { kind: "file", place: { file: "/srv/kstops.yml", line: 5, column: 9 } }],
  ]),
};

Deno.test("origins stand behind their values, where they are wanted", () => {
  deepEqual(yamlLines(EXPLANATION, { withOrigins: true, screen: SCREEN }), [
    "protected: false # default",
    "env:",
    "  MODE: test # /srv/kstops.yml:5:9",
  ]);
  deepEqual(yamlLines(EXPLANATION, { withOrigins: false, screen: SCREEN }), [
    "protected: false",
    "env:",
    "  MODE: test",
  ]);
});

Deno.test("origins are dimmed on a screen with colours, so that values stand out", () => {
  const screen = { ...SCREEN, colour: true };
  deepEqual(yamlLines(EXPLANATION, { withOrigins: true, screen }), [
    "protected: false \x1b[2m# default\x1b[0m",
    "env:",
    "  MODE: test \x1b[2m# /srv/kstops.yml:5:9\x1b[0m",
  ]);
});
