/** What engines print. */
import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { parseAnswers } from "../../src/backends/container/answers.ts";
import { mergeByTime } from "../../src/backends/container/log_lines.ts";
import {
  neverExecuted,
  parseFailure as parseContainerFailure,
} from "../../src/backends/container/failure.ts";
import { GarbledAnswerError as GarbledContainers } from "../../src/backends/container/fields.ts";
import { recordOf } from "../../src/backends/container/labels.ts";
import {
  type Container,
  parseInspected,
  parsePodmanList,
} from "../../src/backends/container/parse.ts";
import { statusOfContainer } from "../../src/backends/container/status.ts";
import { responseReader } from "../../src/backends/container/responses.ts";
import {
  fieldSeparator,
  paneFormat,
  rowBegin,
  rowEnd,
  rowFormat,
  SERVER_FIELDS,
} from "../../src/backends/tmux/args.ts";
import { parseFailure } from "../../src/backends/tmux/failure.ts";
import { GarbledAnswerError, parsePanes } from "../../src/backends/tmux/parse.ts";
import { isTooOld } from "../../src/backends/tmux/version.ts";
import { statusOfSession } from "../../src/backends/tmux/status.ts";
import { parseLook, parsePipes, parseProcesses } from "../../src/backends/tmux/look.ts";
import { parseEnvironment, parseServer } from "../../src/backends/tmux/answers.ts";
import { belongings, isInteractiveShell } from "../../src/backends/tmux/processes.ts";
import { CREATED_FIELDS, parseCreated } from "../../src/backends/tmux/start_script.ts";
import type { Runtime } from "../../src/model.ts";
import { problemWith } from "../support/json_schema.ts";
import { formatLook } from "../support/look.ts";
import { printEscaped, shellAssignment } from "../support/tmux_escapes.ts";
import { expandFormat } from "../support/tmux_format.ts";
import { isStatus, orThrown, plain } from "./checks.ts";
import { broken, brokenJson, BYTES, fixtures, NUMBER, TEXT } from "./inputs.ts";
import { property } from "../support/property.ts";

// --- tmux ----------------------------------------------------------------------------------------

const NONCE = "0123456789ab";
const RECORD = {
  ...{ command: ["python", "-m", "bot"], working_dir: "/opt/astro", env: ["TOKEN"] },
  ...{ log: "/logs/a.log", log_capture: true, log_max_bytes: 1000, log_keep: 3 },
  ...{ stop_signal: "SIGTERM", stop_timeout: 20, protected: true },
};

/** tmux itself lets no text in that its own formats could be confused by. */
const FIELD = TEXT.map((text) => text.replaceAll(/[\0\n]/g, ""));

const count = fc.nat({ max: 5 }).map(String);

const PANE = fc.record({
  version: fc.constantFrom("3.2", "3.3a", "next-3.6"),
  pid: fc.constantFrom("77", "78"),
  session_id: fc.constantFrom("$0", "$1", "$2"),
  session_name: FIELD,
  session_created: fc.oneof(fc.constant("1700000000"), fc.nat().map(String)),
  session_attached: count,
  session_windows: count,
  session_path: FIELD,
  window_active: fc.constantFrom("0", "1"),
  pane_active: fc.constantFrom("0", "1"),
  pane_id: fc.nat({ max: 8 }).map((id) => `%${id}`),
  pane_pid: fc.nat().map(String),
  pane_dead: fc.constantFrom("0", "1"),
  pane_dead_status: fc.oneof(fc.constant(""), fc.nat({ max: 255 }).map(String)),
  pane_dead_signal: fc.oneof(fc.constant(""), fc.nat({ max: 64 }).map(String)),
  pane_dead_time: fc.oneof(fc.constant(""), fc.nat().map(String)),
  pane_start_command: FIELD,
  "@kstops": fc.constantFrom("", "run1", "run2"),
  "@kstops_pane": fc.constantFrom("", "run1", "run2"),
  "@kstops_pid": fc.oneof(fc.constant(""), fc.nat().map(String), FIELD),
  "@kstops_run": fc.oneof(
    fc.constant(JSON.stringify(RECORD)),
    brokenJson(fc.constant(RECORD)),
    FIELD,
  ),
});

