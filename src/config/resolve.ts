/** Resolves flags over config over defaults into exactly what a start is to start. Pure. */
import { quote, SessionConfigError, SessionNotFoundError, UsageError } from "../errors.ts";
import { type BackendType, type Definition, NOBODY, type Owner } from "../model.ts";
import { closest } from "../suggest.ts";
import { validateEnv } from "../validate/env.ts";
import { validateImageName } from "../validate/image.ts";
import { validateSessionName } from "../validate/name.ts";
import { oddFlags } from "../validate/run_args.ts";
import { commandOf } from "./command.ts";
import { absolutePath, type Config, type Origin, type UsableEntry } from "./config.ts";
import { containerDirectory, directoryAt, isSwitched, volumesOf } from "./directories.ts";
import { filler } from "./filler.ts";
import { hasProgram, impliedBackend, type StartFlags } from "./flags.ts";
import { partsOf } from "./parts.ts";
import { configInvalid } from "./problems.ts";
import { checkDirectory } from "./rules.ts";
import type { Start, Surroundings } from "./starting.ts";
import { NO_SETTINGS } from "./values.ts";
import { filesOf, unsafeKeys, type Variables, variablesOf } from "./variables.ts";
import {
  inapplicableKeys,
  inapplicableWarnings,
  isInherited,
  type Warning,
  warningAt,
} from "./warnings.ts";

/** What to start, and the remarks about it. */
export interface Resolved {
  readonly definition: Definition;
  /** The origins of its variables, by name. */
  readonly envOrigins: ReadonlyMap<string, Origin>;
  readonly warnings: readonly Warning[];
  /** Keys of the config that do not apply to the backend that the flags chose. */
  readonly leftOut: readonly string[];
  /** Texts to mask wherever they appear: values of variables, and values from the environment. */
  readonly secrets: readonly string[];
}

/** Absolute paths of a session's env files. Later ones win. */
export function envFilesOf(
  name: string,
  flags: StartFlags,
  config: Config,
  { workingDirectory }: Pick<Surroundings, "workingDirectory">,
): readonly string[] {
  const files = filesOf(config.sessions.get(name), { flags, config, workingDirectory });
  return [...files.ofConfig, ...files.ofFlags].map(({ path }) => path);
}

/**
 * The definition that `start NAME` would start with these flags.
 *
 * @throws {UsageError} when the flags contradict each other, or need something that is missing
 * @throws {SessionNotFoundError} when the config has no such session and the flags give nothing to
 *   run
 * @throws {SessionConfigError} `config_invalid` for mistakes in the config, `value_invalid` for
 *   mistakes in a flag
 */
export function resolve(
  name: string,
  flags: StartFlags,
  config: Config,
  surroundings: Surroundings,
): Resolved {
  const implied = impliedBackend(flags);
  const entry = entryOf(name, config);
  if (entry === null) {
    if (!hasProgram(flags)) throw notFound(name, config);
    validateSessionName(name);
  }
  const backend = flags.backend ?? implied ?? entry?.settings.backend ??
    config.settings.defaultBackend;
  const start: Start = {
    name,
    flags,
    config,
    surroundings,
    entry,
    backend,
    settings: entry?.settings ?? NO_SETTINGS,
    filler: filler(entry, {
      config,
      lookup: surroundings.env,
      checked: surroundings.masked !== true,
    }),
    asked: flags.backend !== undefined || implied !== null || entry === null,
  };
  const variables = variablesOf(start);
  const resolver = RESOLVERS[backend];
  if (resolver === undefined) throw new TypeError(`no config can define a session of ${backend}`);
  return resolver(start, variables);
}

/** Builds each backend's definition. */
const RESOLVERS: Readonly<
  Partial<Record<BackendType, (start: Start, variables: Variables) => Resolved>>
> = { tmux: resolveTmux, container: resolveContainer };

function resolveTmux(start: Start, variables: Variables): Resolved {
  const { name, flags, settings, filler, surroundings } = start;
  const { argv, shellEnv } = commandOf(start, variables);
  if (argv === null) {
    throw incomplete(start, {
      lacks: "a command",
      hint: start.asked
        ? "add --command, or the program after --"
        : settings.image === null
        ? "give the session a command"
        : "give the session a command, or backend: container to run its image",
    });
  }
  const leftOut: string[] = [];
  const isOfContainer = settings.workingDir !== null && isSwitched(start);
  if (isOfContainer) leftOut.push("working_dir");
  const configured = settings.workingDir === null || isOfContainer
    ? "."
    : filler.text(["working_dir"], settings.workingDir, checkDirectory);
  if (flags.workingDir !== undefined) checkDirectory(flags.workingDir);
  const workingDir = flags.workingDir === undefined
    ? absolutePath(directoryAt(start, ["working_dir"]), configured)
    : absolutePath(surroundings.workingDirectory, flags.workingDir);
  const env = validateEnv({ ...variables.env, ...shellEnv }, { unsafeKeys: unsafeKeys(start) });
  const owner = ownerOf(start);
  const parts = partsOf(start, "tmux");
  return finished(start, {
    definition: { ...parts, backend: "tmux", name, owner, argv, workingDir, env },
    variables,
    leftOut,
  });
}

