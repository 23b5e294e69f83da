/** Each judgement of the walk can fail: one case of every kind of false answer. */
import { deepEqual, equal } from "node:assert/strict";
import { parseSaid, type Said } from "./subject.ts";
import {
  copiesIn,
  isAt,
  judgeAgreement,
  judgeCommand,
  judgeJson,
  judgeOutput,
  judgeSaid,
  type Kept,
  type Main,
  meantBy,
  parseExecutions,
  type Place,
  type Truth,
} from "./walk_model.ts";
import type { Command, Meaning } from "./walk_plan.ts";

const NOTHING: Truth = { mains: [], others: [], kept: [] };
const main = (place: Place, pid = 10): Main => ({ pid, known: pid, place });
const lives = (place: Place, pid = 10): Truth => ({ ...NOTHING, mains: [main(place, pid)] });
const kept = (place: Place, more: Partial<Kept> = {}): Kept => ({
  place,
  name: "plain",
  id: "1",
  state: "exited",
  pid: null,
  ...more,
});

function said(fields: Readonly<Record<string, unknown>>): Said {
  const base = { name: "plain", pid: null, managed: true, defined: true };
  const [row] = parseSaid(JSON.stringify({ ...base, ...fields }));
  if (row === undefined) throw new Error("no row");
  return row;
}

Deno.test("flags and config mean a place together", () => {
  equal(meantBy("docker", null), "docker");
  equal(meantBy("docker", "container"), "docker");
  equal(meantBy("docker", "tmux"), "tmux");
  equal(meantBy("tmux:bots", "tmux"), "tmux:bots");
  equal(meantBy("tmux:bots", "podman"), "podman");
  deepEqual((["tmux:bots", "docker"] as const).map((place) => isAt("tmux", place)), [true, false]);
  deepEqual((["tmux:bots", "docker"] as const).map((place) => isAt("container", place)), [
    false,
    true,
  ]);
  equal(isAt("podman", "docker"), false);
});

Deno.test("a program and the container that it is in are one copy", () => {
  const container = kept("docker", { state: "running", pid: 9 });
  const inside = { ...NOTHING, mains: [{ ...main("docker"), known: 9 }], kept: [container] };
  deepEqual(copiesIn(inside), [9]);
  deepEqual(copiesIn({ ...inside, mains: [main("tmux:default")] }), [10, 9]);
});

const RUNNING = { state: "running", pid: 10, engine: "docker" };

for (
  const { rows, truth, kinds } of [
    { rows: [RUNNING], truth: lives("docker"), kinds: [] },
    { rows: [{ state: "defined" }], truth: NOTHING, kinds: [] },
    { rows: [{ state: "exited" }], truth: { ...NOTHING, kept: [kept("docker")] }, kinds: [] },
    {
      rows: [{ ...RUNNING, engine: "tmux", socket_name: "bots" }],
      truth: lives("tmux:bots"),
      kinds: [],
    },
    {
      rows: [RUNNING],
      truth: { ...NOTHING, mains: [main("docker"), main("podman", 11)] },
      kinds: ["two copies of one program"],
    },
    {
      rows: [{ state: "defined" }],
      truth: lives("docker"),
      kinds: ["defined, and its program lives"],
    },
    { rows: [RUNNING], truth: lives("podman"), kinds: ["running in another place than is said"] },
    {
      rows: [{ ...RUNNING, pid: 9 }],
      truth: lives("docker"),
      kinds: ["running with a pid that is not its own"],
    },
    {
      rows: [{ ...RUNNING, managed: false }],
      truth: lives("docker"),
      kinds: ["running, and not managed"],
    },
    { rows: [RUNNING], truth: NOTHING, kinds: ["running, and its program is dead"] },
    {
      rows: [{ state: "unknown" }],
      truth: NOTHING,
      kinds: ["unknown, and its engine can be asked"],
    },
    {
      rows: [{ state: "defined" }],
      truth: { ...NOTHING, kept: [kept("docker")] },
      kinds: ["defined, and its engine has it"],
    },
    {
      rows: [{ state: "exited", defined: false }],
      truth: NOTHING,
      kinds: ["a session of the config is not said to be defined"],
    },
    { rows: [], truth: NOTHING, kinds: ["a session of the config is not there"] },
    {
      rows: [{ state: "exited" }, RUNNING],
      truth: lives("docker"),
      kinds: ["one session is there twice"],
    },
  ]
) {
  const states = rows.map(({ state }) => state).join(" and ") || "nothing";
  Deno.test(`the walk: ${states} of ${JSON.stringify(truth)}: ${kinds.join() || "true"}`, () => {
    deepEqual(judgeSaid(rows.map(said), truth).map(({ kind }) => kind), kinds);
  });
}

