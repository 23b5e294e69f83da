/** Flags over config over defaults: what exactly a start is to start. Pure. */
import { quote, SessionConfigError, SessionNotFoundError, UsageError } from "../errors.ts";
import type {
  BackendType,
  ContainerDefinition,
  Definition,
  Runtime,
  TmuxDefinition,
} from "../model.ts";
import { NOBODY } from "../model.ts";
import { closest } from "../suggest.ts";
import { splitCommand, validateCommand } from "../validate/command.ts";
import { validateEnv } from "../validate/env.ts";
import { validateImageName } from "../validate/image.ts";
import { validateSessionName } from "../validate/name.ts";
import { validatePorts } from "../validate/ports.ts";
import { oddFlags } from "../validate/run_args.ts";
import { validateSocketName } from "../validate/socket_name.ts";
import { validateVolumes } from "../validate/volumes.ts";
import {
  absolutePath,
  type Config,
  indented,
  type Origin,
  type Path,
  type Problem,
  problemReport,
  problemText,
  problemToWire,
  type SessionSettings,
  sortedProblems,
  type UsableEntry,
} from "./config.ts";
import { NO_SETTINGS } from "./defaults.ts";
import { placeOf } from "./defined.ts";
import { type Filler, filler } from "./filler.ts";
import { hasVariables, type Lookup } from "./interpolate.ts";
import { checkDirectory, checkNetwork, checkRunArg, checkUser } from "./rules.ts";
import { filesOf, unsafeKeys, type Variables, variablesOf } from "./variables.ts";
import {
  inapplicableKeys,
  inapplicableWarnings,
  isInherited,
  type Warning,
  warningAt,
} from "./warnings.ts";

/** The flags of `start` that say what to start. Nothing in them is expanded: a shell has done that. */
export interface StartFlags {
  readonly backend?: BackendType | undefined;
  /** One string, as after `--command`. */
  readonly command?: string | undefined;
  /** Words, as after `--`. */
  readonly argv?: readonly string[] | undefined;
  readonly shell?: boolean | undefined;
  readonly image?: string | undefined;
  readonly workingDir?: string | undefined;
  /** `KEY=VALUE`, or `KEY` to take it from {@link Surroundings.env}. */
  readonly env?: readonly string[] | undefined;
  readonly envFiles?: readonly string[] | undefined;
  readonly volumes?: readonly string[] | undefined;
  readonly ports?: readonly string[] | undefined;
  readonly logVolume?: string | undefined;
  readonly socket?: string | undefined;
  readonly runtime?: Runtime | undefined;
  readonly unsafeEnv?: readonly string[] | undefined;
}

/** What a start takes from around it. */
export interface Surroundings {
  readonly workingDirectory: string;
  readonly env: Lookup;
  /** The texts of the files that {@link envFilesOf} names. */
  readonly envFiles: ReadonlyMap<string, string>;
  /** Whether the values are only to be shown: what is filled in is a mask then, and not checked. */
  readonly masked?: boolean;
}

/** What to start, and what there is to say about it. */
export interface Resolved {
  readonly definition: Definition;
  /** Where its variables come from, by name. */
  readonly envOrigins: ReadonlyMap<string, Origin>;
  readonly warnings: readonly Warning[];
  /** Keys of the config that do not apply to the backend to which flags switch the session. */
  readonly leftOut: readonly string[];
  /** Texts to mask wherever they turn up: values of variables, and what came from the environment. */
  readonly secrets: readonly string[];
}

/** Absolute paths of the env files of a session, in the order in which later ones win. */
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
 * What `start NAME` with these flags is to start.
 *
 * @throws {UsageError} when the flags contradict each other, or something is missing that they ask for
 * @throws {SessionNotFoundError} when the config has no such session and the flags give nothing to run
 * @throws {SessionConfigError} `config_invalid` for what is wrong in the config, `value_invalid` for
 * what is wrong in a flag
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
  return backend === "tmux" ? resolveTmux(start, variables) : resolveContainer(start, variables);
}

