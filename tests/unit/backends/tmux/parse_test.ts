import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import fc from "fast-check";
import {
  fieldSeparator,
  paneFormat,
  rowBegin,
  rowEnd,
} from "../../../../src/backends/tmux/args.ts";
import { parseFailure } from "../../../../src/backends/tmux/failure.ts";
import { GarbledAnswerError, parsePanes } from "../../../../src/backends/tmux/parse.ts";
import { isTooOld } from "../../../../src/backends/tmux/version.ts";
import { mainPane, statusOfSession } from "../../../../src/backends/tmux/status.ts";
import { DEFAULT_LOG, NOBODY } from "../../../../src/model.ts";
import { expandFormat } from "../../../support/tmux_format.ts";
import { property } from "../../../support/property.ts";

const NONCE = "0123456789ab";
const RECORD = {
  command: ["python", "-m", "bot"],
  working_dir: "/opt/astro",
  env: ["TOKEN"],
  log: "/logs/a.log",
  stop_signal: "SIGTERM",
  stop_timeout: 20,
  protected: true,
};

/** One row as tmux prints it, of a foreign session unless told. */
function row(fields: Readonly<Record<string, string>> = {}): string {
  const known = {
    version: "3.3a",
    pid: "77",
    session_id: "$1",
    session_name: "mine",
    session_created: "1700000000",
    session_attached: "0",
    session_windows: "1",
    session_path: "/home/user",
    window_active: "1",
    pane_active: "1",
    pane_id: "%1",
    pane_pid: "100",
    pane_dead: "0",
    ...fields,
  };
  return `${expandFormat(paneFormat(NONCE), known)}\n`;
}

/** The same of a managed session. */
function managedRow(fields: Readonly<Record<string, string>> = {}): string {
  return row({
    session_name: "astro",
    "@kstops": "run1",
    "@kstops_run": JSON.stringify(RECORD),
    "@kstops_pane": "run1",
    "@kstops_pid": "101",
    ...fields,
  });
}

function only(stdout: string) {
  const [session, ...more] = parsePanes(stdout, NONCE);
  ok(session !== undefined && more.length === 0);
  return session;
}

const statusFrom = (stdout: string) => statusOfSession(only(stdout), "bots");

Deno.test("the record of a session is that on its own pane, whatever pane comes first", () => {
  const other = { ...RECORD, working_dir: "/elsewhere" };
  const before: Readonly<Record<string, string>>[] = [
    { "@kstops_pane": "", "@kstops_pid": "", "@kstops_run": "" },
    { "@kstops_pane": "run2", "@kstops_run": JSON.stringify(other) },
  ];
  for (const fields of before) {
    const rows = [managedRow({ pane_id: "%0", ...fields }), managedRow()];
    const session = parsePanes(rows.join(""), NONCE).find(({ runId }) => runId === "run1");
    deepEqual([session?.record?.workingDir, session?.managedPane?.id], ["/opt/astro", "%1"]);
  }
});

Deno.test("a server without sessions has none", () => deepEqual(parsePanes("", NONCE), []));

Deno.test("a foreign session is what its active pane is", () => {
  const other = row({ pane_id: "%2", pane_pid: "200", pane_active: "0" });
  const status = statusFrom(other + row({ pane_start_command: '"vim \\"a b\\" \\$x"' }));
  deepEqual(status, {
    name: "mine",
    backend: "tmux",
    state: "running",
    pid: 100,
    exitCode: null,
    signal: null,
    createdAt: new Date(1_700_000_000_000),
    finishedAt: null,
    managed: false,
    defined: false,
    engine: "tmux",
    engineState: null,
    socketName: "bots",
    windowCount: 1,
    attached: 0,
    id: "$1",
    image: null,
    ports: null,
    command: ['vim "a b" $x'],
    workingDir: "/home/user",
    reason: null,
    ...NOBODY,
    leftovers: null,
    restartPolicy: null,
    restarts: null,
    nextRestartAt: null,
    health: null,
    groups: [],
    drift: null,
  });
});

