/**
 * The keys of a session in one table. All code that must know each key reads it: the reader of
 * configs, the schemas, the reference, settings and definitions with their types, flags, options of
 * the library, origins, JSON and records. So a key is described only here.
 */
import type { Json } from "../errors.ts";
import {
  BACKENDS,
  type BackendType,
  ENV_FORMATS,
  LOG_BYTES,
  LOG_FILES,
  MAX_PORTS,
  MAX_VOLUMES,
  RUNTIMES,
  STOP_SCOPES,
} from "../model.ts";
import type { Key } from "./form.ts";
import { OPS_KEYS } from "./file_keys.ts";
import { ORDER_KEYS } from "./order_keys.ts";
import { PROBE_KEYS } from "./probes.ts";

/** A key of a session. */
export interface SessionKey extends Key {
  /** The only backend that has it; missing: all have it. */
  readonly only?: BackendType;
  /** `start`: a start fills in the variables in its texts; missing: they are filled in at once. */
  readonly filled?: "start";
  /** The part of a place that the key and its flag give; see `model/place.ts`. */
  readonly place?: "backend" | "engine" | "scope";
  /** The key of `ops` with the value for sessions that have none. */
  readonly ops?: keyof typeof OPS_KEYS;
  /** The default; missing: null, or an empty list. */
  readonly default?: string | number | boolean;
  /** Its flag of `start`. */
  readonly flag?: string;
  /** The description of its option in the library; missing: it has none. */
  readonly option?: string;
  /** Its part of a definition; missing: it has none. */
  readonly part?: Part;
}

/** The part of a definition that comes from a key. */
interface Part {
  /** Its description in the published schema. */
  readonly about: string;
  /** Its place in the definition, such as `log.keep`; missing: the field of the key. */
  readonly at?: string;
  /** Whether `resolve` has its own code for it: paths, words, variables. */
  readonly made?: true;
  /** Backends whose definitions need it. */
  readonly needed?: readonly BackendType[];
  /** `each`: every item of the list has its own origin. */
  readonly origins?: "each";
  /** Its name in records, if that is not the name of the key; null: a session need not remember it. */
  readonly record?: string | null;
  /** Whether a stop needs it even when only the record of runs tells of the session. */
  readonly ending?: true;
}

const DAY_SECONDS = 86_400;