/** Everything that a definition is made from. */
interface Start {
  readonly name: string;
  readonly flags: StartFlags;
  readonly config: Config;
  readonly surroundings: Surroundings;
  /** Null: the session is not in the config. */
  readonly entry: UsableEntry | null;
  readonly backend: BackendType;
  readonly settings: SessionSettings;
  readonly filler: Filler;
  /** Whether the backend is the choice of the flags, and not of the config. */
  readonly asked: boolean;
}

/** What a relative path of the config is relative to: the directory of the file that says it. */
function directoryAt({ entry, config, surroundings }: Start, path: Path): string {
  return entry === null
    ? surroundings.workingDirectory
    : config.written.directory(["ops", "sessions", entry.name, ...path]);
}

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
  if (flags.socket !== undefined) validateSocketName(flags.socket);
  const socketName = flags.socket ?? settings.socketName ?? "default";
  const common = commonOf(start, { ...variables.env, ...shellEnv });
  return finished(start, {
    definition: {
      ...{ backend: "tmux", name, argv, workingDir, socketName, ...common },
      stopScope: settings.stopScope,
    },
    variables,
    leftOut,
  });
}

function resolveContainer(start: Start, variables: Variables): Resolved {
  const { name, flags, settings, filler, config } = start;
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
  const flagged = given(flags.ports);
  const ports = flagged !== null
    ? validatePorts(flagged)
    : filler.list(["ports"], settings.ports, (port) => validatePorts([port]));
  const common = commonOf(start, { ...variables.env, ...shellEnv });
  const runArgs = filler.list(["run_args"], settings.runArgs, checkRunArg);
  return finished(start, {
    definition: {
      backend: "container",
      name,
      image,
      argv,
      workingDir,
      ...volumesOf(start),
      ports,
      runtime: flags.runtime ?? settings.runtime ?? config.settings.containerRuntime,
      network: filler.optional(["network"], settings.network, checkNetwork),
      user: filler.optional(["user"], settings.user, checkUser),
      restart: settings.restart,
      tty: settings.tty ?? true,
      runArgs,
      ...common,
    },
    variables: { ...variables, warnings: [...variables.warnings, ...warningsOf(runArgs)] },
    leftOut,
  });
}

/** What is odd in `run_args`, and may be meant. */
function warningsOf(runArgs: readonly string[]): readonly Warning[] {
  return oddFlags(runArgs).map(({ flag, problem, hint }) =>
    warningAt(["run_args"], `${flag} in run_args: ${problem}`, hint)
  );
}