const row = (fields: Readonly<Record<string, string>>): string =>
  `${expandFormat(paneFormat(NONCE), fields)}\n`;

const PANES = fc.array(PANE, { maxLength: 5 }).map((panes) => panes.map(row).join(""));

const statusesOf = (stdout: string) =>
  orThrown(() => parsePanes(stdout, NONCE), GarbledAnswerError)
    ?.map((session) => statusOfSession(session, "default")) ?? [];

/** A row whose first field is some JSON. */
const rowOf = (facts: string): string =>
  rowBegin(NONCE) + [facts, "astro", "run1", "run1", "101", ""].join(fieldSeparator(NONCE)) +
  `${rowEnd(NONCE)}\n`;

const FACTS = ["3.3a", 77, "$1", 1700000000, 0, 1, "%1", "0 9 1700000001"];

property("tmux: the panes of a server, broken", {
  input: broken(PANES),
  holds: (stdout) => statusesOf(stdout).forEach(isStatus),
  cases: 200,
});
property("tmux: panes whose facts are anything", {
  input: brokenJson(fc.constant(FACTS)),
  holds: (facts) => statusesOf(rowOf(facts)).forEach(isStatus),
  once: [
    "null",
    "[]",
    '["3.3a",77,"$1",1e300,0,1,"%1",100]',
    '["3.3a",77,"$1",1,0,1,"%1","999  1"]',
    '["3.3a",77,"$1",1,0,1,"%1"," 9 9007199254740991"]',
  ],
});
property("tmux: every session of a server is told, whatever it is called", {
  input: fc.uniqueArray(FIELD, { maxLength: 6 }),
  holds: (names) => {
    const rows = names.map((session_name, index) =>
      row({
        ...{ version: "3.3a", pid: "77", session_id: `$${index}`, session_name, pane_dead: "0" },
        ...{ session_created: "1", session_attached: "0", session_windows: "1" },
        ...{ pane_id: `%${index}`, pane_pid: "100", window_active: "1", pane_active: "1" },
      })
    );
    deepEqual(statusesOf(rows.join("")).map(({ name }) => name), names);
  },
});
property("tmux: what a start printed", {
  input: broken(
    fc.record({
      version: FIELD,
      session_id: FIELD,
      session_created: NUMBER.map(String),
      pane_id: FIELD,
      pane_pid: NUMBER.map(String),
      "exit-unattached": FIELD,
      session_attached: FIELD,
    }).map((fields) => `${expandFormat(rowFormat(CREATED_FIELDS, NONCE), fields)}\n`),
  ),
  holds: (stdout) => {
    const created = parseCreated(stdout, NONCE);
    if (created === null) return;
    ok(Number.isSafeInteger(created.panePid) && created.panePid >= 0);
    isDate(created.createdAt);
  },
  once: [
    rowBegin(NONCE) +
    ["3.3a", "$1", "9007199254740991", "%1", "1", "0", "0"].join(fieldSeparator(NONCE)) +
    `${rowEnd(NONCE)}\n`,
  ],
});
property("tmux: what a server says of itself", {
  input: broken(
    fc.record({ pid: FIELD, socket_path: FIELD, prefix: FIELD, prefix2: FIELD, version: FIELD })
      .map((fields) => `${expandFormat(rowFormat(SERVER_FIELDS, NONCE), fields)}\n`),
  ),
  holds: (stdout) => {
    const facts = parseServer(stdout, NONCE);
    if (facts === null) return;
    equal(typeof facts.pid + typeof facts.socketPath, "stringstring");
    ok(facts.prefix === null || facts.prefix !== "None");
  },
});
property("tmux: values of variables come back as they were set", {
  input: fc.uniqueArray(
    fc.tuple(fc.stringMatching(/^[A-Z_]{1,4}$/), fc.option(FIELD, { nil: null })),
    { selector: ([name]) => name, maxLength: 5 },
  ),
  holds: (variables) => {
    const answers = variables.map(([name, value]) =>
      `${value === null ? "" : shellAssignment(name, value)}${NONCE}\n`
    );
    const stdout = `${NONCE}\n${answers.join("")}`;
    const names = variables.map(([name]) => name);
    const expected = variables.flatMap(([name, value]) => value === null ? [] : [[name, value]]);
    for (const [serverVersion, print] of [["3.3a", String], ["3.5a", printEscaped]] as const) {
      const found = parseEnvironment(print(stdout), names, { nonce: NONCE, serverVersion });
      deepEqual(Object.entries(found), expected);
    }
  },
});
property("tmux: its failures and versions", {
  input: broken(fc.oneof(
    TEXT,
    fc.constantFrom(
      "no server running on /tmp/tmux-1000/default\n",
      "duplicate session: astro\n",
      "can't find session: astro\n",
      "error connecting to /tmp/tmux-0/x (No such file or directory)\n",
      "tmux 3.3a",
    ),
  )),
  holds: (stderr) => {
    const failure = parseFailure(stderr);
    if (failure.kind === "other") ok(failure.reason !== "" && !failure.reason.includes("\n"));
    equal(typeof isTooOld(stderr), "boolean");
  },
});

