/** Every command and flag, in one table; each command's code is loaded when it runs. */
import { BACKENDS, OPERATION_STATES, RUNTIMES, SESSION_STATES } from "../model.ts";
import { command, type Flags, type GivenFlags, type Group, type Program } from "./grammar.ts";

const CHANGE = "Change sessions:";
const LOOK = "Look at sessions:";
const SET_UP = "Set up:";

const WHAT = "What to run:";
const WHERE = "Where:";
const CONTAINERS = "For containers:";
const HOW = "How:";

const GLOBAL_FLAGS = {
  version: { short: "V", about: "print the version", asks: "version" },
  config: { about: "use this config file", value: { name: "file", kind: "file" } },
  json: { about: "print the result as JSON" },
  color: {
    about: "colour the output",
    value: { name: "when", choices: ["auto", "always", "never"] },
    default: "auto",
  },
  verbose: { about: "say every call of an engine on stderr" },
  help: { short: "h", about: "print this help", asks: "help" },
} as const satisfies Flags;

/** Flags that work before and after every command. */
export type GlobalFlags = GivenFlags<typeof GLOBAL_FLAGS>;

const BACKEND = {
  short: "b",
  about: "kind of engine",
  value: { name: "backend", choices: BACKENDS },
} as const;

const RUNTIME = {
  about: "container runtime",
  value: { name: "runtime", choices: RUNTIMES },
} as const;

const SOCKET = {
  short: "L",
  about: "tmux socket",
  value: {
    name: "name",
    kind: "socket",
    check: async () => (await import("../validate/socket_name.ts")).validateSocketName,
  },
} as const;

const PROJECT = {
  about: "whose: a project, or the path of a config",
  value: { name: "project", kind: "owner" },
} as const;

const ALL = { about: "every session of the config" } as const;
const FORCE = { short: "f", about: "kill at once" } as const;
const NO_WAIT = {
  about: "return at once, without proof that the program lives",
  negated: true,
} as const;
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

const NAME = { name: "name", kind: "session", about: "the session", required: true } as const;
const DEFINED_NAME = { name: "name", kind: "defined session" } as const;
const OPERATION = { name: "id", kind: "operation", required: true } as const;
const WAITING_OPERATION = { ...OPERATION, kind: "waiting operation" } as const;
const NAMES = { name: "name", kind: "session", variadic: true } as const;

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
    attach: { about: "attach to it at once", group: HOW },
    "dry-run": { about: "only say what would be started, from where, and how", group: HOW },
    wait: { ...NO_WAIT, group: HOW },
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
  load: async () => (await import("./commands/start.ts")).start,
});

const stop = command({
  about: "end them with all their processes, and prove it",
  group: CHANGE,
  arguments: { names: { ...NAMES, about: "sessions to stop" } },
  flags: {
    all: ALL,
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
    "kstops stop notes --yes": "one that kstops did not start",
    "kstops stop web --project shop": "one that another config started",
  },
  load: async () => (await import("./commands/stop.ts")).stop,
});

const restart = command({
  about: "stop, then start with the fresh definition",
  group: CHANGE,
  arguments: { names: { ...NAMES, about: "sessions to restart" } },
  flags: {
    all: ALL,
    force: FORCE,
    timeout: TIMEOUT,
    yes: { about: "also restart a session that is protected, or that kstops did not make" },
    backend: BACKEND,
    socket: SOCKET,
    runtime: RUNTIME,
    project: PROJECT,
    wait: NO_WAIT,
    rollback: { about: "start the old one again when the new one does not start" },
    quiet: QUIET,
  },
  examples: {
    "kstops restart astro": "with what kstops.yml says now",
    "kstops restart astro --rollback": "and the old one again, should that fail",
  },
  load: async () => (await import("./commands/restart.ts")).restart,
});

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
  load: async () => (await import("./commands/attach.ts")).attach,
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
  load: async () => (await import("./commands/status.ts")).status,
});