/** The result, unless something in the config turned out to be wrong on the way. */
function finished(
  start: Start,
  { definition, variables, leftOut }: {
    definition: Definition;
    variables: Variables;
    leftOut: readonly string[];
  },
): Resolved {
  const { filler, name, settings, backend } = start;
  const problems = [...variables.problems, ...filler.problems];
  if (problems.length > 0) throw configInvalid(`start ${quote(name)}`, problems);
  const secrets = [...filler.secrets, ...variables.secrets, ...Object.values(definition.env)];
  const keys = inapplicableKeys(settings, backend)
    .filter((key) => !isInherited(start.config, name, key));
  // Whoever switches a session by a flag knows that keys of the other backend are in it.
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

/** The backend that flags mean without saying so. */
function impliedBackend(flags: StartFlags): BackendType | null {
  if (flags.command !== undefined && given(flags.argv) !== null) {
    throw new UsageError("Cannot use --command with a program after --: it takes one of them", {
      hint: "leave one out",
    });
  }
  if (flags.shell === true && given(flags.argv) !== null) {
    throw new UsageError("Cannot use --shell with words after --: a shell takes one string", {
      hint: "use --command",
    });
  }
  const container = Object.entries({
    "--image": flags.image,
    "--volume": given(flags.volumes),
    "--port": given(flags.ports),
    "--log-volume": flags.logVolume,
    "--runtime": flags.runtime,
  }).filter(([, value]) => value !== undefined && value !== null).map(([flag]) => flag);
  const tmux = flags.socket === undefined ? [] : ["--socket"];
  const [ofContainer] = container;
  const [ofTmux] = tmux;
  if (ofContainer !== undefined && (ofTmux !== undefined || flags.backend === "tmux")) {
    const other = ofTmux ?? "--backend tmux";
    throw new UsageError(`Cannot use ${ofContainer} with ${other}: it is only for containers`, {
      hint: `leave out ${container.join(", ")}, or ${other}`,
    });
  }
  if (ofTmux !== undefined && flags.backend === "container") {
    throw new UsageError(`Cannot use ${ofTmux} with --backend container: it is only for tmux`, {
      hint: `leave out ${ofTmux}, or --backend container`,
    });
  }
  return ofContainer !== undefined ? "container" : ofTmux !== undefined ? "tmux" : null;
}

/** The session in the config, if it is there and can be started. */
function entryOf(name: string, config: Config): UsableEntry | null {
  if (config.problems.length > 0) throw configInvalid(`start ${quote(name)}`, config.problems);
  const entry = config.sessions.get(name);
  if (entry === undefined) return null;
  if (entry.kind === "invalid") throw configInvalid(`start ${quote(name)}`, entry.problems);
  if (entry.unset.length > 0) throw configInvalid(`start ${quote(name)}`, entry.unset);
  return entry;
}

function hasProgram(flags: StartFlags): boolean {
  return flags.command !== undefined || flags.image !== undefined || given(flags.argv) !== null;
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

/** A config has mistakes. */
export class ConfigProblemsError extends SessionConfigError {
  constructor(message: string, readonly problems: readonly Problem[], hint: string | null) {
    super(message, {
      code: "config_invalid",
      hint,
      details: { problems: problems.map(problemToWire) },
    });
  }
}

/** `Cannot TASK: what is wrong with the config`, each mistake with the line shown. */
export function configInvalid(task: string, unsorted: readonly Problem[]): ConfigProblemsError {
  const problems = sortedProblems(unsorted);
  const [first] = problems;
  if (first !== undefined && problems.length === 1) {
    const { hint, excerpt } = first;
    const below = excerpt === null ? "" : `\n${indented(excerpt())}`;
    const message = `Cannot ${task}: ${problemText(first)}${below}`;
    return new ConfigProblemsError(message, problems, hint);
  }
  const message = [
    `Cannot ${task}: the config has ${problems.length} mistakes`,
    ...problems.map(problemReport),
  ].join("\n");
  return new ConfigProblemsError(message, problems, null);
}

/**
 * Program and arguments, null when neither flags nor config say any, and what a shell needs in its
 * environment besides.
 */
function commandOf(
  { flags, settings, filler, name, surroundings }: Start,
  { env }: Variables,
): { argv: readonly string[] | null; shellEnv: Readonly<Record<string, string>> } {
  const shell = flags.shell ?? settings.shell;
  const words = given(flags.argv);
  if (words !== null) return { argv: validateCommand(words), shellEnv: {} };
  if (flags.command !== undefined) {
    validateCommand(flags.command, { shell });
    return { argv: shell ? inShell(flags.command) : splitCommand(flags.command), shellEnv: {} };
  }
  const { command } = settings;
  if (command === null) return { argv: null, shellEnv: {} };
  if (typeof command !== "string") {
    if (shell) {
      throw new UsageError(
        `Cannot use --shell for ${quote(name)}: a shell takes one string, its command is a list`,
        { hint: "give a string with --command" },
      );
    }
    const argv = filler.list(["command"], command, () => {});
    return { argv: filler.words(argv, command.some(hasVariables)), shellEnv: {} };
  }
  if (!shell) {
    const argv = filler.words(filler.command(command), hasVariables(command));
    return { argv, shellEnv: {} };
  }
  const lookup: Lookup = (key) => Object.hasOwn(env, key) ? env[key] : surroundings.env(key);
  const { text, names } = filler.shell(command, lookup);
  const shellEnv = names.map((key): [string, string | undefined] => [key, lookup(key)])
    .filter((pair): pair is [string, string] => pair[1] !== undefined);
  return { argv: inShell(text), shellEnv: Object.fromEntries(shellEnv) };
}

function inShell(text: string): readonly string[] {
  return ["sh", "-c", text];
}

/** What the definitions of both backends have. */
function commonOf(
  { settings, config, flags, backend, entry }: Start,
  env: Readonly<Record<string, string>>,
): Omit<TmuxDefinition, "backend" | "name" | "argv" | "workingDir" | "socketName" | "stopScope"> {
  const timeout = settings.stopTimeoutSeconds ?? config.settings.stopTimeoutSeconds;
  return {
    // What no config defines is nobody's, wherever it was made up.
    owner: entry === null
      ? NOBODY
      : { project: config.settings.project, configFile: config.realPath },
    env: validateEnv(env, { unsafeKeys: unsafeKeys({ settings, flags }) }),
    stopSignal: settings.stopSignal ?? config.settings.stopSignal,
    // Runtimes count whole seconds; none may be lost.
    stopTimeoutSeconds: backend === "container" ? Math.ceil(timeout) : timeout,
    protected: settings.protected,
    log: {
      capture: settings.logCapture ?? config.settings.log.capture,
      maxBytes: settings.logMaxBytes ?? config.settings.log.maxBytes,
      keep: settings.logKeep ?? config.settings.log.keep,
    },
  };
}

function volumesOf(
  start: Start,
): Pick<ContainerDefinition, "volumes" | "logVolume"> {
  const { flags, settings, filler, surroundings } = start;
  const check = (volume: string) => validateVolumes([volume]);
  const here = surroundings.workingDirectory;
  const flagged = given(flags.volumes);
  const volumes = flagged !== null
    ? validateVolumes(flagged).map((volume) => absoluteVolume(here, volume))
    : filler.list(["volumes"], settings.volumes, check)
      .map((volume, index) => absoluteVolume(directoryAt(start, ["volumes", index]), volume));
  if (flags.logVolume !== undefined) check(flags.logVolume);
  const configured = filler.optional(["log_volume"], settings.logVolume, check);
  const logVolume = flags.logVolume !== undefined
    ? absoluteVolume(here, flags.logVolume)
    : configured === null
    ? null
    : absoluteVolume(directoryAt(start, ["log_volume"]), configured);
  const isChecked = filler.problems.length === 0 && !surroundings.masked;
  // Together they must not be too many.
  if (isChecked && logVolume !== null) validateVolumes([...volumes, logVolume]);
  return { volumes, logVolume };
}

function absoluteVolume(directory: string, volume: string): string {
  const [source = "", ...rest] = volume.split(":");
  if (source !== "." && !source.startsWith("./")) return volume;
  if (directory.includes(":")) {
    throw new SessionConfigError(
      `Cannot use ${quote(directory)} as the directory of a volume: it has a colon`,
      { hint: "move to another directory, or use a named volume" },
    );
  }
  return [absolutePath(directory, source), ...rest].join(":");
}

function containerDirectory(start: Start, leftOut: string[]): string | null {
  const { flags, settings, filler } = start;
  const inside = (path: string) => {
    checkDirectory(path);
    if (path.startsWith("/")) return;
    throw new SessionConfigError(
      `Cannot use ${quote(path)} as a directory: inside a container it must be absolute`,
    );
  };
  if (flags.workingDir !== undefined) {
    inside(flags.workingDir);
    return flags.workingDir;
  }
  const { workingDir } = settings;
  if (workingDir === null) return null;
  if (isSwitched(start)) {
    leftOut.push("working_dir");
    return null;
  }
  const path = filler.text(["working_dir"], workingDir, checkDirectory);
  if (path.startsWith("/") || filler.problems.length > 0) return path;
  filler.fail(["working_dir"], { message: "inside a container it must be absolute", hint: null });
  return null;
}

/** Whether flags chose the other backend than the config: a path of the one is none of the other. */
function isSwitched({ entry, config, backend }: Start): boolean {
  return entry !== null && placeOf(entry, config).backend !== backend;
}

/** A list that was given; a repeatable flag that was not is undefined or empty. */
function given<T>(list: readonly T[] | undefined): readonly T[] | null {
  return list === undefined || list.length === 0 ? null : list;
}
