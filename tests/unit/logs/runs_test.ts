import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import {
  type Begun,
  type Ended,
  endOf,
  type Executed,
  formatEvent,
  parseRuns,
  type Run,
  type RunEvent,
  type Stopped,
  wasForced,
  wasStopped,
} from "../../../src/logs/runs.ts";
import { BACKENDS, STOP_SCOPES, STOP_SIGNALS } from "../../../src/model.ts";
import { property } from "../../support/property.ts";

const AT = new Date("2026-01-02T03:04:05.678Z");
const BEGUN: Begun = {
  event: "begun",
  run: "a",
  at: AT,
  backend: "container",
  engine: "podman",
  where: "host 1000",
  socketName: null,
  image: "localhost/astro:1",
  workingDir: "/srv",
  definition: "0123456789abcdef",
  owner: { project: "bots", configFile: "/srv/kstops.yml" },
  ending: null,
};
const EXECUTED: Executed = { event: "executed", run: "a", pid: 4711, began: "41740", boot: "3c1f" };
const ENDED: Ended = { event: "ended", run: "a", at: AT, exitCode: 3, reason: "why" };
const STOPPED: Stopped = { event: "stopped", run: "a", at: AT, hadEnded: true };

/** A story with these events. */
function story(...events: readonly RunEvent[]): string {
  return events.map(formatEvent).join("");
}

function runOf(more: Partial<Run>): Run {
  return { id: "a", begun: null, executed: null, ended: null, stopped: null, earlier: [], ...more };
}

// --- lines ---------------------------------------------------------------------------------------

Deno.test("an event is one line of JSON, its keys as they are documented", () => {
  equal(
    formatEvent(BEGUN),
    '{"run":"a","event":"begun","at":"2026-01-02T03:04:05.678Z","backend":"container",' +
      '"engine":"podman","where":"host 1000","socket_name":null,"image":"localhost/astro:1","working_dir":"/srv",' +
      '"definition":"0123456789abcdef","project":"bots","config_file":"/srv/kstops.yml"}\n',
  );
  equal(
    formatEvent({ ...BEGUN, isUncertain: true }).slice(-40),
    `"config_file":"/srv/kstops.yml","uncertain":true}\n`.slice(-40),
  );
  deepEqual(parseRuns(formatEvent({ ...BEGUN, isUncertain: true }))[0]?.begun?.isUncertain, true);
  equal(
    formatEvent(EXECUTED),
    '{"run":"a","event":"executed","pid":4711,"began":"41740","boot":"3c1f"}\n',
  );
  equal(
    formatEvent(ENDED),
    '{"run":"a","event":"ended","at":"2026-01-02T03:04:05.678Z","exit_code":3,"reason":"why"}\n',
  );
  equal(
    formatEvent(STOPPED),
    '{"run":"a","event":"stopped","at":"2026-01-02T03:04:05.678Z","had_ended":true}\n',
  );
  equal(
    formatEvent({ ...STOPPED, hadEnded: false, forced: true }),
    '{"run":"a","event":"stopped","at":"2026-01-02T03:04:05.678Z","had_ended":false,"forced":true}\n',
  );
});