function resolveContainer(start: Start, variables: Variables): Resolved {
  const { name, flags, settings, filler } = start;
  if (flags.image !== undefined) validateImageName(flags.image);
  const image = flags.image ?? filler.optional(["image"], settings.image, validateImageName);
  if (image === null) {
    throw incomplete(start, {
      lacks: "an image",
      hint: start.asked ? "add --image" : "give the session an image",
    });
  }
  const { argv, shellEnv } = commandOf(start, variables);
  const leftOut: string[] = [];
  const workingDir = containerDirectory(start, leftOut);
  const volumes = volumesOf(start);
  const env = validateEnv({ ...variables.env, ...shellEnv }, { unsafeKeys: unsafeKeys(start) });
  const owner = ownerOf(start);
  const parts = partsOf(start, "container");
  const warnings = [...variables.warnings, ...warningsOf(parts.runArgs)];
  return finished(start, {
    definition: {
      ...parts,
      ...{ backend: "container", name, owner, image, argv, workingDir, ...volumes, env },
      // Runtimes count whole seconds; rounding up loses none.
      stopTimeoutSeconds: Math.ceil(parts.stopTimeoutSeconds),
    },
    variables: { ...variables, warnings },
    leftOut,
  });
}

/** Odd things in `run_args` that may be intended. */
function warningsOf(runArgs: readonly string[]): readonly Warning[] {
  return oddFlags(runArgs).map(({ flag, problem, hint }) =>
    warningAt(["run_args"], `${flag} in run_args: ${problem}`, hint)
  );
}

/** The result, unless the way to it found a mistake in the config. */
function finished(
  start: Start,
  { definition, variables, leftOut }: {
    definition: Definition;
    variables: Variables;
    leftOut: readonly string[];
  },
): Resolved {
  const { filler, name, settings, backend } = start;
  if (definition.ready?.log != null && !definition.log.capture) {
    filler.fail(["ready", "log"], {
      message: "what it prints is not kept (log_capture: false), so nobody can look at it",
      hint: "leave out log_capture, or ask for http, tcp, a command or a delay",
    });
  }
  const problems = [...variables.problems, ...filler.problems];
  if (problems.length > 0) throw configInvalid(`start ${quote(name)}`, problems);
  const secrets = [...filler.secrets, ...variables.secrets, ...Object.values(definition.env)];
  const keys = inapplicableKeys(settings, backend)
    .filter((key) => !isInherited(start.config, name, key));
  // A user who switches the backend by a flag knows that the session has keys of the other one.
  const isOwnChoice = !isSwitched(start);
  const isNamed = start.asked || settings.backend !== null;
  const ofKeys = isOwnChoice ? inapplicableWarnings(keys, { backend, isNamed }) : [];
  return {
    definition,
    envOrigins: variables.origins,
    warnings: [...variables.warnings, ...ofKeys],
    leftOut: isOwnChoice ? leftOut : [...keys, ...leftOut],
    secrets: [...new Set(secrets)].filter((secret) => secret !== ""),
  };
}

/** The config's entry of the session, if it exists and can be started. */
function entryOf(name: string, config: Config): UsableEntry | null {
  if (config.problems.length > 0) throw configInvalid(`start ${quote(name)}`, config.problems);
  const entry = config.sessions.get(name);
  if (entry === undefined) return null;
  if (entry.kind === "invalid") throw configInvalid(`start ${quote(name)}`, entry.problems);
  if (entry.unset.length > 0) throw configInvalid(`start ${quote(name)}`, entry.unset);
  return entry;
}

function notFound(name: string, config: Config): SessionNotFoundError {
  const near = closest(name, config.sessions.keys());
  return new SessionNotFoundError("start", name, {
    hint: near === null
      ? "define it in a config file, or say what to run: --command, --image, or a program after --"
      : `did you mean "${near}"?`,
  });
}

function incomplete(
  { name, asked }: Start,
  { lacks, hint }: { lacks: string; hint: string },
): UsageError | SessionConfigError {
  const message = `Cannot start ${quote(name)}: it has no ${lacks.replace(/^an? /, "")}`;
  return asked
    ? new UsageError(message, { hint })
    : new SessionConfigError(message, { code: "config_invalid", hint });
}

/** The owner of a session. A session in no config belongs to nobody, wherever it was made up. */
function ownerOf({ entry, config }: Start): Owner {
  if (entry === null) return NOBODY;
  return { project: config.settings.project, configFile: config.realPath };
}
