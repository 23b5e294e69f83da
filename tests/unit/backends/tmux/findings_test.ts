import { deepEqual } from "node:assert/strict";
import type { Answer } from "../../../../src/model/finding.ts";
import type { Needs } from "../../../../src/backends/doctor.ts";
import {
  type ServerFacts,
  type TmuxFacts,
  tmuxFindings,
  type TmuxServer,
} from "../../../../src/backends/tmux/findings.ts";
import { told } from "../../../support/told.ts";

const NOTHING: Needs = { any: null, of: {}, scopes: [] };
const NEEDED: Needs = {
  any: "needed by astro",
  of: { tmux: "needed by astro" },
  scopes: ["bots"],
};

const TMUX: TmuxFacts = {
  binary: "tmux",
  found: { kind: "found", path: "/usr/bin/tmux" },
  installHint: "install it: apt install tmux",
  version: { kind: "answered", value: "3.3a", milliseconds: 2 },
  directory: "/tmp/tmux-1000",
  directoryTrouble: null,
  servers: [],
  unended: [],
};

const MISSING: Partial<TmuxFacts> = {
  found: { kind: "missing", reason: 'the program "tmux" is not on PATH', hint: "" },
  version: null,
};

function server(socketName: string, answer: Answer<Partial<TmuxServer> | null>): ServerFacts {
  const path = `/tmp/tmux-1000/${socketName}`;
  if (answer.kind === "failed" || answer.value === null) {
    return { socketName, path, answer: answer as ServerFacts["answer"] };
  }
  const value = { version: "3.3a", pid: 7, sessions: 1, unreadable: [], ...answer.value };
  return { socketName, path, answer: { ...answer, value } };
}

const answers = (value: Partial<TmuxServer> | null, milliseconds = 3): Answer<typeof value> => ({
  kind: "answered",
  value,
  milliseconds,
});
const fails = (reason: string): Answer<never> => ({ kind: "failed", reason, milliseconds: 5000 });

const VERSION = "ok tmux.version: tmux 3.3a (/usr/bin/tmux) answers in 2 ms";
const NO_SERVER = "ok tmux.server: no tmux server runs; the first start begins one";

const CASES: Record<
  string,
  { facts: Partial<TmuxFacts>; needs?: Needs; says: readonly string[] }