Deno.test("list and status must say the same", () => {
  deepEqual(judgeAgreement(said(RUNNING), said(RUNNING)), []);
  equal(judgeAgreement(said(RUNNING), said({ ...RUNNING, engine: "podman" })).length, 1);
});

interface Case {
  readonly before?: Truth;
  readonly after?: Truth;
  readonly code?: number | null;
  readonly config?: Meaning;
  readonly output?: string;
}

function kinds(
  verb: Command["verb"],
  { before = NOTHING, after = NOTHING, code = 0, config = "tmux", output = "" }: Case,
  more: Partial<Command> = {},
): readonly string[] {
  const command: Command = {
    kind: "command",
    session: "plain",
    verb,
    flags: null,
    killAfterMs: null,
    isTwice: false,
    ...more,
  };
  return judgeCommand({ command, config, code, output, before, after }).map(({ kind }) => kind);
}

Deno.test("a start makes a program where it is meant, or there is one", () => {
  const here = lives("tmux:default");
  deepEqual(kinds("start", { after: here }), []);
  deepEqual(kinds("start", { after: lives("podman"), config: "container" }), []);
  deepEqual(kinds("start", { after: here, config: "docker" }), ["start: it runs in tmux:default"]);
  deepEqual(kinds("start", { after: lives("docker") }, { flags: "docker" }), []);
  deepEqual(kinds("start", {}), ["start: it succeeds, and no program runs"]);
  deepEqual(kinds("start", { code: 4 }), ["start: exit 4 instead of 0"]);
  deepEqual(kinds("start", { before: here, after: here, code: 6 }), []);
  deepEqual(kinds("start", { before: here, after: lives("tmux:default", 11) }), [
    "start: exit 0 instead of 6",
    "start: it changes what runs",
  ]);
  deepEqual(kinds("start", { before: here, after: here, code: 6, output: "session_ambiguous" }), [
    "start: one session is called several",
  ]);
  const two = { ...NOTHING, mains: [main("docker"), main("podman", 11)] };
  deepEqual(kinds("start", { after: two, code: null }, { killAfterMs: 5 }), [
    "start: two copies of one program",
  ]);
  deepEqual(kinds("start", { code: null }, { killAfterMs: 5 }), []);
  deepEqual(kinds("start", { after: here, code: 6 }, { isTwice: true }), []);
  const half = { ...NOTHING, kept: [kept("docker", { state: "created" })] };
  deepEqual(kinds("start", { before: half, after: half, code: 6 }), []);
});

Deno.test("a stop leaves nothing, and touches nothing elsewhere", () => {
  const there = lives("docker");
  deepEqual(kinds("stop", { before: there }), []);
  deepEqual(kinds("stop", { before: there, after: there }), [
    "stop: it says Stopped, and its program lives",
  ]);
  deepEqual(kinds("stop", { before: there, after: { ...NOTHING, others: [12] } }), [
    "stop: it says Stopped, and something of it lives",
  ]);
  const left = { ...NOTHING, kept: [kept("docker")] };
  deepEqual(kinds("stop", { before: there, after: left }), [
    "stop: it says Stopped, and its engine has it",
  ]);
  deepEqual(kinds("stop --keep", { before: there, after: left }), []);
  deepEqual(kinds("stop", { before: there, after: there, code: 5 }, { flags: "podman" }), []);
  deepEqual(kinds("stop", { before: there, after: there }, { flags: "podman" }), [
    "stop: exit 0 instead of 5",
  ]);
  deepEqual(kinds("stop", { before: there, code: 5 }, { flags: "podman" }), [
    "stop: it changes what runs",
  ]);
  const here = lives("tmux:bots");
  deepEqual(kinds("stop --keep", { before: here, after: here, code: 2 }), []);
  deepEqual(kinds("stop --keep", { code: 2 }), []);
  deepEqual(kinds("stop --keep", { before: here, after: here, code: 5 }, { flags: "docker" }), []);
});

