/**
 * The keys of a config file: their types, rules and descriptions, as one table. Reading a file, the
 * JSON Schema and the reference all come from it.
 *
 * Everything in a file is text or null (see `yaml.ts`); a key that wants a truth value or a number
 * makes it from the text. A null is as good as a key that is not there, except for a variable.
 */
import { SessionConfigError } from "../errors.ts";
import {
  BACKENDS,
  LOG_BYTES,
  LOG_FILES,
  RUNTIMES,
  STOP_SCOPES,
  STOP_SIGNALS,
  type StopSignal,
} from "../model.ts";
import { closest } from "../suggest.ts";
import { parseDuration } from "../validate/duration.ts";
import { MAX_ENV_VARIABLES } from "../validate/env.ts";
import { validateImageName } from "../validate/image.ts";
import { validateProjectName } from "../validate/name.ts";
import { MAX_PORTS, validatePorts } from "../validate/ports.ts";
import { parseSize } from "../validate/size.ts";
import { validateSocketName } from "../validate/socket_name.ts";
import { MAX_VOLUMES, validateVolumes } from "../validate/volumes.ts";
import type { EnvFileSettings, Path } from "./config.ts";
import { ENV_FORMATS } from "./env_file.ts";
import { hasVariables, type Mistake, spellingMistakes } from "./interpolate.ts";
import {
  checkDirectory,
  checkNetwork,
  checkRestart,
  checkRunArg,
  checkText,
  checkUser,
  reasonOf,
} from "./rules.ts";
import type { Node } from "./yaml.ts";

/** Throws {@link SessionConfigError} for a value that is not allowed. */
export type Check = (value: string) => unknown;

/** What a key may hold, as far as a schema can say it. */
export type Form =
  | { readonly kind: "text" | "flag" | "variables" | "envFile" }
  | { readonly kind: "choice"; readonly words: readonly string[] }
  | { readonly kind: "integer"; readonly min: number; readonly max: number }
  /** The most is in what a number without a unit counts. */
  | { readonly kind: "duration"; readonly min: number; readonly max: number }
  | {
    readonly kind: "list";
    readonly item: Form;
    /** Most items; null: any number. */
    readonly limit: number | null;
    /** Whether one item does without a list. */
    readonly orOne: boolean;
  };

/** Gets what is wrong at a node, and the path from the key to it. */
export type Note = (node: Node, below: Path, mistake: Mistake) => void;

/** A type of values. */
export interface Type<T> {
  readonly form: Form;
  /** The value of a node; what is wrong with it is noted, and the value then undefined. */
  readonly read: (node: Node, note: Note, below: Path) => T | undefined;
}

/** A key. */
export interface Key<T> extends Type<T> {
  /** What editors show and the reference prints. */
  readonly description: string;
}

/** Keys and their types. */
export type Keys = Readonly<Record<string, Key<unknown>>>;
/** What keys give. */
export type Values<K extends Keys> = {
  readonly [key in keyof K]?: K[key] extends Key<infer T> ? T : never;
};

function key<T>(description: string, type: Type<T>): Key<T> {
  return { ...type, description };
}

/** A text, with what is wrong with it. */
function textWith(mistakes: (value: string) => readonly Mistake[]): Type<string> {
  return {
    form: { kind: "text" },
    read: (node, note, below) => {
      if (node.kind !== "text") return refuse(node, note, below, "must be text");
      const found = mistakes(node.text);
      for (const mistake of found) note(node, below, mistake);
      return found.length === 0 ? node.text : undefined;
    },
  };
}

/** A text that must please a validator at once: its variables are already filled in. */
function text(check: Check = checkText): Type<string> {
  return textWith((value) => mistakesOf(check, value));
}

/** A text that is checked later, at a start, when it has variables. */
function template(check: Check = checkText): Type<string> {
  return textWith((value) =>
    hasVariables(value) ? spellingMistakes(value) : mistakesOf(check, value)
  );
}

function list<T>(
  item: Type<T>,
  { limit = null, orOne = false }: { limit?: number | null; orOne?: boolean } = {},
): Type<readonly T[]> {
  return {
    form: { kind: "list", item: item.form, limit, orOne },
    read: (node, note, below) => {
      const isOne = node.kind === "text" || node.kind === "map" && item.form.kind === "envFile";
      const items = node.kind === "list" ? node.items : orOne && isOne ? [node] : null;
      if (items === null) return refuse(node, note, below, "must be a list");
      if (limit !== null && items.length > limit) {
        const reason = `there are ${items.length} of them, at most ${limit} are allowed`;
        return refuse(node, note, below, reason);
      }
      const isList = node.kind === "list";
      const values = items.map((each, index) =>
        item.read(each, note, isList ? [...below, index] : below)
      );
      const whole = values.filter((value) => value !== undefined);
      return whole.length === values.length ? whole : undefined;
    },
  };
}

