/** The commands that change sessions. */
import { STOP_SCOPES } from "../../model.ts";
import { command, type Commands } from "../grammar.ts";
import { BACKEND, EXCEPT, NAMES, PROJECT, RUNTIME, SOCKET } from "./flags.ts";

const CHANGE = "Change sessions:";

const WHAT = "What to run:";
const WHERE = "Where:";
const CONTAINERS = "For containers:";
const HOW = "How:";

const ALL = { about: "every session of the config" } as const;
const FORCE = { short: "f", about: "kill at once" } as const;
const NO_WAIT = {
  about: "return at once, without proof that the program lives",
  negated: true,
} as const;
const WAIT_READY = { about: "wait until they are ready, as their definitions say" } as const;
const QUIET = { short: "q", about: "print nothing when it works" } as const;

const TIMEOUT = {
  short: "t",
  about: "wait so long before ending it by force",
  value: {
    name: "seconds",
    read: seconds,
    rule: "it must be a number of seconds, such as 30 or 0.5",
  },
} as const;

const start = command({
  about: "start sessions: from the config, or made up here",
  group: CHANGE,
  arguments: { names: { ...NAMES, about: "sessions to start; with -- ARGV exactly one" } },
  argv: true,
  usage: "NAME [-- ARGV...]",
  flags: {
    command: {
      short: "c",
      about: "the command, split into words as a shell would",
      group: WHAT,
      value: { name: "string" },
    },
    shell: { about: "run the command with sh -c", group: WHAT },
    workdir: {
      short: "w",
      about: "directory to run in",
      group: WHAT,
      value: { name: "dir", kind: "directory" },
    },
    env: {
      short: "e",
      about: "set a variable, or take it from here (repeatable)",
      group: WHAT,
      value: { name: "key[=value]" },
      repeats: true,
    },
    "env-file": {
      about: "read variables from a file (repeatable)",
      group: WHAT,
      value: { name: "file", kind: "file" },
      repeats: true,
    },
    "unsafe-env": {
      about: "allow a variable that is refused otherwise (repeatable)",
      group: WHAT,
      value: { name: "key" },
      repeats: true,
    },
    backend: { ...BACKEND, group: WHERE },
    socket: { ...SOCKET, group: WHERE },
    runtime: { ...RUNTIME, group: WHERE },
    image: {
      short: "i",
      about: "container image",
      group: CONTAINERS,
      value: { name: "image", kind: "image" },
    },
    volume: {
      short: "v",
      about: "mount into the container (repeatable)",
      group: CONTAINERS,
      value: { name: "spec" },
      repeats: true,
    },
    port: {
      short: "p",
      about: "publish a port of the container (repeatable)",
      group: CONTAINERS,
      value: { name: "spec" },
      repeats: true,
    },
    "log-volume": {
      about: "mount for the container's own logs",
      group: CONTAINERS,
      value: { name: "spec" },
    },
    all: { ...ALL, group: HOW },
    except: { ...EXCEPT, group: HOW },
    deps: { about: "do not start what they need as well", negated: true, group: HOW },
    attach: { about: "attach to it at once", group: HOW },
    "dry-run": { about: "only say what would be started, from where, and how", group: HOW },
    wait: { ...NO_WAIT, group: HOW },
    "wait-ready": { ...WAIT_READY, group: HOW },
    yes: { about: "also where its last run left something, or may go on unseen", group: HOW },
    quiet: { ...QUIET, group: HOW },
  },
  examples: {
    "kstops start astro": "a session of kstops.yml, as it stands there",
    "kstops start astro -e MODE=test": "the same, with one variable changed",
    "kstops start web -- python3 -m http.server": "made up on the spot",
    "kstops start --all": "everything in kstops.yml, side by side",
    "kstops start astro --dry-run": "what that would be, and where each value is from",
  },
  load: async () => (await import("../commands/start.ts")).start,
});

