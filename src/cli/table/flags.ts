/** What several commands share: headings, flags and arguments. */
import { BACKENDS, RUNTIMES } from "../../model.ts";

/** The heading for commands that only look. */
export const LOOK = "Look at sessions:";
/** The heading for work that is done once. */
export const SET_UP = "Set up:";

/** `--backend` */
export const BACKEND = {
  short: "b",
  about: "kind of engine",
  value: { name: "backend", choices: BACKENDS },
} as const;

/** `--runtime` */
export const RUNTIME = {
  about: "container runtime",
  value: { name: "runtime", choices: RUNTIMES },
} as const;

/** `--socket` */
export const SOCKET = {
  short: "L",
  about: "tmux socket",
  value: {
    name: "name",
    kind: "socket",
    check: async () => (await import("../../validate/socket_name.ts")).validateSocketName,
  },
} as const;

/** `--project` */
export const PROJECT = {
  about: "whose: a project, or the path of a config",
  value: { name: "project", kind: "owner" },
} as const;

/** `--except` */
export const EXCEPT = {
  about: "leave out: a name, @group or pattern (repeatable)",
  value: { name: "name", kind: "session" },
  repeats: true,
} as const;

/** Any number of sessions; `about` says what for. */
export const NAMES = { name: "name", kind: "session", variadic: true } as const;
