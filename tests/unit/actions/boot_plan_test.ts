import { equal } from "node:assert/strict";
import { longestStop } from "../../../src/actions/boot_plan.ts";
import { configOf } from "../config/files.ts";

const CONFIGS: Readonly<Record<string, readonly [string, number]>> = {
  "no session": ["ops: {stop_timeout: 7, sessions: {}}", 7],
  "sessions that need nothing of each other, side by side": [
    'ops: {sessions: {a: {command: "true", stop_timeout: 3}, b: {command: "true", stop_timeout: 30}}}',
    30,
  ],
  "a chain, one after the other, of which the longest counts": [
    `ops:
  stop_timeout: 5
  sessions:
    db: {command: "true", stop_timeout: 20}
    cache: {command: "true", stop_timeout: 1}
    api: {command: "true", depends_on: {db: ready, cache: started}}
    web: {command: "true", stop_timeout: 2.5, depends_on: [api]}
`,
    28,
  ],
};

for (const [what, [text, seconds]] of Object.entries(CONFIGS)) {
  Deno.test(`a shutdown gives time to ${what}`, async () => {
    equal(longestStop(await configOf(text)), seconds);
  });
}