// --- processes -----------------------------------------------------------------------------------

const PID = fc.integer({ min: 1, max: 30 });
const PROCESS = fc.record({
  pid: PID,
  ppid: fc.nat({ max: 30 }),
  group: PID,
  session: PID,
  foreground: fc.integer({ min: -1, max: 30 }),
  state: fc.constantFrom("S", "Z", "T", "R", "X"),
  mark: fc.constantFrom(null, "0123456789ab", "fedcba987654"),
  // What a process calls itself may have anything in it but NUL.
  name: fc.oneof(
    fc.constantFrom("tmux: server", "conmon", "sleep", "a) R 1 1", "x\n7 (y", "1/stat:1 (x) S"),
    TEXT.map((text) => text.replaceAll("\0", "").slice(0, 15)),
  ),
});

const psLine = ({ pid, ppid, group, session, foreground, state, name }: {
  pid: number;
  ppid: number;
  group: number;
  session: number;
  foreground: number;
  state: string;
  name: string;
}) =>
  `${pid} ${ppid} ${group} ${session} ${foreground} ${state} Mon Jan  5 12:00:00 2026 ` +
  name.replaceAll("\n", "?");

property("a look: every process is told, whatever it calls itself", {
  input: fc.array(PROCESS, { maxLength: 8 }),
  holds: (rows) => {
    const { table, marks, clock } = parseLook(formatLook(rows));
    const last = new Map(rows.map((each) => [each.pid, each]));
    equal(table.size, last.size);
    equal(clock, 10647);
    for (const { pid, ppid, session, name, state } of last.values()) {
      const process = table.get(pid);
      equal(process?.name, name);
      equal(process?.zombie, state === "Z" || state === "X");
      equal(process?.ppid, ppid);
      equal(process?.session, session);
      ok(!marks.has(pid) || rows.some((each) => each.pid === pid && each.mark !== null));
    }
  },
  cases: 200,
});
property("a look: what belongs to a session lives, and is nobody's who asks", {
  input: fc.record({
    rows: fc.array(PROCESS, { maxLength: 30 }),
    panes: fc.array(PID, { maxLength: 3 }),
    run: fc.constantFrom(null, "0123456789ab"),
    self: PID,
  }),
  holds: ({ rows, panes, run, self }) => {
    const look = { ...parseLook(formatLook(rows)), tookMs: 1 };
    const { table, boot } = look;
    const known = [...table.values()].slice(0, 3).map((each) => ({ ...each, boot }));
    const found = belongings(look, { panes, run, known, self });
    for (const process of found) {
      equal(table.get(process.pid), process);
      ok(!process.zombie && process.pid !== self && process.pid > 1);
      ok(run === null || (look.marks.get(process.pid) ?? run) === run);
      // Who asks is in the table, or there are no children of it.
      ok(process.ppid !== self || !table.has(self));
    }
    equal(new Set(found).size, found.length);
  },
});
property("a look, and ps: anything", {
  input: broken(fc.oneof(
    fc.array(PROCESS, { maxLength: 5 }).map((all) => all.map(psLine).join("\n")),
    fc.array(PROCESS, { maxLength: 5 }).map((all) => formatLook(all)),
  )),
  holds: (stdout) => {
    for (const table of [parseProcesses(stdout), parseLook(stdout).table]) {
      for (const [pid, process] of table) {
        equal(pid, process.pid);
        const numbers = [pid, process.ppid, process.group, process.session, process.foreground];
        ok(numbers.every(Number.isSafeInteger), JSON.stringify(process));
      }
    }
    for (const pid of parsePipes(stdout).input.keys()) ok(Number.isSafeInteger(pid));
    isInteractiveShell(stdout);
  },
  once: [`${"9".repeat(400)} 1 1 1 -1 S Mon Jan  5 12:00:00 2026 x`],
});

