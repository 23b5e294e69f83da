/** Each judgement of the proofs can fail: one case of every kind of false answer. */
import { deepEqual } from "node:assert/strict";
import type { Step } from "./chaos_plan.ts";
import { type Done, judgeLeftovers, judgeList, judgeStep, type Truth } from "./judge.ts";
import type { Kind } from "./programs.ts";
import { parseRecord, wrongsIn } from "./records.ts";
import { parseSaid, type Said } from "./subject.ts";

const NOTHING: Truth = { mains: [], children: [], strangers: [], runs: [] };
const RUNNING: Truth = { ...NOTHING, mains: [10], runs: ["r1"] };

function said(fields: Readonly<Record<string, unknown>>): Said {
  const [row] = parseSaid(JSON.stringify({ name: "plain", pid: null, ...fields }));
  if (row === undefined) throw new Error("no row");
  return row;
}

for (
  const { rows, truth, kinds } of [
    { rows: [{ state: "running", pid: 10 }], truth: RUNNING, kinds: [] },
    { rows: [{ state: "defined" }], truth: NOTHING, kinds: [] },
    { rows: [{ state: "exited" }], truth: NOTHING, kinds: [] },
    {
      rows: [{ state: "running", pid: 10 }],
      truth: { ...RUNNING, mains: [10, 11] },
      kinds: ["two copies of one program"],
    },
    {
      rows: [{ state: "defined" }],
      truth: RUNNING,
      kinds: ["defined, and its program lives"],
    },
    { rows: [{ state: "exited" }], truth: RUNNING, kinds: ["exited, and its program lives"] },
    {
      rows: [{ state: "running", pid: 9 }],
      truth: RUNNING,
      kinds: ["running with a pid that is not its own"],
    },
    {
      rows: [{ state: "running", pid: 10 }],
      truth: NOTHING,
      kinds: ["running, and its program is dead"],
    },
    { rows: [{ state: "running", pid: 12 }], truth: { ...NOTHING, strangers: [12] }, kinds: [] },
    { rows: [{ state: "unknown" }], truth: NOTHING, kinds: ["unknown, and tmux can be asked"] },
    { rows: [], truth: NOTHING, kinds: ["a session of the config is not listed"] },
    {
      rows: [{ state: "exited" }, { state: "running", pid: 10 }],
      truth: RUNNING,
      kinds: ["one session is listed twice"],
    },
  ]
) {
  const states = rows.map(({ state }) => state).join(" and ") || "nothing";
  Deno.test(`${states} of ${JSON.stringify(truth)}: ${kinds.join() || "true"}`, () => {
    deepEqual(judgeList(rows.map(said), truth).map(({ kind }) => kind), kinds);
  });
}

Deno.test("what an ended program left must be named", () => {
  const truth = { ...NOTHING, children: [20] };
  const kinds = (fields: Readonly<Record<string, unknown>>) =>
    judgeLeftovers(said({ state: "exited", ...fields }), truth).map(({ kind }) => kind);
  const wrong = ["exited, and what the program left is not named"];
  deepEqual(kinds({ leftovers: [20] }), []);
  deepEqual(kinds({ leftovers: [] }), wrong);
  deepEqual(kinds({ leftovers: null }), wrong);
  deepEqual(kinds({}), wrong);
  deepEqual(kinds({ state: "running", pid: 12 }), []);
});

function done(
  action: Step["action"],
  more: Partial<Done> & { readonly event?: Step["event"] },
): readonly string[] {
  const { event = null, ...rest } = more;
  const step = { action, session: "plain", event, eventAfterMs: 5, isElsewhere: false } as const;
  const all = { step, code: 0, output: "", before: NOTHING, after: NOTHING, ...rest };
  return judgeStep(all).map(({ kind }) => kind);
}

Deno.test("what a command came to is compared with what it left", () => {
  const child = { ...NOTHING, children: [20] };
  deepEqual(done("stop", { before: RUNNING }), []);
  deepEqual(done("stop", { after: child }), ["stop says Stopped, and something of it lives"]);
  deepEqual(done("stop", { after: child, code: 7 }), ["stop fails"]);
  deepEqual(done("stop", { after: child, code: null, event: "kill kstops" }), []);
  deepEqual(done("start", { before: RUNNING, after: RUNNING, code: 6 }), []);
  deepEqual(done("start", { before: RUNNING, after: RUNNING }), [
    "start over a living program is not session_exists",
  ]);
  deepEqual(done("start", { before: RUNNING, after: { ...RUNNING, mains: [10, 11] }, code: 6 }), [
    "start: two copies of one program",
  ]);
  deepEqual(done("start", { after: RUNNING }), []);
  deepEqual(done("start", { code: 7 }), ["start of what does not run fails"]);
  deepEqual(done("start", {}), ["start succeeds, and no program runs"]);
  deepEqual(done("start", { event: "kill program" }), []);
  deepEqual(done("start", { after: { ...RUNNING, children: [9], runs: ["r1", "r0"] } }), [
    "start succeeds, and something of the run before lives",
  ]);
  deepEqual(done("restart", { before: RUNNING, after: { ...RUNNING, mains: [11] } }), []);
  deepEqual(done("restart", { before: RUNNING, after: RUNNING }), [
    "restart succeeds, and the program is the old one",
  ]);
  deepEqual(done("restart", { code: 4 }), ["restart fails"]);
  deepEqual(done("restart", { code: 1, event: "kill server" }), [
    "restart: exit 1, which is a fault of kstops",
  ]);
});

Deno.test("what a program wrote is compared with what it was owed", () => {
  const wrongs = (whats: readonly string[], kind: Partial<Kind> = {}) =>
    wrongsIn(
      parseRecord(whats.map((what) => `1.5 7 worker0 ${what}\n`).join("")),
      kind,
      new Set([7, 8]),
    ).map((wrong) => wrong.split(":")[0]);
  deepEqual(wrongs(["ready", "got SIGTERM from 99", "drained"]), []);
  deepEqual(wrongs(["ready", "got SIGTERM from 99"]), ["not allowed to finish"]);
  deepEqual(wrongs(["ready", "got SIGTERM from 99"], { isLate: true }), []);
  deepEqual(wrongs(["ready", "got SIGTERM from 99", "got SIGTERM from 99", "drained"]), [
    "got SIGTERM 2 times",
  ]);
  deepEqual(wrongs(["ready", "got SIGTERM from 8", "got SIGTERM from 99", "drained"]), []);
  deepEqual(wrongs(["ready", "got SIGTERM", "got SIGTERM", "drained"], { forwarded: true }), []);
  deepEqual(wrongs(["ready", "got SIGHUP from 0", "drained"]), ["hung up"]);
  deepEqual(wrongs(["ready", "got SIGHUP from 0", "drained"], { hangsUp: true }), []);
  deepEqual(wrongs(["ready", "got SIGTERM from 99", "hurried by SIGTERM", "drained"]), ["hurried"]);
  const spares = { role: "worker", signal: "SIGTERM" };
  deepEqual(wrongs(["ready", "got SIGTERM from 8", "drained"], { spares }), []);
  deepEqual(wrongs(["ready", "got SIGTERM from 99", "drained"], { spares }), [
    "got SIGTERM, which was its parent's alone",
  ]);
});
