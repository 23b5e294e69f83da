/** The keys of a config file outside of its sessions, as tables; see `session_keys.ts`. */
import { BACKENDS, DEFAULT_LOG, LOG_BYTES, LOG_FILES, RUNTIMES } from "../model.ts";
import type { Key, ValueOf } from "./form.ts";
import { type Nested, objectWith, valueAt } from "./paths.ts";

/** A key of `ops`. */
export interface OpsKey extends Key {
  /** The value when no config gives one. `config/defaults.yml` is written from these. */
  readonly default: string | number | boolean | null;
  /** The comment beside it in `config/defaults.yml`. */
  readonly note?: string;
}

/** The keys of `ops`, except those with keys of sessions below them. */
export const OPS_KEYS = {
  project: {
    description: "Whose these sessions are: a name, for all configs of one project. Another " +
      "config cannot stop or replace them. Default: none; then they are those of this file.",
    field: "project",
    form: { kind: "text", check: "project" },
    default: null,
    note: "the path of the file",
  },
  default_backend: {
    description: "Backend of sessions that name none: `tmux` or `container`.",
    field: "defaultBackend",
    form: { kind: "choice", words: BACKENDS },
    default: "tmux",
  },
  tmux_binary: {
    description: "The tmux program: a name to look for, or a path, relative to this file.",
    field: "tmuxBinary",
    form: { kind: "text", check: "text" },
    default: "tmux",
  },
  container_runtime: {
    description: "`podman` or `docker`. Empty: podman where it is installed, else docker.",
    field: "containerRuntime",
    form: { kind: "choice", words: RUNTIMES },
    default: null,
    note: "podman where it is installed, else docker",
  },
  start_wait: {
    description: "How long a start watches whether the program stays alive: `2s`, or a number " +
      "of milliseconds.",
    field: "startWaitMs",
    form: { kind: "duration", unit: "milliseconds", min: 0, max: 600_000 },
    default: 500,
    note: "milliseconds",
  },
  engine_timeout: {
    description: "How long a tmux server, podman or docker may be silent before it counts as one " +
      "that does not answer: `10s`, or a number of seconds. What takes long is waited for as " +
      "long as its engine answers another question.",
    field: "engineTimeoutSeconds",
    form: { kind: "duration", unit: "seconds", min: 1, max: 3600 },
    default: 10,
    note: "seconds",
  },
  operations_keep: {
    description: "How many of the newest operations are kept, whatever their age.",
    field: "operationsKept",
    form: { kind: "integer", unit: "operations", min: 0, max: 1_000_000 },
    default: 1000,
    note: "operations",
  },
  operations_days: {
    description: "For how many days all operations are kept, however many they are.",
    field: "operationDays",
    form: { kind: "integer", unit: "days", min: 0, max: 36_500 },
    default: 90,
    note: "days",
  },
  stop_timeout: {
    description:
      "`stop_timeout` of sessions that name none: `10s`, `1m30s`, or a number of seconds.",
    field: "stopTimeoutSeconds",
    form: { kind: "duration", unit: "seconds", min: 0, max: 86_400 },
    default: 10,
    note: "seconds",
  },
  stop_signal: {
    description: "`stop_signal` of sessions that name none.",
    field: "stopSignal",
    form: { kind: "signal" },
    default: null,
    note: "tmux: SIGINT; containers: what the image says",
  },
  log_capture: {
    description: "Whether what sessions print is kept, in files, for `logs` and `why`.",
    field: "log.capture",
    form: { kind: "flag" },
    default: DEFAULT_LOG.capture,
  },
  log_max_size: {
    description: "Size at which the next file of a session's output is begun: `10MiB`, `512k`, " +
      "or bytes.",
    field: "log.maxBytes",
    form: { kind: "size", ...LOG_BYTES },
    default: DEFAULT_LOG.maxBytes,
    note: "of one file",
  },
  log_keep: {
    description: "How many files of output are kept of a session; with one more the oldest goes.",
    field: "log.keep",
    form: { kind: "integer", unit: "files", min: LOG_FILES.least, max: LOG_FILES.most },
    default: DEFAULT_LOG.keep,
    note: "files of a session",
  },
} as const satisfies Readonly<Record<string, OpsKey>>;

/** The keys of `ops` with keys of sessions below them. */
export const OTHER_OPS_KEYS: readonly string[] = ["defaults", "sessions"];

/** What `ops.defaults` is for. */
export const DEFAULTS: { readonly description: string } = {
  description: "Keys of a session, for every session of this config that does not say them " +
    "itself; below `tmux` and `container` those for sessions of that backend alone. Mappings are " +
    "merged (`env` key by key), lists and single values are replaced.",
};

/** The keys at the top of a file, without `ops`. */
export const TOP_KEYS = {
  include: {
    description: "Files to read under this one, relative to it. Mappings are merged, lists and " +
      "single values replaced; this file wins over them, a later one over an earlier one.",
    field: "include",
    form: { kind: "list", item: { kind: "text", check: "text" }, limit: null, orOne: true },
  },
} as const satisfies Readonly<Record<string, Key>>;

/** The settings of a config besides its sessions, over the defaults. */
export type Settings = Nested<
  {
    readonly [N in keyof OpsTable as OpsTable[N]["field"]]:
      | ValueOf<OpsTable[N]["form"]>
      | Extract<OpsTable[N]["default"], null>;
  }
>;

type OpsTable = typeof OPS_KEYS;

/** The settings without any config, as in `config/defaults.yml`. */
export function defaultSettings(): Settings {
  return settingsFrom((key) => key.default);
}

/** The given settings over others, by the fields of {@link OPS_KEYS}. */
export function settingsWith(said: object, under: Settings): Settings {
  return settingsFrom(({ field }) => Reflect.get(said, field) ?? valueAt(under, field));
}

function settingsFrom(valueOf: (key: OpsKey) => unknown): Settings {
  const keys: readonly OpsKey[] = Object.values(OPS_KEYS);
  // Every key has its field, with the type of its form.
  return objectWith(keys.map((key) => [key.field, valueOf(key)])) as Settings;
}
