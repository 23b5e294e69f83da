import { deepEqual, equal } from "node:assert/strict";
import { changeToWire, statusToWire, time } from "../../src/wire.ts";
import { equalsGolden } from "../support/golden.ts";
import { CONTAINER, DEFINED, TMUX_SESSION, TROUBLE } from "../support/statuses.ts";

Deno.test("the JSON of sessions is as scripts know it", async () => {
  const all = [TMUX_SESSION, CONTAINER, DEFINED, TROUBLE].map(statusToWire);
  await equalsGolden("status.json", `${JSON.stringify(all, null, 2)}\n`);
});

Deno.test("the JSON of a change is the status, and the operation at its end", async () => {
  const change = changeToWire(TMUX_SESSION, "1b4e28ba-2fa1-4c2d-883f-0016d3cca427");
  await equalsGolden("change.json", `${JSON.stringify(change, null, 2)}\n`);
  const { operation_id, ...rest } = change;
  equal(operation_id, "1b4e28ba-2fa1-4c2d-883f-0016d3cca427");
  deepEqual(rest, statusToWire(TMUX_SESSION));
});

const TIMES: Record<string, readonly [Date | null, string | null]> = {
  "no time": [null, null],
  "whole seconds": [new Date(Date.UTC(2026, 6, 1, 12, 0, 9)), "2026-07-01T12:00:09Z"],
  "milliseconds": [new Date(Date.UTC(2026, 6, 1, 12, 0, 9, 40)), "2026-07-01T12:00:09.040Z"],
  "a time of another zone": [new Date("2026-07-01T01:00:00+02:00"), "2026-06-30T23:00:00Z"],
};

for (const [what, [date, text]] of Object.entries(TIMES)) {
  Deno.test(`time() writes ${what} as ISO 8601 in UTC`, () => equal(time(date), text));
}
