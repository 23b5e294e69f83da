/**
 * The keys of a config file: their types, rules and descriptions. The only file that imports zod.
 *
 * Everything in a file is text or null (see `yaml.ts`); a key that wants a truth value or a number
 * makes it from the text. A null is as good as a key that is not there, except for a variable.
 */
import * as z from "zod/mini";
import { SessionConfigError } from "../errors.ts";
import { BACKENDS, RUNTIMES, STOP_SIGNALS } from "../model.ts";
import { closest } from "../suggest.ts";
import { validateImageName } from "../validate/image.ts";
import { MAX_PORTS, validatePorts } from "../validate/ports.ts";
import { validateSocketName } from "../validate/socket_name.ts";
import { MAX_VOLUMES, validateVolumes } from "../validate/volumes.ts";
import type { Path } from "./config.ts";
import { hasVariables, type Mistake, spellingMistakes } from "./interpolate.ts";
import {
  checkDirectory,
  checkNetwork,
  checkRestart,
  checkText,
  checkUser,
  reasonOf,
} from "./rules.ts";

/** Throws {@link SessionConfigError} for a value that is not allowed. */
export type Check = (value: string) => unknown;

/** A text that must please a validator at once: its variables are already filled in. */
function text(check: Check = checkText) {
  return z.string("must be text").check((context) => {
    const { value } = context;
    context.issues.push(...mistakesOf(check, value).map((mistake) => issue(mistake, value)));
  });
}

/** A text that is checked later, at a start, when it has variables. */
function template(check: Check = checkText) {
  return z.string("must be text").check((context) => {
    const { value } = context;
    const mistakes = hasVariables(value) ? spellingMistakes(value) : mistakesOf(check, value);
    context.issues.push(...mistakes.map((mistake) => issue(mistake, value)));
  });
}

function list<T extends z.ZodMiniType>(item: T, limit = Infinity) {
  return z.array(item, "must be a list").check((context) => {
    const { length } = context.value;
    if (length <= limit) return;
    const message = `there are ${length} of them, at most ${limit} are allowed`;
    context.issues.push(issue({ message, hint: null }, context.value));
  });
}

function oneOf<const T extends readonly string[]>(words: T) {
  const last = words.at(-1);
  return z.enum(words, `must be ${words.slice(0, -1).join(", ")} or ${last}`);
}

function flag() {
  const read = z.transform((value: unknown) => {
    if (typeof value !== "string" || !/^(?:true|false)$/i.test(value)) return value;
    return value.toLowerCase() === "true";
  });
  return z.pipe(read, z.boolean("must be true or false"));
}