const why = command({
  about: "how a session ended, what it printed last, and what to do next",
  group: LOOK,
  arguments: { name: NAME },
  flags: { backend: BACKEND, socket: SOCKET, runtime: RUNTIME, project: PROJECT },
  examples: {
    "kstops why astro": "also after it was stopped, or its engine has lost it",
    "kstops why astro --json | jq .exit_code": "for scripts",
  },
  load: async () => (await import("./commands/why.ts")).why,
});

const logs = command({
  about: "what sessions printed, also after they ended",
  group: LOOK,
  arguments: {
    names: {
      ...NAMES,
      about:
        "sessions; of several, each line has its name before it; without any, all of the config",
    },
  },
  flags: {
    follow: { short: "f", about: "go on with what they print, also after a restart" },
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
    timestamps: { about: "say before each line when it was printed, where that is known" },
    previous: { about: "of the run before" },
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
    "kstops logs astro --previous -n 20": "how the run before ended",
    "kstops logs astro -n all --plain": "everything, without colours",
  },
  load: async () => (await import("./commands/logs.ts")).logs,
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
    quiet: { short: "q", about: "print only names" },
  },
  examples: {
    "kstops list": "everything",
    "kstops list --state exited": "what ended by itself",
    "kstops list -q --managed | xargs kstops stop": "names alone, for scripts",
  },
  load: async () => (await import("./commands/list.ts")).list,
});

const operations: Group = {
  about: "what kstops did, for whom, and what came of it",
  group: LOOK,
  examples: {
    "kstops operations list --session astro": "who restarted it at 3 a.m.?",
    "kstops operations show 1b4e28ba": "and what happened, step by step",
    "kstops operations resume 1b4e28ba --yes": "the yes that a script could not give",
  },
  commands: {
    list: command({
      about: "all of them, newest first",
      aliases: ["ls"],
      flags: {
        session: { about: "only of this session", value: { name: "name", kind: "session" } },
        state: {
          about: "only in this state",
          value: { name: "state", choices: OPERATION_STATES },
        },
        since: {
          about: "only what began since then: 10m, 2h, 1d or a time",
          value: { name: "when" },
        },
      },
      examples: {
        "kstops operations list --since 1d": "since yesterday",
        "kstops operations list --state failed --json": "what went wrong, for scripts",
      },
      load: async () => (await import("./commands/operations/list.ts")).listOperations,
    }),
    show: command({
      about: "one of them: who asked for what, its steps, and its outcome",
      arguments: { id: { ...OPERATION, about: "its ID, or the beginning of it" } },
      examples: { "kstops operations show 1b4e28ba": "the beginning of an ID is enough" },
      load: async () => (await import("./commands/operations/show.ts")).showOperation,
    }),
    watch: command({
      about: "what happens to one until it is over, or to all of them, as it happens",
      arguments: {
        id: { name: "id", kind: "operation", about: "its ID; without it, all of them for good" },
      },
      flags: {
        "exit-status": { about: "end with the exit status that the operation came to" },
        after: {
          about: "go on behind the event of this number; 0 begins with the oldest",
          value: { name: "seq", read: wholeNumber, rule: "it must be a whole number" },
        },
      },
      examples: {
        "kstops operations watch": "everything, from now on",
        "kstops operations watch 1b4e28ba --exit-status": "wait for it, and fail as it fails",
        "kstops operations watch --after 0 --json": "all that is known, for scripts",
      },
      load: async () => (await import("./commands/operations/watch.ts")).watchOperations,
    }),
    resume: command({
      about: "answer one that waits for a yes; a yes carries on from there",
      arguments: { id: { ...WAITING_OPERATION, about: "its ID, or the beginning of it" } },
      flags: {
        yes: { about: "go on: look again, then do it" },
        no: { about: "do not: nothing is touched" },
      },
      examples: { "kstops operations resume 1b4e28ba --yes": "do what was asked for" },
      load: async () => (await import("./commands/operations/resume.ts")).resumeOperation,
    }),
    cancel: command({
      about: "abort one that waits for a yes",
      arguments: { id: { ...WAITING_OPERATION, about: "its ID, or the beginning of it" } },
      examples: { "kstops operations cancel 1b4e28ba": "nothing is touched" },
      load: async () => (await import("./commands/operations/resume.ts")).cancelOperation,
    }),
  },
};