const stop = command({
  about: "end them with all their processes, and prove it",
  group: CHANGE,
  arguments: { names: { ...NAMES, about: "sessions to stop" } },
  flags: {
    all: ALL,
    except: EXCEPT,
    force: FORCE,
    timeout: TIMEOUT,
    keep: { about: "only end the program: its container stays" },
    yes: { about: "also stop a session that is protected, or that kstops did not make" },
    backend: BACKEND,
    socket: SOCKET,
    runtime: RUNTIME,
    project: PROJECT,
    quiet: QUIET,
  },
  examples: {
    "kstops stop astro": "ask it to end, wait, then make sure",
    "kstops stop astro -t 60": "give it a minute",
    "kstops stop --all": "everything in kstops.yml",
    "kstops stop @bots --except astro": "the group bots of kstops.yml, all but one",
    "kstops stop 'web-*'": "those whose names are like that",
    "kstops stop notes --yes": "one that kstops did not start",
    "kstops stop web --project shop": "one that another config started",
  },
  load: async () => (await import("../commands/stop.ts")).stop,
});

const restart = command({
  about: "stop, then start with the fresh definition",
  group: CHANGE,
  arguments: { names: { ...NAMES, about: "sessions to restart" } },
  flags: {
    all: ALL,
    except: EXCEPT,
    force: FORCE,
    timeout: TIMEOUT,
    yes: { about: "also restart a session that is protected, or that kstops did not make" },
    backend: BACKEND,
    socket: SOCKET,
    runtime: RUNTIME,
    project: PROJECT,
    wait: NO_WAIT,
    "wait-ready": WAIT_READY,
    rollback: { about: "start the old one again when the new one does not start" },
    quiet: QUIET,
  },
  examples: {
    "kstops restart astro": "with what kstops.yml says now",
    "kstops restart astro --rollback": "and the old one again, should that fail",
  },
  load: async () => (await import("../commands/restart.ts")).restart,
});

const PRUNE = { about: "also stop what this config started and does not define any more" } as const;
const NO_RESTART = {
  about: "leave alone what runs with another definition",
  negated: true,
} as const;
const ELSEWHERE = { ...BACKEND, about: "run all of them there, whatever the config says" } as const;
const OF_CONFIG = { ...NAMES, kind: "defined session" } as const;

const plan = command({
  about: "show what up would do, and why",
  group: CHANGE,
  arguments: {
    names: { ...OF_CONFIG, about: "sessions, with all that they need; else every one" },
  },
  flags: {
    except: EXCEPT,
    prune: PRUNE,
    restart: NO_RESTART,
    backend: ELSEWHERE,
    runtime: RUNTIME,
    "exit-code": { about: "exit with 10 when something would change" },
  },
  examples: {
    "kstops plan": "what is to be done until all runs as kstops.yml says",
    "kstops plan --exit-code": "for scripts: 0 when nothing is",
  },
  load: async () => (await import("../commands/plan.ts")).plan,
});

const up = command({
  about: "make the sessions of the config run as it says, in their order",
  group: CHANGE,
  arguments: {
    names: { ...OF_CONFIG, about: "sessions, with all that they need; else every one" },
  },
  flags: {
    except: EXCEPT,
    prune: PRUNE,
    restart: NO_RESTART,
    backend: ELSEWHERE,
    runtime: RUNTIME,
    "dry-run": { about: "only show the plan" },
    boot: { about: "what comes back at boot: as restart policies say, or the named ones" },
    timeout: {
      ...TIMEOUT,
      about: "wait so long at most until sessions are ready, healthy or done",
    },
    yes: { about: "also stop or restart what is protected" },
    quiet: QUIET,
  },
  examples: {
    "kstops up": "start what does not run, restart what has changed",
    "kstops up web": "only web, and what it needs",
    "kstops up --prune": "and stop what kstops.yml does not define any more",
  },
  load: async () => (await import("../commands/up.ts")).up,
});

