/** The keys of a session that say what looks at it: whether it is ready. */
import type { SessionKey } from "./session_keys.ts";

const DAY_SECONDS = 86_400;
const TIME = { kind: "duration", unit: "seconds", min: 0.1, max: DAY_SECONDS } as const;

/** What answers on this machine. */
const ANSWERS = {
  http: {
    about: "URL on this machine that answers with 200 to 399",
    field: "http",
    form: { kind: "text", check: "probeUrl" },
  },
  tcp: {
    about: "HOST:PORT on this machine that can be connected to",
    field: "tcp",
    form: { kind: "text", check: "probeAddress" },
  },
} as const;

/** These keys, as in `session_keys.ts`. */
export const PROBE_KEYS = {
  ready: {
    description: "When `start --wait-ready` counts it as ready: `http: URL` (200 to 399), " +
      "`tcp: HOST:PORT`, both on this machine, `log: REGEX` in what it prints, `command:` that " +
      "ends with 0, or `delay: 5s`; asked every `interval` (1s), for `timeout` (60s) at most.",
    field: "ready",
    form: {
      kind: "object",
      noun: "a mapping with http, tcp, log, command or delay",
      oneOf: ["http", "tcp", "log", "command", "delay"],
      keys: {
        ...ANSWERS,
        log: {
          about: "Regular expression that a line of its output fits",
          field: "log",
          form: { kind: "text", check: "regex" },
        },
        command: {
          about: "Program and arguments that end with 0",
          field: "command",
          form: { kind: "command" },
        },
        delay: {
          about: "After how long it is ready, in seconds",
          field: "delaySeconds",
          form: TIME,
        },
        interval: {
          about: "How often that is asked, in seconds",
          field: "intervalSeconds",
          form: TIME,
          default: 1,
        },
        timeout: {
          about: "For how long at most, in seconds; means nothing to a delay",
          field: "timeoutSeconds",
          form: TIME,
          default: 60,
        },
      },
    },
    filled: "start",
    part: { about: "What says that it is ready; null: it is as soon as it has started" },
  },
} as const satisfies Readonly<Record<string, SessionKey>>;