/** A command: a string, or a list of words. What they say is checked when `shell` is known. */
const COMMAND: Type<string | readonly string[]> = {
  form: { kind: "list", item: { kind: "text" }, limit: null, orOne: true },
  read: (node, note, below) => {
    if (node.kind === "text") return node.text;
    const isWords = node.kind === "list" && node.items.every((item) => item.kind === "text");
    if (!isWords) return refuse(node, note, below, "must be text or a list of texts");
    return node.items.map((item) => item.kind === "text" ? item.text : "");
  },
};

/** Names and texts, or null for a variable that is taken from the environment. */
const VARIABLES: Type<ReadonlyMap<string, string | null>> = {
  form: { kind: "variables" },
  read: (node, note, below) => {
    if (node.kind !== "map") {
      return refuse(
        node,
        note,
        below,
        "must be a mapping of names to texts, or a list of NAME=value",
      );
    }
    const { size } = node.entries;
    if (size > MAX_ENV_VARIABLES) {
      const reason = `there are ${size} of them, at most ${MAX_ENV_VARIABLES} are allowed`;
      return refuse(node, note, below, reason);
    }
    const values = new Map<string, string | null>();
    for (const [name, { value }] of node.entries) {
      if (value.kind === "text") values.set(name, value.text);
      else if (value.kind === "null") values.set(name, null);
      else note(value, [...below, name], { message: "must be text, or nothing", hint: null });
    }
    return values.size === size ? values : undefined;
  },
};

/** An env file: its path, or that and how to read it. */
const ENV_FILE: Type<EnvFileSettings> = {
  form: { kind: "envFile" },
  read: (node, note, below) => {
    if (node.kind === "text") {
      const path = text().read(node, note, below);
      return path === undefined ? undefined : { path, format: null };
    }
    if (node.kind !== "map") {
      return refuse(node, note, below, "must be a path, or a mapping with path and format");
    }
    const keys: readonly string[] = ["path", "format"];
    let isWhole = true;
    for (const [name, { at }] of node.entries) {
      if (keys.includes(name) || isFreeKey(name)) continue;
      note({ kind: "null", at }, [...below, name], unknownKey(name, keys));
      isWhole = false;
    }
    const path = node.entries.get("path")?.value;
    const format = node.entries.get("format")?.value ?? { kind: "null", at: node.at };
    if (path === undefined || path.kind === "null") {
      return refuse(node, note, below, "the path of the file is missing");
    }
    const found = {
      path: text().read(path, note, [...below, "path"]),
      format: format.kind === "null"
        ? null
        : oneOf(ENV_FORMATS).read(format, note, [...below, "format"]),
    };
    if (!isWhole || found.path === undefined || found.format === undefined) return undefined;
    return { path: found.path, format: found.format };
  },
};

/** Such a key means nothing wherever keys are fixed: a place for YAML anchors, as in compose files. */
export function isFreeKey(key: string): boolean {
  return key.startsWith("x-");
}

/** What is wrong with a key that is none of the known ones. */
export function unknownKey(key: string, known: Iterable<string>): Mistake {
  const near = closest(key, known);
  return { message: "unknown key", hint: near === null ? null : `did you mean "${near}"?` };
}