Deno.test("a managed session is what its own pane is, whichever is active", () => {
  const users = managedRow({ pane_id: "%9", pane_pid: "900", "@kstops_pane": "" });
  const own = managedRow({ window_active: "0", pane_id: "%3" });
  const status = statusFrom(users + own);
  deepEqual(
    [status.managed, status.state, status.pid, status.command, status.workingDir],
    [true, "running", 101, RECORD.command, RECORD.working_dir],
  );
});

const ENDS: Record<string, { fields: Record<string, string>; is: readonly unknown[] }> = {
  "by itself": { fields: { pane_dead_status: "3" }, is: ["exited", 3, null] },
  "with success": { fields: { pane_dead_status: "0" }, is: ["exited", 0, null] },
  "by a signal, as a shell says it": {
    fields: { pane_dead_status: "137" },
    is: ["exited", 137, "SIGKILL"],
  },
  "by a signal, as tmux says it": {
    fields: { pane_dead_signal: "9" },
    is: ["exited", 137, "SIGKILL"],
  },
  "in a way that tmux lost": { fields: {}, is: ["exited", null, null] },
};
for (const [how, { fields, is }] of Object.entries(ENDS)) {
  Deno.test(`a session that ended ${how} says so`, () => {
    const status = statusFrom(
      managedRow({ pane_dead: "1", pane_dead_time: "1700000009", ...fields }),
    );
    deepEqual([status.state, status.exitCode, status.signal], is);
    deepEqual(status.finishedAt, new Date(1_700_000_009_000));
    deepEqual([status.pid, status.engineState], [null, "dead"]);
    equal(status.reason === null, status.exitCode !== null);
  });
}

Deno.test("a managed session without its pane is stopped, though a window lives", () => {
  const status = statusFrom(managedRow({ "@kstops_pane": "" }));
  deepEqual([status.state, status.pid, status.exitCode], ["stopped", null, null]);
  match(status.reason ?? "", /closed/);
});

Deno.test("a pane of another run is not the session's own", () => {
  const sessions = parsePanes(managedRow({ "@kstops_pane": "run0" }), NONCE);
  const own = sessions.find(({ runId }) => runId === "run1");
  ok(own);
  deepEqual([mainPane(own), own.panes], [null, []]);
  // It is the pane of that run, which somebody moved here.
  deepEqual(sessions.map(({ runId, isOwn }) => [runId, isOwn]), [["run1", true], ["run0", false]]);
});

Deno.test("a foreign session is running while any of its panes is", () => {
  const dead = row({ pane_dead: "1", pane_dead_status: "1" });
  const alive = row({ pane_id: "%2", pane_pid: "200", pane_active: "0" });
  const status = statusFrom(dead + alive);
  deepEqual([status.state, status.pid], ["running", 200]);
});

Deno.test("a pane that other sessions show is linked, one that its own shows twice is not", () => {
  const sessions = parsePanes(
    row({ session_id: "$1", pane_id: "%1", window_active: "0" }) +
      row({ session_id: "$1", pane_id: "%1" }) +
      row({ session_id: "$1", pane_id: "%2" }) +
      row({ session_id: "$2", pane_id: "%2" }),
    NONCE,
  );
  deepEqual(
    sessions.map(({ id, panes }) => [id, panes.map(({ id, linked }) => `${id} ${linked}`)]),
    [["$1", ["%1 false", "%2 true"]], ["$2", ["%2 true"]]],
  );
  equal(sessions[0]?.panes[0]?.active, true);
});

Deno.test("rows of several sessions are told apart by their ids", () => {
  const sessions = parsePanes(
    row({ session_id: "$2", session_name: "same" }) +
      row({ session_id: "$10", session_name: "same" }) +
      row({ session_id: "$2", session_name: "same", pane_id: "%5" }),
    NONCE,
  );
  deepEqual(sessions.map(({ id, panes }) => [id, panes.length]), [["$2", 2], ["$10", 1]]);
});

