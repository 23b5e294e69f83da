import { deepEqual, doesNotMatch, equal, match, notEqual } from "node:assert/strict";
import { type SessionStatus, statusOf } from "../../../src/model.ts";
import type { Operation } from "../../../src/operations/machine.ts";
import type { Findings, Starts } from "../../../src/actions/why.ts";
import { findingsText, findingsToWire } from "../../../src/output/findings.ts";
import type { Screen } from "../../../src/output/screen.ts";
import { statusToWire } from "../../../src/wire.ts";
import { NOW } from "../../support/statuses.ts";

const PIPE: Screen = { terminal: false, columns: 80, colour: false, unicode: true, now: NOW };
const TERMINAL: Screen = { terminal: true, columns: 80, colour: false, unicode: true, now: NOW };

const HOUR = 3600_000;
const ago = (hours: number): Date => new Date(NOW.getTime() - hours * HOUR);

function ended(exitCode: number | null, more: Partial<SessionStatus> = {}): SessionStatus {
  return statusOf({ name: "astro", backend: "tmux", state: "exited", exitCode, ...more });
}

// --- all of it -----------------------------------------------------------------------------------

const ALL: Findings = {
  status: ended(3, {
    engine: "tmux",
    createdAt: ago(5),
    finishedAt: ago(3),
    reason: "tmux no longer has this session: only its record is left",
  }),
  meaning: "an error that the program itself reports; its output may say more",
  startedAt: null,
  earlier: [],
  seconds: 7200,
  starts: { count: 4, again: 0, failures: 2, since: ago(72) },
  definitionChanged: true,
  operation: null,
  lines: ["one", "two"],
  next: [
    { command: "kstops logs astro", about: "shows all that it printed" },
    { command: "kstops start astro", about: "starts it again" },
  ],
};
const NOTHING: Findings = {
  status: statusOf({ name: "astro", backend: "container", state: "defined" }),
  meaning: null,
  startedAt: null,
  earlier: [],
  seconds: null,
  starts: { count: 0, again: 0, failures: 0, since: null },
  definitionChanged: null,
  operation: null,
  lines: null,
  next: [],
};

Deno.test("findings are one screen for people", () => {
  equal(
    findingsText(ALL, TERMINAL),
    `astro (tmux): exited, exit code 3
meaning      an error that the program itself reports; its output may say more
reason       tmux no longer has this session: only its record is left
began        5 h ago (2026-03-04T07:00:00Z)
ended        3 h ago (2026-03-04T09:00:00Z)
ran for      2 h
started      4 times, 2 of them failed, first 3 d ago
definition   has changed since it was started

Last lines
  one
  two

Next
  kstops logs astro   shows all that it printed
  kstops start astro  starts it again
`,
  );
});

Deno.test("findings have whole times in a pipe", () => {
  const lines = findingsText(ALL, PIPE).split("\n");
  deepEqual(lines.filter((line) => /^(began|ended|started)/.test(line)), [
    "began        2026-03-04T07:00:00Z",
    "ended        2026-03-04T09:00:00Z",
    "started      4 times, 2 of them failed, first 2026-03-01T12:00:00Z",
  ]);
});

Deno.test("what was not found out is not in the text", () => {
  equal(findingsText(NOTHING, TERMINAL), "astro (container): defined\n");
});

Deno.test("of a session that runs, findings say how long it has run, and nothing of an end", () => {
  const status = ended(null, { state: "running", engine: "podman", backend: "container" });
  equal(
    findingsText({ ...NOTHING, status, seconds: 61, lines: [] }, TERMINAL),
    "astro (podman): running\nhas run for  1 min 1 s\n\nIt printed nothing\n",
  );
});

const STARTS: Record<string, Starts> = {
  "once": { count: 1, again: 0, failures: 0, since: ago(1) },
  "once, and failed": { count: 1, again: 0, failures: 1, since: ago(1) },
  "2 times, first 1 h ago": { count: 2, again: 0, failures: 0, since: ago(1) },
  "4 times, 3 of them without kstops, 2 of them failed": {
    count: 4,
    again: 3,
    failures: 2,
    since: null,
  },
  "3 times, 1 of them failed": { count: 3, again: 0, failures: 1, since: null },
};
for (const [text, starts] of Object.entries(STARTS)) {
  Deno.test(`findings say that a session was started ${text}`, () => {
    const [, line = ""] = findingsText({ ...NOTHING, starts }, TERMINAL).split("\n");
    match(line, new RegExp(`^started +${text}$`));
  });
}

Deno.test("findings say what kstops did last, in text and as JSON", () => {
  const operation: Operation = {
    id: "00000000-0000-4000-8000-000000000001",
    kind: "stop",
    session: "astro",
    parentId: null,
    place: "tmux:default",
    request: null,
    actor: null,
    owner: { pid: 1, host: "host", instance: "i" },
    state: "done",
    currentPhase: "done",
    nextAction: "none",
    createdAt: ago(2),
    lastHeartbeat: ago(2),
    pendingInput: null,
    result: { state: "stopped" },
    error: null,
  };
  match(
    findingsText({ ...NOTHING, operation }, TERMINAL),
    /^last change +stop done, 2 h ago, by -: stopped$/m,
  );
  const { operation: wire } = findingsToWire({ ...NOTHING, operation });
  equal((wire as { readonly id: string }).id, operation.id);
});

Deno.test("findings say that a definition is as it was", () => {
  match(
    findingsText({ ...NOTHING, definitionChanged: false }, TERMINAL),
    /^definition +as it was started$/m,
  );
});

Deno.test("nothing that a session says reaches the terminal as a control", () => {
  const evil = "\x1b[2J\x07\r\x9b31m";
  const status = ended(1, { name: evil, reason: evil });
  const shown = findingsText({ ...ALL, status, lines: [evil] }, TERMINAL);
  // deno-lint-ignore no-control-regex
  doesNotMatch(shown, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
  equal(shown.match(/\\x1b\[2J/g)?.length, 3);
});

Deno.test("colours change nothing else", () => {
  const coloured = findingsText(ALL, { ...TERMINAL, colour: true });
  notEqual(coloured, findingsText(ALL, TERMINAL));
  // deno-lint-ignore no-control-regex
  equal(coloured.replace(/\x1b\[\d+m/g, ""), findingsText(ALL, TERMINAL));
});

Deno.test("the JSON of findings has the keys of a session, and more", () => {
  deepEqual(findingsToWire(ALL), {
    ...statusToWire(ALL.status),
    meaning: "an error that the program itself reports; its output may say more",
    duration_seconds: 7200,
    starts: 4,
    failures: 2,
    earlier_executions: [],
    definition_changed: true,
    operation: null,
    last_lines: ["one", "two"],
    next: ["kstops logs astro", "kstops start astro"],
  });
});

Deno.test("the JSON of findings has all keys, also where nothing was found out", () => {
  const wire = findingsToWire(NOTHING);
  deepEqual(Object.keys(wire), Object.keys(findingsToWire(ALL)));
  deepEqual(
    [wire["meaning"], wire["duration_seconds"], wire["definition_changed"], wire["last_lines"]],
    [null, null, null, null],
  );
  deepEqual([wire["starts"], wire["failures"], wire["next"]], [0, 0, []]);
});