function oneOf<const T extends readonly string[]>(words: T): Type<T[number]> {
  const message = `must be ${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
  return {
    form: { kind: "choice", words },
    read: (node, note, below) => {
      const value = node.kind === "text" ? node.text : "";
      const word = words.find((each) => each === value);
      if (word !== undefined) return word;
      const near = closest(value, words);
      note(node, below, { message, hint: near === null ? null : `did you mean "${near}"?` });
      return undefined;
    },
  };
}

/** Signals, which most programs know without the first three letters, too. */
const SHORT_SIGNALS = STOP_SIGNALS.map((signal) => signal.slice(3));
const FULL_SIGNAL = oneOf(STOP_SIGNALS);
const SIGNAL: Type<StopSignal> = {
  form: { kind: "choice", words: [...STOP_SIGNALS, ...SHORT_SIGNALS] },
  read: (node, note, below) => {
    const isShort = node.kind === "text" && SHORT_SIGNALS.includes(node.text);
    return FULL_SIGNAL.read(isShort ? { ...node, text: `SIG${node.text}` } : node, note, below);
  },
};

const FLAG: Type<boolean> = {
  form: { kind: "flag" },
  read: (node, note, below) => {
    const value = node.kind === "text" ? node.text.toLowerCase() : "";
    if (value === "true" || value === "false") return value === "true";
    return refuse(node, note, below, "must be true or false");
  },
};

function integer(
  { unit, min = 0, max }: { unit: string; min?: number; max: number },
): Type<number> {
  return {
    form: { kind: "integer", min, max },
    read: (node, note, below) => {
      const value = node.kind === "text" && /^(?:0|[1-9][0-9]{0,8})$/.test(node.text)
        ? Number(node.text)
        : Infinity;
      if (value >= min && value <= max) return value;
      return refuse(node, note, below, `must be a whole number of ${unit}, ${min} to ${max}`);
    },
  };
}

/** A length of time, as a number of what a number without a unit counts. */
function duration(
  { unit, min = 0, max }: { unit: "seconds" | "milliseconds"; min?: number; max: number },
): Type<number> {
  const unitMs = unit === "seconds" ? 1000 : 1;
  return {
    form: { kind: "duration", min, max },
    read: (node, note, below) => {
      const ms = node.kind === "text" ? parseDuration(node.text, unitMs) : null;
      if (ms !== null && ms >= min * unitMs && ms <= max * unitMs) return ms / unitMs;
      const message = `must be a duration such as 500ms, 10s or 1m30s, or a number of ${unit}, ` +
        `${min} to ${max}`;
      return refuse(node, note, below, message);
    },
  };
}

const SIZE: Type<number> = {
  form: { kind: "text" },
  read: (node, note, below) => {
    if (node.kind !== "text") return refuse(node, note, below, "must be a size");
    try {
      return parseSize(node.text, LOG_BYTES);
    } catch (error) {
      note(node, below, mistakeOf(error));
      return undefined;
    }
  },
};

function refuse(node: Node, note: Note, below: Path, message: string): undefined {
  note(node, below, { message, hint: null });
  return undefined;
}

/** What a check has against a value: nothing, or one thing. */
export function mistakesOf(check: Check, value: string): readonly Mistake[] {
  try {
    check(value);
    return [];
  } catch (error) {
    return [mistakeOf(error)];
  }
}

/** A validator's error without the value. */
export function mistakeOf(error: unknown): Mistake {
  if (!(error instanceof SessionConfigError)) throw error;
  return { message: reasonOf(error), hint: error.hint };
}

/** The longest `stop_timeout`, in seconds. */
const DAY = 86_400;

/** The keys of one session. */
export const SESSION_KEYS = {
  backend: key(
    "Where the session runs: `tmux` or `container`. Default: `default_backend`.",
    oneOf(BACKENDS),
  ),
  command: key(
    "What to run: a string, split into words as a POSIX shell would, or a list of words. " +
      "On containers it replaces the command of the image.",
    COMMAND,
  ),
  shell: key(
    "`true`: run the string with `sh -c`, which then also expands `${NAME}`. Default: `false`.",
    FLAG,
  ),
  working_dir: key(
    "Directory to run in, relative to this file; by default the directory of this file. " +
      "On containers: the path inside; by default what the image says.",
    template(checkDirectory),
  ),
  env: key(
    "Variables of the program, each as the text that is written here; also as a list, " +
      "`[A=1, B]`. Without a value: taken from the environment of whoever starts the session.",
    VARIABLES,
  ),
  env_file: key(
    "Files with `KEY=value` lines, relative to this file; later ones win, and `env` wins over all. " +
      "Read as compose does (quotes, `export`, comments, `${NAME}`); " +
      "`{path: FILE, format: raw}`: each line as it is, as `docker run --env-file` does.",
    list(ENV_FILE, { orOne: true }),
  ),
  socket_name: key(
    "tmux: name of the socket (`tmux -L`). Default: `default`.",
    text(validateSocketName),
  ),
  image: key("Container: the image.", template(validateImageName)),
  volumes: key(
    "Container: `SOURCE:/target[:options]`. A source `./path` is relative to this file.",
    list(template((volume) => validateVolumes([volume])), { limit: MAX_VOLUMES }),
  ),
  log_volume: key(
    "Container: one more volume, for the program's own log files.",
    template((volume) => validateVolumes([volume])),
  ),
  ports: key(
    "Container: `[IP:][HOST:]CONTAINER[/protocol]` to publish.",
    list(template((port) => validatePorts([port])), { limit: MAX_PORTS }),
  ),
  runtime: key(
    "Container: `podman` or `docker`. Default: `container_runtime`.",
    oneOf(RUNTIMES),
  ),
  stop_signal: key(
    "Signal that asks the program to end. Default: SIGINT; on containers the image's.",
    SIGNAL,
  ),
  stop_scope: key(
    "tmux: who gets it: `group`, the foreground processes of its terminal, as by Ctrl-C, or `main`, " +
      "the program alone. Default: `group` for SIGINT and SIGQUIT, else `main`.",
    oneOf(STOP_SCOPES),
  ),
  stop_timeout: key(
    "How long a stop waits before it ends the program by force: `10s`, `1m30s`, or a number of " +
      "seconds. Default: 10.",
    duration({ unit: "seconds", max: DAY }),
  ),
  log_capture: key(
    "`false`: nothing of what it prints is kept. Default: `log_capture` of `ops`.",
    FLAG,
  ),
  log_max_size: key(
    "Size at which the next file of its output is begun. Default: `log_max_size` of `ops`.",
    SIZE,
  ),
  log_keep: key(
    "How many files of its output are kept. Default: `log_keep` of `ops`.",
    integer({ unit: "files", min: LOG_FILES.least, max: LOG_FILES.most }),
  ),
  network: key("Container: the network to join.", template(checkNetwork)),
  user: key("Container: user to run as, `NAME[:GROUP]` or ids.", template(checkUser)),
  restart: key(
    "Container: `no`, `on-failure[:N]`, `always` or `unless-stopped`, done by the runtime.",
    text(checkRestart),
  ),
  tty: key(
    "Container: `false`: no terminal of its own, so that standard error stays apart from standard " +
      "output. Default: `true`.",
    FLAG,
  ),
  run_args: key(
    "Container: more arguments for the runtime's `run`, passed before the image.",
    list(template(checkRunArg)),
  ),
  protected: key("`true`: `stop` and `restart` need a yes. Default: `false`.", FLAG),
  unsafe_env: key(
    "Variables like `LD_PRELOAD`, otherwise refused, that `env` may have.",
    list(text()),
  ),
};

/** The keys of `ops`, without `sessions`. */
export const OPS_KEYS = {
  project: key(
    "Whose these sessions are: a name, for all configs of one project. Another config cannot stop or " +
      "replace them. Default: none; then they are those of this file.",
    text(validateProjectName),
  ),
  default_backend: key(
    "Backend of sessions that name none: `tmux` or `container`.",
    oneOf(BACKENDS),
  ),
  tmux_binary: key(
    "The tmux program: a name to look for, or a path, relative to this file.",
    text(),
  ),
  container_runtime: key(
    "`podman` or `docker`. Empty: podman where it is installed, else docker.",
    oneOf(RUNTIMES),
  ),
  start_wait: key(
    "How long a start watches whether the program stays alive: `2s`, or a number of milliseconds.",
    duration({ unit: "milliseconds", max: 600_000 }),
  ),
  engine_timeout: key(
    "How long a tmux server, podman or docker may be silent before it counts as one that does not " +
      "answer: `10s`, or a number of seconds. What takes long is waited for as long as its engine " +
      "answers another question.",
    duration({ unit: "seconds", min: 1, max: 3600 }),
  ),
  operations_keep: key(
    "How many of the newest operations are kept, whatever their age.",
    integer({ unit: "operations", max: 1_000_000 }),
  ),
  operations_days: key(
    "For how many days all operations are kept, however many they are.",
    integer({ unit: "days", max: 36_500 }),
  ),
  stop_timeout: key(
    "`stop_timeout` of sessions that name none: `10s`, `1m30s`, or a number of seconds.",
    duration({ unit: "seconds", max: DAY }),
  ),
  stop_signal: key("`stop_signal` of sessions that name none.", SIGNAL),
  log_capture: key(
    "Whether what sessions print is kept, in files, for `logs` and `why`.",
    FLAG,
  ),
  log_max_size: key(
    "Size at which the next file of a session's output is begun: `10MiB`, `512k`, or bytes.",
    SIZE,
  ),
  log_keep: key(
    "How many files of output are kept of a session; with one more the oldest goes.",
    integer({ unit: "files", min: LOG_FILES.least, max: LOG_FILES.most }),
  ),
};

/** The keys of `ops` that have keys below them. */
export const OTHER_OPS_KEYS: ReadonlySet<string> = new Set(["defaults", "sessions"]);

/** What `ops.defaults` is for. */
export const DEFAULTS: { readonly description: string } = {
  description:
    "Keys of a session, for every session of this config that does not say them itself; below `tmux` " +
    "and `container` those for sessions of that backend alone. Mappings are merged (`env` key by " +
    "key), lists and single values are replaced.",
};

/** The keys at the top of a file, without `ops`. */
export const TOP_KEYS = {
  include: key(
    "Files to read under this one, relative to it. Mappings are merged, lists and single values " +
      "replaced; this file wins over them, a later one over an earlier one.",
    list(text(), { orOne: true }),
  ),
};

/** Texts that stay as they are until a start; all other values have their variables filled in at once. */
export const FILLED_AT_START: ReadonlySet<string> = new Set(
  "command working_dir env image volumes log_volume ports network user run_args".split(" "),
);