/** The keys of one session. */
export const SESSION_KEYS = {
  backend: {
    description: "Where the session runs: `tmux` or `container`. Default: `default_backend`.",
    field: "backend",
    form: { kind: "choice", words: BACKENDS },
    place: "backend",
    ops: "default_backend",
    flag: "backend",
    option: "Default: container where there is an option that only containers have, else tmux.",
    part: { about: "Kind of engine", made: true, record: null },
  },
  command: {
    description:
      "What to run: a string, split into words as a POSIX shell would, or a list of words. " +
      "On containers it replaces the command of the image.",
    field: "command",
    form: { kind: "command" },
    filled: "start",
    flag: "command",
    option: "A string, split into words as a POSIX shell would, or the words.",
    part: {
      about: "Program and arguments; null: what the image says",
      at: "argv",
      made: true,
      needed: ["tmux"],
    },
  },
  shell: {
    description:
      "`true`: run the string with `sh -c`, which then also expands `${NAME}`. Default: `false`.",
    field: "shell",
    form: { kind: "flag" },
    default: false,
    flag: "shell",
    option: "Whether the string is run by `sh -c`.",
  },
  working_dir: {
    description: "Directory to run in, relative to this file; by default the directory of this " +
      "file. On containers: the path inside; by default what the image says.",
    field: "workingDir",
    form: { kind: "text", check: "directory" },
    filled: "start",
    flag: "workdir",
    option: "Relative to the current directory; inside of a container absolute.",
    part: {
      about: "Directory it runs in; null: what the image says",
      made: true,
      needed: ["tmux"],
    },
  },
  env: {
    description: "Variables of the program, each as the text that is written here; also as a " +
      "list, `[A=1, B]`. Without a value: taken from the environment of whoever starts the " +
      "session.",
    field: "env",
    form: { kind: "variables" },
    filled: "start",
    flag: "env",
    option: "Variables of the program.",
    part: {
      about: "Its variables; values as `***` unless told to show them",
      made: true,
    },
  },
  env_file: {
    description: "Files with `KEY=value` lines, relative to this file; later ones win, and `env` " +
      "wins over all. Read as compose does (quotes, `export`, comments, `${NAME}`); " +
      "`{path: FILE, format: raw}`: each line as it is, as `docker run --env-file` does.",
    field: "envFiles",
    form: {
      kind: "list",
      item: {
        kind: "object",
        noun: "a path, or a mapping with path and format",
        short: "path",
        keys: {
          path: {
            field: "path",
            form: { kind: "text", check: "text" },
            missing: "the path of the file is missing",
          },
          format: { field: "format", form: { kind: "choice", words: ENV_FORMATS } },
        },
      },
      limit: null,
      orOne: true,
    },
    flag: "env-file",
  },
  socket_name: {
    description: "tmux: name of the socket (`tmux -L`). Default: `default`.",
    field: "socketName",
    form: { kind: "text", check: "socketName" },
    only: "tmux",
    place: "scope",
    default: "default",
    flag: "socket",
    option: "tmux only: the socket (`tmux -L`).",
    part: { about: "tmux socket", record: null },
  },
  image: {
    description: "Container: the image.",
    field: "image",
    form: { kind: "text", check: "image" },
    only: "container",
    filled: "start",
    flag: "image",
    option: "Containers only, as the rest.",
    part: { about: "Container image", made: true, needed: ["container"] },
  },
  volumes: {
    description: "Container: `SOURCE:/target[:options]`. A source `./path` is relative to this " +
      "file.",
    field: "volumes",
    form: {
      kind: "list",
      item: { kind: "text", check: "volume" },
      limit: MAX_VOLUMES,
      orOne: false,
    },
    only: "container",
    filled: "start",
    flag: "volume",
    option: "`SOURCE:/target[:options]`; a source `./path` is relative to the current directory.",
    part: { about: "Volumes of a container", made: true, origins: "each" },
  },
  log_volume: {
    description: "Container: one more volume, for the program's own log files.",
    field: "logVolume",
    form: { kind: "text", check: "volume" },
    only: "container",
    filled: "start",
    flag: "log-volume",
    option: "One more volume, for the program's own log files.",
    part: { about: "Mount for the container's own logs", made: true },
  },
  ports: {
    description: "Container: `[IP:][HOST:]CONTAINER[/protocol]` to publish.",
    field: "ports",
    form: { kind: "list", item: { kind: "text", check: "port" }, limit: MAX_PORTS, orOne: false },
    only: "container",
    filled: "start",
    flag: "port",
    option: "`[IP:][HOST:]CONTAINER[/protocol]` to publish.",
    part: { about: "Published ports", origins: "each" },
  },
  runtime: {
    description: "Container: `podman` or `docker`. Default: `container_runtime`.",
    field: "runtime",
    form: { kind: "choice", words: RUNTIMES },
    only: "container",
    place: "engine",
    ops: "container_runtime",
    flag: "runtime",
    option: "Default: podman where it is installed, else docker.",
    part: {
      about: "Container runtime; null: podman where it is installed, else docker",
      record: null,
    },
  },
  network: {
    description: "Container: the network to join.",
    field: "network",
    form: { kind: "text", check: "network" },
    only: "container",
    filled: "start",
    part: { about: "Network of the container" },
  },
  user: {
    description: "Container: user to run as, `NAME[:GROUP]` or ids.",
    field: "user",
    form: { kind: "text", check: "user" },
    only: "container",
    filled: "start",
    part: { about: "User in the container" },
  },
  restart: {
    description: "When a program that has ended is executed again: `no`, `on-failure`, with how " +
      "many restarts after failures in a row there may be (`on-failure:5`), `always` or " +
      "`unless-stopped`. In tmux by the shell in its pane, on containers by the runtime. " +
      "Default: `no`.",
    field: "restart",
    form: { kind: "text", check: "restart" },
    part: { about: "When it is executed again; null: never" },
  },
  restart_delay: {
    description:
      "tmux: how long after its end that is: `500ms`, `10s`, or a number of seconds. It " +
      "doubles with every failure in a row, and a tenth of it is at random either way. Default: 1.",
    field: "restartDelaySeconds",
    form: { kind: "duration", unit: "seconds", min: 0.1, max: DAY_SECONDS },
    only: "tmux",
    default: 1,
    part: { about: "The first delay before it is executed again, in seconds" },
  },
  restart_max_delay: {
    description: "tmux: the longest that it becomes. Default: `60s`.",
    field: "restartMaxDelaySeconds",
    form: { kind: "duration", unit: "seconds", min: 0.1, max: DAY_SECONDS },
    only: "tmux",
    default: 60,
    part: { about: "The longest delay, in seconds" },
  },
  restart_reset: {
    description: "tmux: a program that was up so long has no failures behind it. Default: 60.",
    field: "restartResetSeconds",
    form: { kind: "duration", unit: "seconds", min: 0, max: DAY_SECONDS },
    only: "tmux",
    default: 60,
    part: { about: "After how long up its failures are forgotten, in seconds" },
  },
  success_exit_codes: {
    description: "Exit codes that are no failure, besides 0.",
    field: "successExitCodes",
    form: {
      kind: "list",
      item: { kind: "integer", unit: "", min: 0, max: 255 },
      limit: 256,
      orOne: true,
    },
    only: "tmux",
    part: { about: "Exit codes that are no failure, besides 0" },
  },
  ...PROBE_KEYS,
  tty: {
    description: "Container: `false`: no terminal of its own, so that standard error stays apart " +
      "from standard output. Default: `true`.",
    field: "tty",
    form: { kind: "flag" },
    only: "container",
    default: true,
    part: { about: "Whether the container has a terminal; null: not of this backend" },
  },
  run_args: {
    description: "Container: more arguments for the runtime's `run`, passed before the image.",
    field: "runArgs",
    form: { kind: "list", item: { kind: "text", check: "runArgument" }, limit: null, orOne: false },
    only: "container",
    filled: "start",
    part: { about: "More arguments for the runtime" },
  },
  stop_signal: {
    description: "Signal that asks the program to end. Default: SIGINT; on containers the image's.",
    field: "stopSignal",
    form: { kind: "signal" },
    ops: "stop_signal",
    part: { about: "What asks it to end; null: what the backend or the image says", ending: true },
  },
  stop_scope: {
    description: "tmux: who gets it: `group`, the foreground processes of its terminal, as by " +
      "Ctrl-C, or `main`, the program alone. Default: `group` for SIGINT and SIGQUIT, else `main`.",
    field: "stopScope",
    form: { kind: "choice", words: STOP_SCOPES },
    only: "tmux",
    part: {
      about: "Who gets it; null: as the signal has it, or not of this backend",
      ending: true,
    },
  },
  stop_timeout: {
    description: "How long a stop waits before it ends the program by force: `10s`, `1m30s`, or " +
      "a number of seconds. Default: 10.",
    field: "stopTimeoutSeconds",
    form: { kind: "duration", unit: "seconds", min: 0, max: DAY_SECONDS },
    ops: "stop_timeout",
    part: { about: "How long a stop waits, in seconds", ending: true },
  },
  log_capture: {
    description: "`false`: nothing of what it prints is kept. Default: `log_capture` of `ops`.",
    field: "logCapture",
    form: { kind: "flag" },
    ops: "log_capture",
    part: { about: "Whether what it prints is kept", at: "log.capture" },
  },
  log_max_size: {
    description:
      "Size at which the next file of its output is begun. Default: `log_max_size` of `ops`.",
    field: "logMaxBytes",
    form: { kind: "size", ...LOG_BYTES },
    ops: "log_max_size",
    part: {
      about: "Size at which the next file is begun",
      at: "log.maxBytes",
      record: "log_max_bytes",
    },
  },
  log_keep: {
    description: "How many files of its output are kept. Default: `log_keep` of `ops`.",
    field: "logKeep",
    form: { kind: "integer", unit: "files", min: LOG_FILES.least, max: LOG_FILES.most },
    ops: "log_keep",
    part: { about: "Number of files", at: "log.keep" },
  },
  protected: {
    description: "`true`: `stop` and `restart` need a yes. Default: `false`.",
    field: "protected",
    form: { kind: "flag" },
    default: false,
    part: { about: "Whether stopping it needs a yes", ending: true },
  },
  groups: {
    description: "Groups that it is in: `kstops stop @bots` stops all that are in `bots`.",
    field: "groups",
    form: { kind: "list", item: { kind: "text", check: "group" }, limit: null, orOne: true },
  },
  ...ORDER_KEYS,
  unsafe_env: {
    description: "Variables like `LD_PRELOAD`, otherwise refused, that `env` may have.",
    field: "unsafeEnv",
    form: { kind: "list", item: { kind: "text", check: "text" }, limit: null, orOne: false },
    flag: "unsafe-env",
    option: "Variables like `LD_PRELOAD`, otherwise refused, that `env` may have.",
  },
} as const satisfies Readonly<Record<string, SessionKey>>;

/** The keys with their names, in the order for all uses. */
export const ALL_SESSION_KEYS: readonly (readonly [name: string, key: SessionKey])[] = Object
  .entries(SESSION_KEYS);

/** The names of the keys that a backend does not have. */
export function foreignKeys(backend: BackendType): ReadonlySet<string> {
  return new Set(
    ALL_SESSION_KEYS.filter(([, key]) => !appliesTo(key, backend)).map(([name]) => name),
  );
}

/** The value of a key that is not given. */
export function defaultOf({ form, ops, default: value }: SessionKey): Json {
  if (form.kind === "list" || form.kind === "variables") return [];
  return value ?? (ops === undefined ? null : OPS_KEYS[ops].default);
}

/** Whether a backend has a key. */
export function appliesTo({ only }: SessionKey, backend: BackendType): boolean {
  return only === undefined || only === backend;
}
