import { deepEqual } from "node:assert/strict";
import { chooseAtBoot, type LastRun } from "../../../src/supervise/boot.ts";

const RAN: LastRun = { ended: null, stopped: null };
const WAITED: LastRun = { ended: { policy: { restartInMs: 1000 } }, stopped: null };
const GAVE_UP: LastRun = { ended: { policy: { restartInMs: null } }, stopped: null };
const ENDED: LastRun = { ended: {}, stopped: null };
const BY_HAND: LastRun = { ended: {}, stopped: { hadEnded: false } };
const AT_SHUTDOWN: LastRun = { ended: {}, stopped: { hadEnded: false, atShutdown: true } };
const ENDED_BEFORE: LastRun = { ended: {}, stopped: { hadEnded: true, atShutdown: true } };
const WAITED_THEN: LastRun = {
  ended: { policy: { restartInMs: 1000 } },
  stopped: { hadEnded: true, atShutdown: true },
};

const LASTS: Readonly<Record<string, readonly [LastRun | null, boolean]>> = {
  "was never started": [null, false],
  "ran when the power was cut": [RAN, true],
  "waited for its next execution": [WAITED, true],
  "had given up": [GAVE_UP, false],
  "had ended by itself": [ENDED, false],
  "was stopped by hand": [BY_HAND, false],
  "was asked to end by the shutdown": [AT_SHUTDOWN, true],
  "had ended before the shutdown": [ENDED_BEFORE, false],
  "waited when the machine went down": [WAITED_THEN, true],
};

for (const [what, [last, starts]] of Object.entries(LASTS)) {
  Deno.test(`a session that ${what} ${starts ? "starts" : "does not start"} at boot, by its policy`, () => {
    const chosen = (restart: string | null, named = false) =>
      chooseAtBoot({ restart, named }, last).starts;
    deepEqual(
      ["unless-stopped", "on-failure", "on-failure:5"].map((word) => chosen(word)),
      [starts, starts, starts],
    );
    deepEqual([chosen("always"), chosen("no"), chosen(null)], [true, false, false]);
    deepEqual([chosen("no", true), chosen("unless-stopped", true)], [true, true]);
  });
}