const down = command({
  about: "stop the sessions of the config, those first that need others",
  group: CHANGE,
  arguments: { names: { ...OF_CONFIG, about: "sessions to stop; else every one" } },
  flags: {
    except: EXCEPT,
    prune: PRUNE,
    "dry-run": { about: "only show what would be stopped, in the order of work" },
    boot: { about: "only if the machine goes down: nothing counts as stopped by hand" },
    force: FORCE,
    timeout: TIMEOUT,
    yes: { about: "also stop what is protected" },
    quiet: QUIET,
  },
  examples: {
    "kstops down": "everything in kstops.yml, in the reverse order of up",
    "kstops down @bots --except astro": "the group bots, all but one",
  },
  load: async () => (await import("../commands/down.ts")).down,
});

const REACHED = {
  name: "name",
  kind: "session",
  about: "the session; @group or a pattern for several of the config",
  required: true,
} as const;

const send = command({
  about: "type a text and Enter into the terminal of a session",
  group: CHANGE,
  arguments: {
    name: REACHED,
    text: {
      name: "text",
      about: "words, joined by spaces; behind the first one everything is text",
      variadic: true,
    },
  },
  rest: 2,
  flags: {
    enter: { about: "only the text, without Enter", negated: true },
    key: {
      about: "press a key instead, such as C-c, Escape or Up (repeatable)",
      value: { name: "key" },
      repeats: true,
    },
    stdin: { about: "paste a block of text from standard input instead, unchanged" },
    yes: { about: "also to a session that is protected, or that kstops did not make" },
    backend: BACKEND,
    socket: SOCKET,
    runtime: RUNTIME,
    project: PROJECT,
  },
  examples: {
    "kstops send bot status": "as if typed: status, then Enter",
    "kstops send @bots -- --reload now": "to a whole group; behind -- nothing is a flag",
    "kstops send bot --key C-c": "press Ctrl-C",
    "kstops send bot --stdin < prompt.txt": "a block of text, and no Enter behind it",
  },
  load: async () => (await import("../commands/send.ts")).send,
});

const signal = command({
  about: "send a signal to the program of a session",
  group: CHANGE,
  arguments: {
    name: REACHED,
    signal: { name: "signal", about: "such as HUP, USR1 or TERM", required: true },
  },
  flags: {
    scope: {
      about: "tmux: who gets it; usually main, but group for INT and QUIT, as by Ctrl-C",
      value: { name: "scope", choices: STOP_SCOPES },
    },
    yes: { about: "also to a session that is protected, or that kstops did not make" },
    backend: BACKEND,
    socket: SOCKET,
    runtime: RUNTIME,
    project: PROJECT,
  },
  examples: {
    "kstops signal web HUP": "read the config again, as many servers do",
    "kstops signal bot INT --scope main": "the program alone, not its pipeline",
  },
  load: async () => (await import("../commands/signal.ts")).signal,
});

const exec = command({
  about: "run a program in a container, or beside the program of a session",
  group: CHANGE,
  arguments: {
    name: { name: "name", kind: "session", about: "the session; it has to run", required: true },
    words: {
      name: "program",
      about: "the program and its arguments; everything behind the name is theirs",
      variadic: true,
    },
  },
  rest: 1,
  flags: {
    yes: { about: "also in a session that kstops did not make" },
    backend: BACKEND,
    socket: SOCKET,
    runtime: RUNTIME,
    project: PROJECT,
  },
  examples: {
    "kstops exec web sh": "a shell in its container, or with its environment and directory",
    "kstops exec db pg_dump -U app > dump.sql": "its output goes where you say",
  },
  load: async () => (await import("../commands/exec.ts")).exec,
});

/** Commands that change sessions, in the order of the help. */
export const CHANGING: Commands = { start, stop, restart, up, down, plan, exec, send, signal };

function seconds(text: string): number | null {
  return /^\d{1,6}(\.\d{1,3})?$/.test(text) ? Number(text) : null;
}
