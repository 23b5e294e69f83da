import { deepEqual, equal, ok } from "node:assert/strict";
import { howItEnded, momentOf, signalName, statusOf, STOP_SIGNALS } from "../../src/model.ts";

Deno.test("signals have the names of Linux", async () => {
  const { constants } = await import("node:os");
  if (Deno.build.os !== "linux") return;
  for (const [name, number] of Object.entries(constants.signals)) {
    // Second names of other ones.
    if (["SIGIOT", "SIGPOLL", "SIGUNUSED"].includes(name)) continue;
    equal(signalName(number), name);
  }
});

for (const number of [0, 32, 64, -1, 1.5, NaN]) {
  Deno.test(`${number} is the number of no signal that has a name`, () => {
    equal(signalName(number), null);
  });
}

Deno.test("every stop signal is a signal", () => {
  const names = new Set(Array.from({ length: 31 }, (_, index) => signalName(index + 1)));
  for (const name of STOP_SIGNALS) ok(names.has(name), name);
});

const ENDS: readonly (readonly [number, string | null])[] = [
  [0, null],
  [1, null],
  [127, null],
  [128, null],
  [129, "SIGHUP"],
  [130, "SIGINT"],
  [137, "SIGKILL"],
  [139, "SIGSEGV"],
  [143, "SIGTERM"],
  [159, "SIGSYS"],
  [160, null],
  [255, null],
];
for (const [exitCode, signal] of ENDS) {
  Deno.test(`an exit with ${exitCode} is ${signal ?? "no signal"}`, () => {
    deepEqual(howItEnded(exitCode), { exitCode, signal });
  });
}

Deno.test("what is not known of a status is null, and every key is there", () => {
  const status = statusOf({ name: "astro", backend: "tmux", state: "running", pid: 7 });
  equal(status.pid, 7);
  deepEqual([status.managed, status.defined], [false, false]);
  const unknown = Object.entries(status).filter(([, value]) => value === null);
  equal(unknown.length, Object.keys(status).length - 7);
  ok(!Object.values(status).includes(undefined as never));
});

const MOMENTS: Record<string, readonly [ms: number, text: string | null]> = {
  "the beginning of 1970": [0, "1970-01-01T00:00:00.000Z"],
  "the end of 9999": [253402300799999, "9999-12-31T23:59:59.999Z"],
  "what is before": [-1, null],
  "what is behind": [253402300800000, null],
  "what no date can hold": [1e300, null],
  "no number": [NaN, null],
};
for (const [what, [ms, text]] of Object.entries(MOMENTS)) {
  Deno.test(`${what} is ${text === null ? "no moment" : "a moment"}`, () => {
    equal(momentOf(ms)?.toISOString() ?? null, text);
  });
}