Deno.test("a restart makes a new program where it is meant", () => {
  const old = lives("tmux:bots");
  deepEqual(kinds("restart", { before: old, after: lives("tmux:bots", 11) }), []);
  deepEqual(kinds("restart", { before: old, after: lives("docker", 11), config: "docker" }), []);
  deepEqual(kinds("restart", { before: old, after: lives("tmux:default", 11) }), [
    "restart: it runs in tmux:default",
  ]);
  deepEqual(kinds("restart", { before: old, after: old }), [
    "restart: it succeeds, and the program is the old one",
  ]);
  deepEqual(kinds("restart", { before: old, after: old, code: 5 }, { flags: "docker" }), []);
  deepEqual(kinds("restart", { code: 5 }, { flags: "docker" }), []);
});

Deno.test("a question changes nothing", () => {
  const there = lives("docker");
  deepEqual(kinds("status", { before: there, after: there }), []);
  deepEqual(kinds("status", { before: there, after: there, code: 5 }), [
    "status: exit 5 instead of 0",
  ]);
  deepEqual(kinds("logs --previous", { before: there, after: there, code: 5 }), []);
  deepEqual(kinds("why", { before: there, after: there, code: 5 }, { flags: "tmux" }), []);
  deepEqual(kinds("why", { code: 5 }, { flags: "tmux" }), []);
  deepEqual(kinds("logs", { before: there, after: there }, { flags: "tmux" }), []);
  deepEqual(kinds("list", { before: there }), ["list: it changes what runs"]);
});

Deno.test("the JSON of a change fits its exit code and what there is", () => {
  const kindsOf = (code: number, stderr: string, rows: readonly Said[] | null = null) =>
    judgeJson({ code, stdout: "", stderr, rows, name: "plain", after: lives("docker") })
      .map(({ kind }) => kind);
  const error = (code: string) => `{"error":{"code":"${code}","message":"m"}}\n`;
  deepEqual(kindsOf(0, "", [said(RUNNING)]), []);
  deepEqual(kindsOf(0, ""), ["success, and no JSON of the session"]);
  deepEqual(kindsOf(0, "", [said({ state: "defined" })]), [
    "the JSON of a change is not what there is",
  ]);
  deepEqual(kindsOf(6, error("session_exists")), []);
  deepEqual(kindsOf(6, `kstops: a warning\n${error("operation_running")}`), []);
  deepEqual(kindsOf(6, error("session_ambiguous")), [
    "the error in JSON does not fit the exit code",
  ]);
  deepEqual(kindsOf(7, error("stop_failed")), []);
  deepEqual(kindsOf(7, "no JSON\n"), ["the error in JSON does not fit the exit code"]);
  const both = { code: 6, stdout: "{}", stderr: error("session_exists"), rows: null };
  deepEqual(judgeJson({ ...both, name: "plain", after: NOTHING }).map(({ kind }) => kind), [
    "an error, and something on stdout",
  ]);
});

Deno.test("the output of an execution is as long as it must be, without a hole", () => {
  const lines = (...numbers: readonly number[]) =>
    numbers.map((number) => `id ${number} says\r\n`).join("");
  const kindsOf = (output: string, missing: "nothing" | "end" | "all" = "nothing") =>
    judgeOutput(output, { id: "id", lines: 3 }, { missing, promisedBytes: 100 })
      .map(({ kind }) => kind);
  deepEqual(kindsOf(lines(1, 2, 3)), []);
  deepEqual(kindsOf(lines(1, 2, 3, 3, 4)), []);
  deepEqual(kindsOf(lines(1, 3)), ["the output has a hole before line 3"]);
  deepEqual(kindsOf(lines(1, 2)), ["the end of the output is missing"]);
  deepEqual(kindsOf(lines(1, 2), "end"), []);
  deepEqual(kindsOf(""), ["the end of the output is missing"]);
  deepEqual(kindsOf("", "all"), []);
  deepEqual(kindsOf(lines(2, 3)), ["less is kept of the output than is promised"]);
  deepEqual(kindsOf(`${"other\n".repeat(20)}${lines(2, 3)}`), []);
});

Deno.test("programs write down how far they came", () => {
  deepEqual(parseExecutions("a 0\na 5\nb 0\na 6\nb 2\nb"), [
    { id: "a", lines: 6 },
    { id: "b", lines: 2 },
  ]);
  deepEqual(parseExecutions(""), []);
});