Deno.test("paths and names may hold newlines, tabs and what separates fields", () => {
  const strange = `/a\nb\t\x1f\x1e|${fieldSeparator("other")}${rowEnd("other")}\n`;
  const session = only(row({ session_path: strange, session_name: "two\\012lines" }));
  deepEqual([session.path, session.name], [strange, "two\\012lines"]);
});

property("any values are read as they were printed", () => {
  const value = fc.string({ unit: "binary" });
  return {
    input: fc.tuple(value, value),
    holds: ([name, path]) => {
      const session = only(row({ session_name: name, session_path: path }));
      deepEqual([session.name, session.path], [name, path || null]);
    },
  };
});

for (
  const [what, stdout] of Object.entries({ "another text": "hello\n", "an old row": "3.5a\\037\n" })
) {
  Deno.test(`${what} is a garbled answer`, () => {
    throws(() => parsePanes(stdout, NONCE), GarbledAnswerError);
  });
}

Deno.test("what hooks print between the rows is none of them", () => {
  const noise = "(null):0: hi\nnoise\n";
  const rows = [row({ session_id: "$1" }), row({ session_id: "$2", session_name: "other" })];
  const sessions = parsePanes(noise + rows.join(noise) + noise, NONCE);
  deepEqual(sessions, parsePanes(rows.join(""), NONCE));
  equal(sessions.length, 2);
});

const BROKEN: Record<string, { row: string; name?: null; id?: null }> = {
  "a row without its end": { row: row().slice(0, -2) },
  "a row with a field too few": { row: row().replace(`${fieldSeparator(NONCE)}11`, "11") },
  "a row with a field too many": { row: row({ session_path: fieldSeparator(NONCE) }) },
  "a pane without a pid": { row: row({ pane_pid: "" }) },
  "a pane whose pid is none": { row: row({ pane_pid: "0" }) },
  "a pane without a server": { row: row({ pid: "" }) },
  "a row without any facts": { row: row().replace(/\[.*?\]/, ""), id: null },
  "a row whose facts are none": { row: row().replace(/\[.*?\]/, "null"), id: null },
  "a row with a fact too few": { row: row().replace('"3.3a",', "") },
  "a row with a fact of another type": { row: row().replace('"$1"', "1"), id: null },
  "a row with a number below zero": { row: row({ pane_pid: "-1" }) },
  "a row with nothing in it": { row: rowBegin(NONCE) + rowEnd(NONCE) + "\n", name: null, id: null },
};
for (const [what, { row: broken, name = "mine", id = "$1" }] of Object.entries(BROKEN)) {
  Deno.test(`${what} is one session that nobody knows, beside the others`, () => {
    const others = [managedRow({ session_id: "$2", pane_id: "%2" })];
    const sessions = parsePanes(`${others.join("")}${broken}`, NONCE);
    const [other, lost, ...more] = sessions.map((each) => statusOfSession(each, "bots"));
    deepEqual(more, []);
    deepEqual(other, statusFrom(others.join("")));
    deepEqual([lost?.state, lost?.name, lost?.id, lost?.pid], ["unknown", name, id, null]);
    match(lost?.reason ?? "", /cannot be read/);
  });
}

Deno.test("a session that has one pane that cannot be read is one that nobody knows", () => {
  const broken = row({ pane_id: "%2", pane_pid: "" });
  for (const stdout of [row() + broken, broken + row(), row() + broken + broken]) {
    const status = statusFrom(stdout);
    deepEqual([status.name, status.state, status.pid], ["mine", "unknown", null]);
  }
  deepEqual(parsePanes(broken + broken, NONCE).length, 1);
});

Deno.test("a dead pane has no pid in tmux 3.8, which changes nothing", () => {
  const dead = { pane_dead: "1", pane_dead_status: "3", pane_dead_time: "1700000009" };
  const old = statusFrom(managedRow(dead));
  deepEqual(statusFrom(managedRow({ ...dead, version: "3.8", pane_pid: "" })), old);
  equal(old.exitCode, 3);
});