function integer({ unit, max }: { unit: string; max: number }) {
  const message = `must be a whole number of ${unit}, 0 to ${max}`;
  const read = z.transform((value: unknown) =>
    typeof value === "string" && /^(?:0|[1-9][0-9]{0,8})$/.test(value) ? Number(value) : value
  );
  return z.pipe(
    read,
    z.number(message).check(z.int(message), z.gte(0, message), z.lte(max, message)),
  );
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

function issue({ message, hint }: Mistake, input: unknown) {
  return { code: "custom" as const, input, message, params: { hint } };
}

/** A validator's error without the value. */
export function mistakeOf(error: unknown): Mistake {
  if (!(error instanceof SessionConfigError)) throw error;
  return { message: reasonOf(error), hint: error.hint };
}

/** The keys of one session. Descriptions are what editors show and the reference prints. */
export const SESSION_KEYS = {
  backend: oneOf(BACKENDS).check(
    z.describe("Where the session runs: `tmux` or `container`. Default: `default_backend`."),
  ),
  command: z.union([z.string(), z.array(z.string())], "must be text or a list of texts").check(
    z.describe(
      "What to run: a string, split into words as a POSIX shell would, or a list of words. " +
        "On containers it replaces the command of the image.",
    ),
  ),
  shell: flag().check(
    z.describe(
      "`true`: run the string with `sh -c`, which then also expands `${NAME}`. Default: `false`.",
    ),
  ),
  working_dir: template(checkDirectory).check(
    z.describe(
      "Directory to run in, relative to this file; by default the directory of this file. " +
        "On containers: the path inside; by default what the image says.",
    ),
  ),
  env: z.record(
    z.string(),
    z.union([z.string(), z.number(), z.boolean(), z.null()], "must be text, or nothing"),
    "must be a mapping of names to texts",
  ).check(
    z.describe(
      "Variables of the program, each as the text that is written here. " +
        "Without a value: taken from the environment of whoever starts the session.",
    ),
  ),
  env_file: z.pipe(
    z.transform((value: unknown) => typeof value === "string" ? [value] : value),
    list(text()),
  ).check(
    z.describe(
      "Files with `KEY=value` lines, relative to this file; later ones win, and `env` wins over all.",
    ),
  ),
  socket_name: text(validateSocketName).check(
    z.describe("tmux: name of the socket (`tmux -L`). Default: `default`."),
  ),
  image: template(validateImageName).check(z.describe("Container: the image.")),
  volumes: list(template((volume) => validateVolumes([volume])), MAX_VOLUMES).check(
    z.describe(
      "Container: `SOURCE:/target[:options]`. A source `./path` is relative to this file.",
    ),
  ),
  log_volume: template((volume) => validateVolumes([volume])).check(
    z.describe("Container: one more volume, for the program's own log files."),
  ),
  ports: list(
    z.pipe(
      z.pipe(z.union([z.string(), z.number()], "must be text"), z.transform(String)),
      template((port) => validatePorts([port])),
    ),
    MAX_PORTS,
  ).check(z.describe("Container: `[IP:][HOST:]CONTAINER[/protocol]` to publish.")),
  runtime: oneOf(RUNTIMES).check(
    z.describe("Container: `podman` or `docker`. Default: `container_runtime`."),
  ),
  stop_signal: oneOf(STOP_SIGNALS).check(
    z.describe("Signal that asks the program to end. Default: SIGINT; on containers the image's."),
  ),
  stop_timeout: integer({ unit: "seconds", max: 86_400 }).check(
    z.describe("Seconds that a stop waits before it ends the program by force. Default: 10."),
  ),
  network: template(checkNetwork).check(z.describe("Container: the network to join.")),
  user: template(checkUser).check(z.describe("Container: user to run as, `NAME[:GROUP]` or ids.")),
  restart: text(checkRestart).check(
    z.describe(
      "Container: `no`, `on-failure[:N]`, `always` or `unless-stopped`, done by the runtime.",
    ),
  ),
  run_args: list(template()).check(
    z.describe("Container: more arguments for the runtime's `run`, passed before the image."),
  ),
  protected: flag().check(
    z.describe("`true`: `stop` and `restart` need a yes. Default: `false`."),
  ),
  unsafe_env: list(text()).check(
    z.describe("Variables like `LD_PRELOAD`, otherwise refused, that `env` may have."),
  ),
};

/** The keys of `ops`, without `sessions`. */
export const OPS_KEYS = {
  default_backend: oneOf(BACKENDS).check(
    z.describe("Backend of sessions that name none: `tmux` or `container`."),
  ),
  tmux_binary: text().check(z.describe("The tmux program: a name to look for, or a path.")),
  container_runtime: oneOf(RUNTIMES).check(
    z.describe("`podman` or `docker`. Empty: podman where it is installed, else docker."),
  ),
  start_wait: integer({ unit: "milliseconds", max: 600_000 }).check(
    z.describe("Milliseconds that a start watches whether the program stays alive."),
  ),
  stop_timeout: integer({ unit: "seconds", max: 86_400 }).check(
    z.describe("`stop_timeout` of sessions that name none, in seconds."),
  ),
  stop_signal: oneOf(STOP_SIGNALS).check(
    z.describe("`stop_signal` of sessions that name none."),
  ),
};

/** Texts that stay as they are until a start; all other values have their variables filled in at once. */
export const FILLED_AT_START: ReadonlySet<string> = new Set(
  "command working_dir env image volumes log_volume ports network user run_args".split(" "),
);

/** Keys and their types. */
export type Keys = Readonly<Record<string, z.ZodMiniType>>;
/** What keys give. */
export type Values<K extends Keys> = { readonly [key in keyof K]?: z.output<K[key]> };

/** A mistake at a path below a value. */
export interface MistakeBelow extends Mistake {
  readonly path: Path;
}

/** The value of one key, or what is wrong with it. */
export function parseKey(
  type: z.ZodMiniType,
  value: unknown,
): { readonly value: unknown; readonly mistakes: readonly MistakeBelow[] } {
  const result = z.safeParse(type, value);
  if (result.success) return { value: result.data, mistakes: [] };
  const mistakes = result.error.issues.map((issue) => ({
    path: issue.path.filter((step) => typeof step !== "symbol"),
    message: issue.message,
    hint: hintOf(issue, value),
  }));
  return { value: undefined, mistakes };
}

function hintOf(issue: z.core.$ZodIssue, value: unknown): string | null {
  if (issue.code === "custom") return issue.params?.hint ?? null;
  if (issue.code !== "invalid_value" || typeof value !== "string") return null;
  const near = closest(value, issue.values.map(String));
  return near === null ? null : `did you mean "${near}"?`;
}
