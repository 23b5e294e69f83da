/** The commands that look at sessions. */
import { SESSION_STATES } from "../../model.ts";
import { parseDuration } from "../../validate/duration.ts";
import { command, type Commands } from "../grammar.ts";
import { BACKEND, LOOK, NAMES, PROJECT, RUNTIME, SOCKET } from "./flags.ts";

const NAME = { name: "name", kind: "session", about: "the session", required: true } as const;

const attach = command({
  about: "hand the terminal to a session",
  group: LOOK,
  arguments: { name: NAME },
  flags: {
    "read-only": { about: "only look: keys do not reach the session" },
    backend: BACKEND,
    socket: SOCKET,
    runtime: RUNTIME,
    project: PROJECT,
  },
  examples: {
    "kstops attach astro": "Ctrl-b d (your tmux prefix, then d) gives it back",
    "ssh -t HOST kstops attach astro": "over SSH it needs a terminal",
  },
  load: async () => (await import("../commands/attach.ts")).attach,
});

const status = command({
  about: "one session, every known property",
  group: LOOK,
  arguments: { name: NAME },
  flags: {
    operations: { about: "also what kstops last did to it" },
    backend: BACKEND,
    socket: SOCKET,
    runtime: RUNTIME,
    project: PROJECT,
  },
  examples: {
    "kstops status astro": "every known property",
    "kstops status astro --operations": "and who did what to it last",
    "kstops status astro --json | jq .state": "for scripts",
  },
  load: async () => (await import("../commands/status.ts")).status,
});

const why = command({
  about: "how a session ended, what it printed last, and what to do next",
  group: LOOK,
  arguments: { name: NAME },
  flags: { backend: BACKEND, socket: SOCKET, runtime: RUNTIME, project: PROJECT },
  examples: {
    "kstops why astro": "even after it was stopped, or its engine has lost it",
    "kstops why astro --json | jq .exit_code": "for scripts",
  },
  load: async () => (await import("../commands/why.ts")).why,
});

const logs = command({
  about: "what sessions printed, even after they ended",
  group: LOOK,
  arguments: {
    names: {
      ...NAMES,
      about: "sessions; none means all of the config; with several, each line begins with its name",
    },
  },
  flags: {
    follow: { short: "f", about: "go on with what they print, even after a restart" },
    lines: {
      short: "n",
      about: "how many lines, from the end; all for everything",
      value: { name: "n", read: lineCount, rule: "it must be a whole number, or all" },
      default: 100,
    },
    since: {
      about: "only what was printed since then: 10m, 2h, 1d or a time",
      value: { name: "when" },
    },
    timestamps: { about: "print the time before each line, if it is known" },
    previous: { about: "of the previous run" },
    plain: { about: "without colours and other control sequences" },
    backend: BACKEND,
    socket: SOCKET,
    runtime: RUNTIME,
    project: PROJECT,
  },
  examples: {
    "kstops logs astro": "the last 100 lines",
    "kstops logs -f astro web": "of both, as it comes",
    "kstops logs astro --since 10m --timestamps": "of the last ten minutes, with times",
    "kstops logs astro --previous -n 20": "how the previous run ended",
    "kstops logs astro -n all --plain": "everything, without colours",
  },
  load: async () => (await import("../commands/logs.ts")).logs,
});

const list = command({
  about: "every session: running, ended, defined, foreign",
  group: LOOK,
  aliases: ["ls"],
  flags: {
    backend: BACKEND,
    socket: SOCKET,
    runtime: RUNTIME,
    state: { about: "only this state", value: { name: "state", choices: SESSION_STATES } },
    managed: { about: "only sessions that kstops made" },
    drift: { about: "only what runs something else than its definition says" },
    quiet: { short: "q", about: "print only names" },
  },
  examples: {
    "kstops list": "everything",
    "kstops list --state exited": "what ended by itself",
    "kstops list --drift": "what was started before its definition was changed",
    "kstops list -q --managed | xargs kstops stop": "names alone, for scripts",
  },
  load: async () => (await import("../commands/list.ts")).list,
});

const stats = command({
  about: "what sessions use: processor, memory, processes",
  group: LOOK,
  arguments: { names: { ...NAMES, about: "sessions; without any, all that run" } },
  flags: {
    follow: { short: "f", about: "look again and again" },
    backend: BACKEND,
    socket: SOCKET,
    runtime: RUNTIME,
    project: PROJECT,
  },
  examples: {
    "kstops stats": "of all that run, over about a second",
    "kstops stats -f @bots": "of a group, until Ctrl-C",
    "kstops stats --json | jq 'map(.memory_bytes) | add'": "for scripts: the sum",
  },
  load: async () => (await import("../commands/stats.ts")).stats,
});

const events = command({
  about: "what happened to sessions: starts, ends, restarts; and what happens",
  group: LOOK,
  arguments: { names: { ...NAMES, about: "sessions; without any, all of them" } },
  flags: {
    follow: { short: "f", about: "go on with what happens from now on" },
    since: {
      about: "only what happened since then: 10m, 2h, 1d or a time",
      value: { name: "when" },
    },
  },
  examples: {
    "kstops events --since 1d": "since yesterday, in the order of time",
    "kstops events -f": "what happens from now on, of all sessions",
    "kstops events -f --json | jq 'select(.event == \"exited\")'": "for scripts: one object a line",
  },
  load: async () => (await import("../commands/events.ts")).events,
});

const wait = command({
  about: "wait until sessions run, are ready or healthy, have ended, or have printed something",
  group: LOOK,
  arguments: { names: { ...NAMES, about: "sessions: all of them are waited for", required: true } },
  flags: {
    for: {
      about: "running, ready, healthy, exited, stopped or log=REGEX",
      value: { name: "what" },
    },
    any: { about: "exited: one end is enough, even if the program is executed again" },
    timeout: {
      short: "t",
      about: "the longest wait, such as 60s or 5m; otherwise there is no limit",
      value: {
        name: "time",
        read: durationSeconds,
        rule: "it must be a duration such as 500ms, 10s or 1m30s, or a number of seconds",
      },
    },
    backend: BACKEND,
    socket: SOCKET,
    runtime: RUNTIME,
    project: PROJECT,
  },
  examples: {
    "kstops wait web --for ready --timeout 60s": "until it serves; exit code 9 when the time is up",
    "kstops wait migrate --for exited": "until its program has ended by itself",
    "kstops wait web --for 'log=listening'": "until it has printed such a line",
    "kstops wait @bots --for stopped": "until none of them runs",
  },
  load: async () => (await import("../commands/wait.ts")).wait,
});

/** Commands that look at sessions, in the order of the help. */
export const LOOKING: Commands = { attach, status, why, logs, events, stats, wait, list };

function lineCount(text: string): number | null {
  if (text === "all") return Infinity;
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
}

function durationSeconds(text: string): number | null {
  const ms = parseDuration(text);
  return ms === null ? null : ms / 1000;
}