// --- containers ----------------------------------------------------------------------------------

/** All that docker's daemon was recorded to answer. */
const CONVERSATION = fixtures("docker").get("dial.http") ?? "";

/** Some of the containers that were recorded. */
function someOf(path: string, file: string): fc.Arbitrary<readonly unknown[]> {
  const all: unknown[] = JSON.parse(fixtures(path).get(file) ?? "[]");
  return fc.array(fc.constantFrom(...all), { minLength: 1, maxLength: 2 });
}

/** The first row of a list that may be broken. */
function rowIn(text: string): unknown {
  const list: unknown = JSON.parse(text);
  return Array.isArray(list) ? list[0] ?? null : list;
}

function areStatuses(containers: readonly Container[] | null, runtime: Runtime): void {
  for (const container of containers ?? []) {
    for (const kept of [true, false]) isStatus(statusOfContainer(container, { runtime, kept }));
    const record = recordOf(container);
    if (record !== null) equal(typeof record.image, "string");
    for (const value of Object.values(container.labels)) equal(typeof value, "string");
    for (const value of Object.values(container.details?.env ?? {})) equal(typeof value, "string");
    ok(Number.isSafeInteger(container.details?.restarts ?? 0));
  }
}

/** An answer that is broken, inside or as a text. */
const answers = (values: fc.Arbitrary<unknown>) =>
  fc.oneof(brokenJson(values), broken(values.map((value) => JSON.stringify(value))));

const podmanRow = (more: object) =>
  JSON.stringify([{ Id: "a", Names: ["a"], State: "exited", Exited: true, ...more }]);
const inspectRow = (more: object) =>
  JSON.stringify([{ Id: "a", Name: "/a", Config: {}, State: { Status: "exited" }, ...more }]);

const FAILURES = ["podman", "docker"].flatMap((runtime) =>
  (fixtures(runtime).get("failures.ndjson") ?? "").split("\n").filter((line) => line !== "")
    .map((line): string => String(Object.values(JSON.parse(line)).at(-1)))
);

const STAMPED = fc.array(
  fc.tuple(
    fc.oneof(
      fc.date({ min: new Date(0), max: new Date("2100-01-01"), noInvalidDate: true })
        .map((date) => `${date.toISOString()} `),
      fc.constant(""),
    ),
    BYTES.map((bytes) => bytes.filter((byte) => byte !== 0x0a)),
  ),
  { maxLength: 6 },
).map((lines) =>
  Uint8Array.from(
    lines.flatMap(([time, text]) => [...new TextEncoder().encode(time), ...text, 0x0a]),
  )
);