const TEXT = fc.oneof(fc.constant(null), fc.string({ unit: "binary" }), fc.constant('{"run":"b"'));
const RUN_ID = fc.constantFrom("a", "b", "c", "0123456789ab");
const TIME = fc.date({ noInvalidDate: true, min: new Date(0), max: new Date("2100-01-01") });
const EVENT: fc.Arbitrary<RunEvent> = fc.oneof(
  fc.record({
    event: fc.constant("begun" as const),
    run: RUN_ID,
    at: TIME,
    backend: fc.constantFrom(...BACKENDS),
    engine: fc.constantFrom("tmux", "podman", "docker"),
    where: fc.string(),
    socketName: TEXT,
    image: TEXT,
    workingDir: TEXT,
    definition: fc.string(),
    owner: fc.record({ project: TEXT, configFile: TEXT }),
    ending: fc.option(
      fc.record({
        stopSignal: fc.option(fc.constantFrom(...STOP_SIGNALS), { nil: null }),
        stopScope: fc.option(fc.constantFrom(...STOP_SCOPES), { nil: null }),
        stopTimeoutSeconds: fc.nat(),
        holdFile: fc.option(fc.string(), { nil: null }),
        protected: fc.boolean(),
        interactive: fc.boolean(),
      }),
      { nil: null },
    ),
  }),
  fc.record({
    event: fc.constant("executed" as const),
    run: RUN_ID,
    pid: fc.integer({ min: 2, max: 4_194_304 }),
    began: fc.oneof(fc.nat().map(String), fc.constant("Sat Nov 1 02:46:13 2026")),
    boot: fc.string(),
  }),
  fc.record({
    event: fc.constant("ended" as const),
    run: RUN_ID,
    at: TIME,
    exitCode: fc.oneof(fc.constant(null), fc.nat(255)),
    reason: TEXT,
  }),
  fc.record({
    event: fc.constant("ended" as const),
    run: RUN_ID,
    at: TIME,
    exitCode: fc.nat(255),
    reason: TEXT,
    policy: fc.record({
      failures: fc.nat(),
      restartInMs: fc.option(fc.nat(), { nil: null }),
    }),
  }),
  fc.record({
    event: fc.constant("stopped" as const),
    run: RUN_ID,
    at: TIME,
    hadEnded: fc.boolean(),
  }),
);

/**
 * The same as plainly as can be said: of each run the last event of each kind. An end before the last
 * time that its program was executed is an earlier one.
 */
function plainRuns(events: readonly RunEvent[]): readonly Run[] {
  return [...new Set(events.map(({ run }) => run))].map((id) => {
    const own = events.filter(({ run }) => run === id);
    const last = (kind: RunEvent["event"], among = own): RunEvent | null =>
      among.findLast(({ event }) => event === kind) ?? null;
    const executions: RunEvent[][] = [[]];
    for (const event of own) {
      if (event.event === "executed") executions.push([]);
      executions.at(-1)?.push(event);
    }
    const ends = executions.map((each) => last("ended", each));
    return {
      id,
      begun: last("begun"),
      executed: last("executed"),
      ended: ends.at(-1) ?? null,
      earlier: ends.slice(0, -1).filter((end) => end !== null),
      stopped: last("stopped"),
    } as Run;
  });
}

property("what is written of runs is read again, in the order in which they began", {
  input: fc.array(EVENT, { maxLength: 12 }),
  holds: (events) => {
    deepEqual(parseRuns(story(...events)), plainRuns(events));
  },
});

property("a line that is cut off anywhere costs itself alone", {
  input: fc.tuple(EVENT, EVENT, fc.nat()),
  holds: ([half, whole, cut]) => {
    const line = formatEvent(half);
    // Without its last brace at least.
    const garbage = line.slice(0, cut % (line.length - 1));
    deepEqual(parseRuns(garbage + formatEvent(whole)), plainRuns([whole]));
    deepEqual(parseRuns(formatEvent(whole) + garbage), plainRuns([whole]));
  },
});

/** Lines that say nothing. */
const GARBAGE: Record<string, string> = {
  "nothing": "",
  "blanks": "  \n\n\t\n",
  "bytes": "\0\ufffd\x1b[2J",
  "null": "null",
  "a number": "1",
  "a list": "[]",
  "an object of somebody else": "{}",
  "no run": '{"event":"stopped","at":"2026-01-02T03:04:05Z"}',
  "a run that is no text": '{"run":1,"event":"stopped","at":"2026-01-02T03:04:05Z"}',
  "no time": '{"run":"a","event":"stopped"}',
  "a time that is no text": '{"run":"a","event":"stopped","at":0}',
  "a time that is none": '{"run":"a","event":"stopped","at":"soon"}',
  "no event": '{"run":"a","at":"2026-01-02T03:04:05Z"}',
  "an event that is unknown": '{"run":"a","event":"paused","at":"2026-01-02T03:04:05Z"}',
  "an event of every object": '{"run":"a","event":"toString","at":"2026-01-02T03:04:05Z"}',
  "an engine that is unknown": formatEvent(BEGUN).replace('"podman"', '"vmware"'),
  "a backend that is unknown": formatEvent(BEGUN).replace('"container"', '"machine"'),
};
for (const [what, garbage] of Object.entries(GARBAGE)) {
  Deno.test(`in a story ${what} is no event, and hides none`, () => {
    deepEqual(parseRuns(garbage), []);
    deepEqual(
      parseRuns(`${formatEvent(BEGUN)}${garbage}\n${formatEvent(STOPPED)}`),
      [runOf({ begun: BEGUN, stopped: STOPPED })],
    );
  });
}