Deno.test("of a time and an exit status that cannot be, nothing is told", () => {
  const far = String(Number.MAX_SAFE_INTEGER);
  const dead = { pane_dead: "1", pane_dead_signal: "", pane_dead_time: far };
  const [session] = parsePanes(
    row({ ...dead, session_created: far, pane_dead_status: "999" }),
    NONCE,
  );
  ok(session);
  const { createdAt, finishedAt, exitCode, signal } = statusOfSession(session, "default");
  deepEqual([createdAt, finishedAt, exitCode, signal], [null, null, null, null]);
});

property("any text is read or garbled, and nothing else", {
  input: fc.string({ unit: "binary" }),
  holds: (text) => {
    try {
      deepEqual(parsePanes(text, NONCE), []);
    } catch (error) {
      ok(error instanceof GarbledAnswerError);
    }
  },
});

const NO_RECORDS: Record<string, string> = {
  "no JSON": "{",
  "null": "null",
  "a number": "1",
  "a command that is no list": JSON.stringify({ ...RECORD, command: "sleep" }),
  "words that are no text": JSON.stringify({ ...RECORD, command: ["sleep", 60] }),
  "no directory": JSON.stringify({ ...RECORD, working_dir: undefined }),
};
for (const [what, text] of Object.entries(NO_RECORDS)) {
  Deno.test(`a session whose record is ${what} is still a managed one`, () => {
    const session = only(managedRow({ "@kstops_run": text }));
    equal(session.record, null);
    const status = statusOfSession(session, "bots");
    deepEqual([status.managed, status.pid, status.command], [true, 101, null]);
  });
}

Deno.test("a record of another version is read as far as it goes", () => {
  const { command, working_dir, env } = RECORD;
  const text = JSON.stringify({ command, working_dir, env, future: 1 });
  deepEqual(only(managedRow({ "@kstops_run": text })).record, {
    argv: command,
    workingDir: working_dir,
    envNames: env,
    stopScope: null,
    ...{
      restart: null,
      restartDelaySeconds: 1,
      restartMaxDelaySeconds: 60,
      restartResetSeconds: 60,
    },
    successExitCodes: [],
    ready: null,
    log: DEFAULT_LOG,
    stopSignal: null,
    stopTimeoutSeconds: 10,
    protected: false,
    owner: NOBODY,
    facts: { name: null, log: null, hold_file: null },
    unknown: { future: 1 },
  });
});

Deno.test("numbers that are none are unknown", () => {
  const status = statusFrom(managedRow({ "@kstops_pid": "0x1f", session_created: "0" }));
  deepEqual([status.pid, status.createdAt], [null, null]);
});

const FAILURES: Record<string, string> = {
  "no server running on /tmp/tmux-0/default": "no_server",
  "error connecting to /tmp/tmux-0/default (No such file or directory)": "no_server",
  "server exited unexpectedly": "ending",
  "lost server": "ending",
  "duplicate session: astro": "duplicate",
  "can't find pane: astro\nduplicate session: astro": "duplicate",
  "can't find session: $3": "not_found",
  "can't find window: 0": "not_found",
  "can't find pane: %7": "not_found",
  "no such session: $9": "not_found",
  "no current target": "not_found",
  "error connecting to /tmp/tmux-0/default (Permission denied)": "other",
  "directory /tmp/tmux-0 has unsafe permissions": "other",
  "access not allowed": "other",
  "protocol version mismatch (client 8, server 7)": "other",
  "command too long": "other",
  "": "ending",
};
for (const [stderr, kind] of Object.entries(FAILURES)) {
  Deno.test(`${JSON.stringify(stderr)} of tmux is the failure ${kind}`, () => {
    equal(parseFailure(stderr === "" ? "" : `${stderr}\n`).kind, kind);
  });
}

Deno.test("the reason of another failure is what tmux said last", () => {
  deepEqual(parseFailure("warning\n\naccess not allowed\n"), {
    kind: "other",
    reason: "access not allowed",
  });
});