property("podman: its list, broken", {
  input: answers(someOf("podman", "list.json")),
  holds: (stdout) => {
    areStatuses(orThrown(() => parsePodmanList(stdout), GarbledContainers), "podman");
  },
  cases: 200,
  once: [
    podmanRow({ ExitedAt: 1e300 }),
    podmanRow({ ExitedAt: 1, ExitCode: -1 }),
    podmanRow({ Pid: 1.5, State: "running" }),
    podmanRow({ Ports: [{ container_port: 1.5, host_port: -1, range: 2 }] }),
    podmanRow({ Ports: [{ container_port: 65535, host_port: 65535, range: 2 }] }),
  ],
});
for (const runtime of ["podman", "docker"] as const) {
  property(`${runtime}: its inspect, broken`, {
    input: answers(someOf(runtime, "inspect.json")),
    holds: (stdout) => {
      areStatuses(orThrown(() => parseInspected(stdout), GarbledContainers), runtime);
    },
    cases: 200,
    once: [
      inspectRow({ State: { Status: "running", Pid: 0.5 } }),
      inspectRow({
        State: { Status: "exited", FinishedAt: "2026-01-02T03:04:05Z", ExitCode: 3e9 },
      }),
      inspectRow({ Created: "+012345-01-01T00:00:00Z" }),
      inspectRow({ HostConfig: { PortBindings: { "80/tcp": [{ HostPort: "-1.5" }] } } }),
      inspectRow({ HostConfig: { PortBindings: { "/tcp": [{ HostPort: "1" }] } } }),
      inspectRow({ RestartCount: 1e300 }),
    ],
  });
}
property("podman: what is well-formed is told whole", {
  input: someOf("podman", "list.json"),
  holds: (rows) => {
    const containers = parsePodmanList(JSON.stringify(rows));
    equal(containers.length, rows.length);
    ok(containers.every(({ unread }) => unread === null));
  },
  cases: 20,
});
property("containers: a row that cannot be read takes none of the others away", {
  input: fc.tuple(
    someOf("podman", "list.json"),
    someOf("docker", "inspect.json"),
    fc.nat({ max: 2 }),
    fc.oneof(brokenJson(someOf("podman", "list.json")).map(rowIn), fc.jsonValue()),
  ),
  holds: ([listed, inspected, at, odd]) => {
    for (
      const [parse, rows] of [[parsePodmanList, listed], [parseInspected, inspected]] as const
    ) {
      const found = parse(JSON.stringify(rows.toSpliced(at, 0, odd)));
      deepEqual(found.toSpliced(Math.min(at, rows.length), 1), parse(JSON.stringify(rows)));
    }
  },
});
property("docker: its daemon, broken and cut", {
  input: fc.tuple(broken(fc.constant(CONVERSATION)), fc.nat()),
  holds: ([stdout, at]) => {
    const bytes = new TextEncoder().encode(stdout);
    const cut = at % (bytes.length + 1);
    const reader = responseReader();
    const responses = [bytes.subarray(0, cut), bytes.subarray(cut)].flatMap((piece) =>
      reader.add(piece) ?? []
    );
    const ids = responses.slice(1).map((_, index) => String(index));
    const described = orThrown(() => parseAnswers({ ids, responses }), GarbledContainers);
    if (described && "containers" in described) areStatuses(described.containers, "docker");
  },
  cases: 200,
});
property("containers: what a client says when it fails", {
  input: broken(fc.oneof(TEXT, fc.constantFrom(...FAILURES))),
  holds: (stderr) => {
    const { reason } = parseContainerFailure(stderr);
    ok(reason !== "" && !reason.includes("\n"), JSON.stringify(reason));
    const said = neverExecuted(stderr);
    ok(said === null || typeof said === "string");
  },
  cases: 200,
});
property("containers: of two streams put together no byte is lost", {
  input: fc.tuple(fc.oneof(STAMPED, BYTES), fc.oneof(STAMPED, BYTES)),
  holds: ([stdout, stderr]) => {
    const merged = mergeByTime(stdout, stderr, { keepTimes: true });
    const sorted = (bytes: Uint8Array) => [...bytes].sort().join();
    equal(sorted(merged), sorted(Uint8Array.from([...stdout, ...stderr])));
    ok(mergeByTime(stdout, stderr).length <= merged.length);
    deepEqual(mergeByTime(stdout, new Uint8Array(), { keepTimes: true }).length, stdout.length);
  },
});

function isDate(date: Date | null): void {
  const rules = { type: ["string", "null"], format: "date-time" };
  if (date !== null) ok(!Number.isNaN(date.getTime()));
  equal(problemWith(rules, plain(date)), null);
}