Deno.test("values that are of another kind count as not known", () => {
  const line = '{"run":"a","event":"ended","at":"2026-01-02T03:04:05Z","exit_code":"3","reason":1}';
  deepEqual(parseRuns(line)[0]?.ended, {
    ...ENDED,
    at: new Date("2026-01-02T03:04:05Z"),
    exitCode: null,
    reason: null,
  });
  const begun = formatEvent(BEGUN).replace('"/srv"', "[]").replace('"0123456789abcdef"', "null");
  deepEqual(parseRuns(begun)[0]?.begun, { ...BEGUN, workingDir: null, definition: "" });
});

// --- how a run ended -----------------------------------------------------------------------------

/** Each with its exit code and signal. */
const ENDS: Record<string, { of: Partial<Run>; is: readonly [number | null, string | null] }> = {
  "that goes on": { of: { begun: BEGUN }, is: [null, null] },
  "with an exit code": { of: { ended: ENDED }, is: [3, null] },
  "with success": { of: { ended: { ...ENDED, exitCode: 0 } }, is: [0, null] },
  "by a signal": { of: { ended: { ...ENDED, exitCode: 143 } }, is: [143, "SIGTERM"] },
  "that nobody saw end": { of: { ended: { ...ENDED, exitCode: null } }, is: [null, null] },
  "that was stopped": { of: { stopped: STOPPED }, is: [null, null] },
};
for (const [what, { of, is: [exitCode, signal] }] of Object.entries(ENDS)) {
  Deno.test(`endOf() says how a run ended ${what}`, () => {
    const finishedAt = of.ended || of.stopped ? AT : null;
    deepEqual(endOf(runOf(of)), { exitCode, signal, finishedAt });
  });
}

Deno.test("a run ended when its program did, not when it was stopped", () => {
  const later = new Date(AT.getTime() + 1000);
  const run = runOf({ ended: ENDED, stopped: { ...STOPPED, at: later } });
  deepEqual(endOf(run).finishedAt, AT);
});

const LINE = formatEvent({ ...STOPPED, run: "abc" });

/** Whether what is asked about was stopped, with what is there and asked. */
const ASKED: Record<string, { runs: string; run?: string; at?: string; is: boolean }> = {
  "what was stopped": { runs: LINE, is: true },
  "what was stopped, to the second": { runs: LINE, at: "2026-01-02T03:04:05Z", is: true },
  "what has ended again since": { runs: LINE, at: "2026-01-02T03:04:06Z", is: false },
  "what has ended again within the second": {
    runs: LINE,
    at: "2026-01-02T03:04:05.679Z",
    is: false,
  },
  "another run": { runs: LINE, run: "def", is: false },
  "a run whose id only begins so": { runs: LINE, run: "ab", is: false },
  "nothing": { runs: "", is: false },
  "what only ended": { runs: formatEvent({ ...ENDED, run: "abc" }), is: false },
  "what was stopped, behind garbage": { runs: `\0\xff{\n[]\n${LINE}`, is: true },
  "what was stopped, behind half a line": { runs: `{"run":"0","ev${LINE}`, is: true },
  "what was stopped, before half a line": { runs: `${LINE}{"run":"0","ev`, is: true },
  "what was stopped twice, by its last time": {
    runs: LINE.replace(":05.678", ":01.000") + LINE,
    is: true,
  },
  "half a line": { runs: LINE.slice(0, 40), is: false },
};
for (const [what, { runs, run = "abc", at, is }] of Object.entries(ASKED)) {
  Deno.test(`wasStopped() says ${is ? "yes" : "no"} to ${what}`, () => {
    const asked = { run, at: at === undefined ? AT : new Date(at) };
    equal(wasStopped(parseRuns(runs), asked), is);
  });
}