> = {
  "a tmux without servers": { facts: {}, says: [VERSION, NO_SERVER] },
  "servers that answer": {
    facts: {
      servers: [server("default", answers({ sessions: 2 }, 3)), server("bots", answers({}, 9))],
    },
    says: [
      VERSION,
      "ok tmux.server: 2 tmux servers answer in 9 ms (default, bots), with 3 sessions",
    ],
  },
  "a tmux that nobody needs, and that is missing": {
    facts: MISSING,
    says: [
      'skipped tmux.version: tmux is not there: the program "tmux" is not on PATH -> ' +
      "install it: apt install tmux",
    ],
  },
  "a tmux that is needed, and missing": {
    facts: MISSING,
    needs: NEEDED,
    says: [
      'failure tmux.version: tmux is not there: the program "tmux" is not on PATH ' +
      "(needed by astro) -> install it: apt install tmux",
    ],
  },
  "a configured tmux that is missing": {
    facts: {
      binary: "/opt/tmux",
      found: { kind: "missing", reason: 'there is no "/opt/tmux"', hint: "" },
      version: null,
    },
    says: [
      'warning tmux.version: tmux is not there: there is no "/opt/tmux" -> ' +
      "set tmux_binary to a tmux 3.2 or newer, or leave it out",
    ],
  },
  "a tmux that is too old": {
    facts: { version: { kind: "answered", value: "2.9a", milliseconds: 2 } },
    needs: NEEDED,
    says: [
      "failure tmux.version: tmux 2.9a (/usr/bin/tmux) is too old, kstops needs 3.2 " +
      "(needed by astro) -> install tmux 3.2 or newer, or set tmux_binary to one",
      NO_SERVER,
    ],
  },
  "a tmux that hangs": {
    facts: { version: fails("it did not answer within 5 s") },
    needs: NEEDED,
    says: [
      "failure tmux.version: /usr/bin/tmux does not tell its version: it did not answer within " +
      "5 s (needed by astro) -> try it by hand: /usr/bin/tmux -V",
      NO_SERVER,
    ],
  },
  "a server that hangs, of which the config wants something": {
    facts: { servers: [server("bots", fails("it did not answer within 5 s"))] },
    needs: NEEDED,
    says: [
      VERSION,
      'failure tmux.server: the tmux server on socket "bots" cannot be asked: it did not answer ' +
      "within 5 s -> try it by hand: tmux -L bots list-sessions",
    ],
  },
  "a server that hangs, of which nobody wants anything": {
    facts: { servers: [server("x", fails("access not allowed")), server("y", answers({}))] },
    needs: NEEDED,
    says: [
      VERSION,
      'warning tmux.server: the tmux server on socket "x" cannot be asked: access not allowed -> ' +
      "try it by hand: tmux -L x list-sessions",
      "ok tmux.server: 1 tmux server answers in 3 ms (y), with 1 session",
    ],
  },
  "a session of which nobody can read anything": {
    facts: {
      servers: [
        server("bots", answers({ sessions: 3, unreadable: [{ name: "odd", reason: "no pid" }] })),
      ],
    },
    needs: NEEDED,
    says: [
      VERSION,
      'failure tmux.unreadable: what the tmux server on socket "bots" says of 1 session cannot be ' +
      'read ("odd"): no pid -> report it as a fault of kstops, with the version of tmux',
      "ok tmux.server: 1 tmux server answers in 3 ms (bots), with 3 sessions",
    ],
  },
  "a server without sessions": {
    facts: {
      servers: [server("bots", answers({ version: null, pid: null, sessions: 0 }))],
    },
    says: [VERSION, "ok tmux.server: 1 tmux server answers in 3 ms (bots), with 0 sessions"],
  },
  "a server of an old tmux": {
    facts: { servers: [server("bots", answers({ version: "3.1c" }))] },
    needs: NEEDED,
    says: [
      VERSION,
      'failure tmux.server: the tmux server on socket "bots" is tmux 3.1c: too old, kstops needs ' +
      "3.2 -> end its sessions; the next start there begins a server of the tmux that is installed",
    ],
  },
  "a socket without a server": {
    facts: { servers: [server("old one", answers(null))] },
    says: [
      VERSION,
      NO_SERVER,
      'ok tmux.stale_sockets: the tmux socket "old one" has no server behind it (which does no ' +
      "harm) -> run: rm '/tmp/tmux-1000/old one'",
    ],
  },
  "sockets without a server, of which all are in the command": {
    facts: { servers: [..."abcdef"].map((name) => server(name, answers(null))) },
    says: [
      VERSION,
      NO_SERVER,
      'ok tmux.stale_sockets: 6 tmux sockets have no server behind them: "a", "b", "c", "d", ' +
      '"e" and 1 more (which does no harm) -> run: rm /tmp/tmux-1000/a /tmp/tmux-1000/b ' +
      "/tmp/tmux-1000/c /tmp/tmux-1000/d /tmp/tmux-1000/e /tmp/tmux-1000/f",
    ],
  },
  "so many of them that they take time": {
    facts: { servers: [..."abcdefghij"].map((name) => server(name, answers(null))) },
    says: [
      VERSION,
      NO_SERVER,
      'warning tmux.stale_sockets: 10 tmux sockets have no server behind them: "a", "b", "c", ' +
      '"d", "e" and 5 more (every list asks them in vain) -> run: rm ' +
      [..."abcdefghij"].map((name) => `/tmp/tmux-1000/${name}`).join(" "),
    ],
  },
  "sessions that ran when their server went, and others that may run still": {
    facts: {
      servers: [server("a", answers(null)), server("b", answers({})), server("c", fails("no"))],
      unended: [..."abcd"].map((socketName) => ({ name: `on-${socketName}`, socketName })),
    },
    says: [
      VERSION,
      'warning tmux.server: the tmux server on socket "c" cannot be asked: no -> try it by hand: ' +
      "tmux -L c list-sessions",
      "ok tmux.server: 1 tmux server answers in 3 ms (b), with 1 session",
      'ok tmux.stale_sockets: the tmux socket "a" has no server behind it (which does no harm) ' +
      "-> run: rm /tmp/tmux-1000/a",
      "warning tmux.lost_sessions: 2 sessions ran when the tmux server went, as at a reboot: " +
      "on-a, on-d -> see what is known: kstops why on-a; then start or stop it",
    ],
  },
  "a directory that tmux refuses": {
    facts: {
      directoryTrouble: { reason: "others may use it", fix: "run: chmod 700 /tmp/tmux-1000" },
    },
    needs: NEEDED,
    says: [
      VERSION,
      "failure tmux.sockets: tmux cannot keep its sockets in /tmp/tmux-1000: others may use it -> " +
      "run: chmod 700 /tmp/tmux-1000",
    ],
  },
  "the same where nobody needs tmux": {
    facts: { directoryTrouble: { reason: "it is not a directory", fix: "remove it" } },
    says: [
      VERSION,
      "warning tmux.sockets: tmux cannot keep its sockets in /tmp/tmux-1000: it is not a directory " +
      "-> remove it",
    ],
  },
};

for (const [what, { facts, needs = NOTHING, says }] of Object.entries(CASES)) {
  Deno.test(`the doctor sees ${what}`, () => {
    deepEqual(told(tmuxFindings({ ...TMUX, ...facts }, needs)), says);
  });
}

Deno.test("what a script learns of tmux", () => {
  const [version, running] = tmuxFindings(
    { ...TMUX, servers: [server("bots", answers({ pid: 42, sessions: 2 }))] },
    NEEDED,
  );
  deepEqual(version?.details, {
    engine: "tmux",
    path: "/usr/bin/tmux",
    version: "3.3a",
    milliseconds: 2,
  });
  deepEqual(running?.details, {
    servers: [{ socket_name: "bots", pid: 42, version: "3.3a", sessions: 2, milliseconds: 3 }],
  });
});