const VERSIONS: Record<string, boolean> = {
  "3.2": false,
  "3.2a": false,
  "3.3a": false,
  "3.10": false,
  "4.0": false,
  "10.0": false,
  "next-3.4": false,
  "openbsd-7.4": false,
  "master": false,
  "": false,
  "3.1c": true,
  "3.0": true,
  "2.9": true,
  "2.9a": true,
  "1.8": true,
  "next-3.1": true,
  "tmux 2.9a": true,
  "tmux 3.3a": false,
};
for (const [version, old] of Object.entries(VERSIONS)) {
  Deno.test(`tmux ${JSON.stringify(version)} is ${old ? "too old" : "new enough"}`, () => {
    equal(isTooOld(version), old);
  });
}

// --- a user's own tmux ---------------------------------------------------------------------------

const NAMED = JSON.stringify({ ...RECORD, name: "astro" });

Deno.test("a session that was renamed has the name that it was started with, and says so", () => {
  const session = only(managedRow({ session_name: "zz", "@kstops_run": NAMED }));
  const { name, state, reason } = statusOfSession(session, "bots");
  deepEqual([name, state, reason], ["astro", "running", "tmux calls it zz by now"]);
});

Deno.test("an older kstops wrote the name of a session into the path of its output only", () => {
  const log = "/home/x/.local/state/kstops/logs/bot/20260102T030405.678Z-0123456789ab";
  const record = JSON.stringify({ ...RECORD, log });
  equal(only(managedRow({ session_name: "zz", "@kstops_run": record })).name, "bot");
  const other = JSON.stringify({ ...RECORD, log: "/logs/astro.log" });
  equal(only(managedRow({ session_name: "zz", "@kstops_run": other })).name, "zz");
});

/** A managed pane in a session that kstops did not make. */
const movedRow = (fields: Record<string, string> = {}) =>
  managedRow({ session_id: "$9", session_name: "other", "@kstops": "", ...fields });

Deno.test("a pane that was moved into a foreign session is the session", () => {
  const foreign = row({ session_id: "$9", session_name: "other", pane_id: "%8" });
  const sessions = parsePanes(movedRow({ "@kstops_run": NAMED }) + foreign, NONCE);
  equal(sessions[0]?.path, "/home/user");
  deepEqual(sessions.map(({ name, runId }) => [name, runId !== null]), [
    ["other", false],
    ["astro", true],
  ]);
  const [, moved] = sessions;
  ok(moved);
  const { state, pid, managed, reason } = statusOfSession(moved, "bots");
  deepEqual(
    [state, pid, managed, reason],
    ["running", 101, true, "somebody moved it into the tmux session other"],
  );
  deepEqual([moved.isOwn, moved.strayPane], [false, moved.managedPane?.id]);
});

Deno.test("a session that only shows a managed pane is no session beside it", () => {
  const sessions = parsePanes(managedRow() + movedRow(), NONCE);
  deepEqual(sessions.map(({ name }) => name), [only(managedRow()).name]);
});

Deno.test("a session keeps its pane when that was moved away, and its other windows", () => {
  const rest = managedRow({ pane_id: "%9", "@kstops_pane": "", "@kstops_pid": "" });
  const sessions = parsePanes(rest + movedRow({ pane_id: "%3" }), NONCE);
  equal(sessions.length, 1);
  deepEqual([sessions[0]?.isOwn, sessions[0]?.strayPane], [true, "%3"]);
});

Deno.test("a pane that was given to another program is not the session's", () => {
  const kept = managedRow({ pane_pid: "100", "@kstops_pid": "101 100" });
  deepEqual([statusFrom(kept).state, statusFrom(kept).pid], ["running", 101]);
  const taken = statusFrom(managedRow({ pane_pid: "300", "@kstops_pid": "101 100" }));
  deepEqual(
    [taken.state, taken.pid, taken.reason],
    ["stopped", null, "its pane was given to another program (respawn-pane)"],
  );
});
