/** A short fleet: `deno task fleet --rounds 20` is the long one. */
import { equal } from "node:assert/strict";
import { ignoreWithoutTmux } from "../support/tmux.ts";
import { proveFleet } from "./fleet.ts";

Deno.test({
  name: "every kind of program is allowed to finish, and nothing of it is left",
  ignore: Deno.build.os !== "linux" || ignoreWithoutTmux(),
  fn: async () => {
    const { faults, summary } = await proveFleet({ rounds: 1, say: () => {} });
    console.log(summary);
    equal(String(faults), "", summary);
  },
});
