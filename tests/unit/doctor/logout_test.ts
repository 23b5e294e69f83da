import { deepEqual, equal } from "node:assert/strict";
import { killsIn, type LogoutFacts, logoutFindings } from "../../../src/doctor/logout.ts";
import { told } from "../../support/told.ts";

type Known = NonNullable<LogoutFacts>;

const SCOPE = "/user.slice/user-1000.slice/session-3.scope";
const MANAGER = "/user.slice/user-1000.slice/user@1000.service/app.slice/vte-spawn-1.scope";
const SERVICE = "/system.slice/cron.service";

const kills = (value: boolean): Known["kills"] => ({ kind: "answered", value, milliseconds: 5 });

const FACTS: Known = {
  user: "ada",
  linger: false,
  kills: kills(false),
  servers: [],
  here: SCOPE,
  scoped: false,
  rootlessPodman: false,
};

const CASES: Record<string, { facts: Partial<Known> | null; says: readonly string[] }> = {
  "no systemd": {
    facts: null,
    says: ["skipped logout.tmux: no systemd runs here, so nothing ends sessions at a logout"],
  },
  "a login session that logind leaves alone": {
    facts: {},
    says: [
      "ok logout.tmux: a tmux server started from here survives a logout: logind leaves " +
      "session-3.scope alone",
    ],
  },
  "a login session that logind kills, although its user lingers": {
    facts: { kills: kills(true), linger: true },
    says: [
      "warning logout.tmux: a tmux server started from here ends when ada logs out: it is in " +
      "session-3.scope, and logind kills what is left there (KillUserProcesses=yes) -> stop the " +
      "sessions on it, and start them again: then it gets a scope of its own",
    ],
  },
  "a login session that logind kills": {
    facts: { kills: kills(true) },
    says: [
      "warning logout.tmux: a tmux server started from here ends when ada logs out: it is in " +
      "session-3.scope, and logind kills what is left there (KillUserProcesses=yes) -> run: " +
      "loginctl enable-linger ada",
    ],
  },
  "a login session of a user who lingers": {
    facts: { kills: kills(true), linger: true, scoped: true },
    says: [
      "ok logout.tmux: a tmux server started from here survives a logout: it gets a scope of its own",
    ],
  },
  "a login session, and a logind that does not say": {
    facts: { kills: { kind: "failed", reason: "busctl: not found", milliseconds: 1 } },
    says: [
      "skipped logout.tmux: it is unknown whether a tmux server started from here survives a " +
      "logout: busctl: not found -> see KillUserProcesses in /etc/systemd/logind.conf",
    ],
  },
  "a service manager that ends with the last login": {
    facts: { here: MANAGER },
    says: [
      "warning logout.tmux: a tmux server started from here ends when ada logs out: it runs " +
      "below the user's service manager, and ada does not linger -> run: loginctl enable-linger ada",
    ],
  },
  "a service manager that lingers": {
    facts: { here: MANAGER, linger: true, kills: kills(true) },
    says: ["ok logout.tmux: a tmux server started from here survives a logout: ada lingers"],
  },
  "a service of the system": {
    facts: { here: SERVICE, kills: kills(true) },
    says: [
      "ok logout.tmux: a tmux server started from here survives a logout: it is in no login " +
      "session (/system.slice/cron.service)",
    ],
  },
  "a group that cannot be read": {
    facts: { here: null },
    says: [
      "skipped logout.tmux: it is unknown whether a tmux server started from here survives a " +
      "logout: its group cannot be read",
    ],
  },
  "servers that run, whatever would be started from here": {
    facts: {
      servers: [
        { socketName: "default", cgroup: MANAGER },
        { socketName: "bots", cgroup: SERVICE },
        { socketName: "more", cgroup: MANAGER },
      ],
    },
    says: [
      'warning logout.tmux: tmux on socket "default", "more" ends when ada logs out: it runs ' +
      "below the user's service manager, and ada does not linger -> run: loginctl enable-linger ada",
      'ok logout.tmux: tmux on socket "bots" survives a logout: it is in no login session ' +
      "(/system.slice/cron.service)",
    ],
  },
  "rootless containers of somebody who does not linger": {
    facts: { here: SERVICE, rootlessPodman: true },
    says: [
      "ok logout.tmux: a tmux server started from here survives a logout: it is in no login " +
      "session (/system.slice/cron.service)",
      "warning logout.containers: rootless containers end when ada logs out: ada does not linger " +
      "-> run: loginctl enable-linger ada",
    ],
  },
  "rootless containers of somebody who lingers": {
    facts: { here: SERVICE, rootlessPodman: true, linger: true },
    says: [
      "ok logout.tmux: a tmux server started from here survives a logout: it is in no login " +
      "session (/system.slice/cron.service)",
      "ok logout.containers: rootless containers survive a logout: ada lingers",
    ],
  },
};

for (const [what, { facts, says }] of Object.entries(CASES)) {
  Deno.test(`the doctor sees ${what}`, () => {
    deepEqual(told(logoutFindings(facts === null ? null : { ...FACTS, ...facts })), says);
  });
}

const PROPERTIES: Record<string, { text: string; kills: boolean | null }> = {
  "nobody": { text: "b false\nas 0\nas 0\n", kills: false },
  "everybody": { text: "b true\nas 0\nas 0\n", kills: true },
  "everybody but root": { text: 'b true\nas 0\nas 1 "root"\n', kills: true },
  "everybody but her": { text: 'b true\nas 0\nas 2 "root" "ada"\n', kills: false },
  "her alone": { text: 'b true\nas 1 "ada"\nas 0\n', kills: true },
  "somebody else alone": { text: 'b true\nas 1 "bob"\nas 0\n', kills: false },
  "no answer": { text: "", kills: null },
  "another answer": { text: "Failed to connect", kills: null },
};

for (const [whom, { text, kills }] of Object.entries(PROPERTIES)) {
  Deno.test(`killsIn() knows whether logind kills what a user left where it kills ${whom}`, () => {
    equal(killsIn(text, "ada"), kills);
  });
}