Deno.test("an exit code that no program can have is none, and a time that cannot be is no event", () => {
  for (const code of ["-1", "1.5", "256", "1e300"]) {
    const line = `{"run":"a","event":"ended","at":"2026-01-02T03:04:05Z","exit_code":${code}}\n`;
    equal(parseRuns(line)[0]?.ended?.exitCode, null);
  }
  deepEqual(parseRuns(formatEvent(ENDED).replace("2026-", "+012026-")), []);
});

Deno.test("what a shell says of the process that it becomes is read, and nothing that is no process", () => {
  const lineWith = (fields: string) => `{"run":"a","event":"executed",${fields}}\n`;
  const boot = "3c1f";
  deepEqual(parseRuns(lineWith(`"pid":4711,"began":"41740","boot":"3c1f"`)), [
    runOf({ executed: { event: "executed", run: "a", pid: 4711, began: "41740", boot } }),
  ]);
  const padded = lineWith(`"pid":9,"began":" Sat Nov  1 02:46:13 2026   ","boot":""`);
  equal(parseRuns(padded)[0]?.executed?.began, "Sat Nov 1 02:46:13 2026");
  for (const pid of ["0", "1", "-7", "1.5", "1e300", `"7"`]) {
    deepEqual(parseRuns(lineWith(`"pid":${pid},"began":"1","boot":""`)), []);
  }
  deepEqual(parseRuns(lineWith(`"pid":7,"boot":""`)), []);
});

const KILLED: Ended = { ...ENDED, exitCode: 137, reason: null };
const STOPPED_BY_US: Stopped = { ...STOPPED, hadEnded: false };
const FORCED: Readonly<Record<string, readonly [events: readonly RunEvent[], is: boolean]>> = {
  "a stop that says so": [[{ ...STOPPED_BY_US, forced: true }], true],
  "a stop that says that it was not": [[KILLED, { ...STOPPED_BY_US, forced: false }], false],
  "a stop that does not say, of what was killed": [[KILLED, STOPPED_BY_US], true],
  "a stop that does not say, of what ran out of memory": [
    [{ ...KILLED, reason: "out of memory" }, STOPPED_BY_US],
    false,
  ],
  "a stop of what ended by itself": [[ENDED, STOPPED_BY_US], false],
  "a stop of what had been killed before": [[KILLED, STOPPED], false],
  "what was killed, and not stopped": [[KILLED], false],
};
for (const [what, [events, is]] of Object.entries(FORCED)) {
  Deno.test(`wasForced() says ${is ? "yes" : "no"} to ${what}`, () => {
    const [run] = parseRuns(story(BEGUN, ...events));
    equal(run === undefined ? null : wasForced(run), is);
  });
}

Deno.test("how often an engine had executed a program again is remembered with its end", () => {
  const again = { restarts: 4, startedAt: new Date(2000), areFailures: true };
  const event = {
    event: "ended",
    run: "a",
    at: new Date(3000),
    exitCode: 3,
    reason: null,
  } as const;
  const [run] = parseRuns(formatEvent({ ...event, again }));
  deepEqual(run?.ended, { ...event, again });
  const [unknown] = parseRuns(formatEvent({ ...event, again: { ...again, startedAt: null } }));
  deepEqual(unknown?.ended?.again?.startedAt, null);
  const [strange] = parseRuns(
    `{"run":"a","event":"ended","at":"${new Date(3000).toISOString()}",` +
      `"restarts":-1}\n`,
  );
  deepEqual(strange?.ended?.again, undefined);
});