const config: Group = {
  about: "check, show and begin the config file",
  group: SET_UP,
  examples: {
    "kstops config init": "write one to begin with",
    "kstops config validate": "everything that is wrong with it",
    "kstops config show --origins": "what it comes to, and where each value is from",
  },
  commands: {
    validate: command({
      about: "everything that is wrong with it; exit status 3 if anything is",
      examples: { "kstops config validate": "before a restart, or in CI" },
      load: async () => (await import("./commands/config/validate.ts")).validate,
    }),
    show: command({
      about: "what it comes to, with everything filled in; values of variables are hidden",
      arguments: { name: { ...DEFINED_NAME, about: "one session only" } },
      flags: {
        origins: { about: "say where each value is from" },
        "show-secrets": { about: "show values of variables, too" },
      },
      examples: {
        "kstops config show": "all of it, as one file",
        "kstops config show astro --origins": "a session, and the file and line of each value",
      },
      load: async () => (await import("./commands/config/show.ts")).show,
    }),
    path: command({
      about: "the file that is in force; exit status 3 if there is none",
      examples: { "$EDITOR $(kstops config path)": "change it" },
      load: async () => (await import("./commands/config/path.ts")).path,
    }),
    schema: command({
      about: "its JSON Schema, for editors",
      examples: { "kstops config schema > kstops.schema.json": "for yaml.schemas of an editor" },
      load: async () => (await import("./commands/config/schema.ts")).schema,
    }),
    init: command({
      about: "write a commented one to begin with; never over a file that is there",
      arguments: {
        file: { name: "file", kind: "file", about: "where; without it, ./kstops.yml" },
      },
      examples: { "kstops config init": "then: kstops start hello" },
      load: async () => (await import("./commands/config/init.ts")).init,
    }),
  },
};

const doctor = command({
  about: "check engines, config, state directory and terminal; exit status 1 if anything fails",
  group: SET_UP,
  examples: {
    "kstops doctor": "what is missing or wrong, and what to do about it",
    "kstops doctor --json | jq .ok": "for scripts",
  },
  load: async () => (await import("./commands/doctor.ts")).doctor,
});

const completions = command({
  about: "the script for completions in a shell",
  group: SET_UP,
  arguments: {
    shell: {
      name: "shell",
      about: "the shell",
      choices: ["bash", "zsh", "fish"],
      required: true,
    },
  },
  examples: {
    "source <(kstops completions bash)": "in ~/.bashrc",
    "kstops completions fish | source": "in config.fish",
  },
  load: async () => (await import("./commands/completions.ts")).completions,
});

/** The table, in the order of the help. */
export const PROGRAM: Program<typeof GLOBAL_FLAGS> = {
  name: "kstops",
  about: "One interface over tmux sessions and containers, driven by one config file",
  flags: GLOBAL_FLAGS,
  commands: {
    ...{ start, stop, restart, attach, status, why, logs, list, operations, config },
    ...{ doctor, completions },
  },
  help: { about: "print the help of a command", group: SET_UP },
  examples: {
    "kstops list": "everything that runs or is defined",
    "kstops start astro": "a session of kstops.yml",
    "kstops start web -- sleep 60": "a session made up on the spot",
    "kstops attach astro": "its terminal; Ctrl-b d gives yours back",
    "kstops logs astro -n 20": "what it printed last",
    "kstops stop astro --timeout 30": "give it half a minute to end",
    "kstops list --json | jq -r '.[].name'": "for scripts",
  },
};

function seconds(text: string): number | null {
  return /^\d{1,6}(\.\d{1,3})?$/.test(text) ? Number(text) : null;
}

function wholeNumber(text: string): number | null {
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function lineCount(text: string): number | null {
  if (text === "all") return Infinity;
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
}
