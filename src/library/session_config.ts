/** What a program says of a session that it wants: the options of the library, checked. */
import { type Config, emptyConfig, type UsableEntry } from "../config/config.ts";
import { defaultSettings } from "../config/defaults.ts";
import type { StartFlags } from "../config/resolve.ts";
import { checkDirectory } from "../config/rules.ts";
import { quote, SessionConfigError } from "../errors.ts";
import { BACKENDS, type BackendType, type Runtime, RUNTIMES } from "../model.ts";
import { validateCommand } from "../validate/command.ts";
import { validateEnv } from "../validate/env.ts";
import { validateImageName } from "../validate/image.ts";
import { validateSessionName } from "../validate/name.ts";
import { validatePorts } from "../validate/ports.ts";
import { refusal, shown } from "../validate/refusal.ts";
import { validateSocketName } from "../validate/socket_name.ts";
import { validateVolumes } from "../validate/volumes.ts";
import type { World } from "../world/world.ts";

/** What a session is to be. What is left out is up to the config, the image or the defaults. */
export interface SessionOptions {
  /** Default: container where there is an option that only containers have, else tmux. */
  readonly backend?: BackendType;
  /** A string, split into words as a POSIX shell would, or the words. */
  readonly command?: string | readonly string[];
  /** Whether the string is run by `sh -c`. */
  readonly shell?: boolean;
  /** Relative to the current directory; inside of a container absolute. */
  readonly workingDir?: string;
  /** Variables of the program. */
  readonly env?: Readonly<Record<string, string>>;
  /** Variables like `LD_PRELOAD`, otherwise refused, that `env` may have. */
  readonly unsafeEnv?: readonly string[];
  /** tmux only: the socket (`tmux -L`). */
  readonly socketName?: string;
  /** Containers only, as the rest. */
  readonly image?: string;
  /** `SOURCE:/target[:options]`; a source `./path` is relative to the current directory. */
  readonly volumes?: readonly string[];
  /** One more volume, for the program's own log files. */
  readonly logVolume?: string;
  /** `[IP:][HOST:]CONTAINER[/protocol]` to publish. */
  readonly ports?: readonly string[];
  /** Default: podman where it is installed, else docker. */
  readonly runtime?: Runtime;
}

/** The configuration of one session. */
export interface SessionConfig extends SessionOptions {
  /** A letter, then letters, digits, `_` and `-`, at most 64 in all. */
  readonly name: string;
}

/** The options of each backend that the other one does not have. */
const ONLY: Readonly<Record<BackendType, readonly (keyof SessionOptions)[]>> = {
  tmux: ["socketName"],
  container: ["image", "volumes", "logVolume", "ports", "runtime"],
};

/** The backend that options mean without saying so; null: either. */
export function impliedBackend(options: SessionOptions): BackendType | null {
  const said = (backend: BackendType) => ONLY[backend].some((key) => options[key] !== undefined);
  return options.backend ?? (said("container") ? "container" : said("tmux") ? "tmux" : null);
}

/**
 * The options unchanged, with every value checked.
 *
 * @throws {SessionConfigError} `value_invalid`
 */
export function checkOptions<Options extends SessionOptions>(
  options: Options,
  { name, backend }: { readonly name: string; readonly backend: BackendType },
): Options {
  validateSessionName(name);
  oneOf(BACKENDS, { value: backend, kind: "a backend" });
  const { command, shell = false, workingDir, env, unsafeEnv = [], socketName } = options;
  const { image, volumes, logVolume, ports, runtime } = options;
  const other = backend === "tmux" ? "container" : "tmux";
  const stray = ONLY[other].find((key) => options[key] !== undefined);
  if (stray !== undefined) {
    throw new SessionConfigError(
      `Cannot use ${stray} for ${quote(name)}: it is only for backend ${quote(other)}`,
      { hint: `leave it out, or say backend: ${quote(other)}` },
    );
  }
  if (shell && typeof command === "object") {
    throw new SessionConfigError(
      `Cannot use shell for ${quote(name)}: a shell takes one string, its command is a list`,
    );
  }
  if (command !== undefined) validateCommand(command, { shell });
  if (workingDir !== undefined) checkDirectory(workingDir);
  if (env !== undefined) validateEnv(env, { unsafeKeys: unsafeEnv });
  if (socketName !== undefined) validateSocketName(socketName);
  if (image !== undefined) validateImageName(image);
  if (volumes !== undefined) validateVolumes(volumes);
  if (logVolume !== undefined) validateVolumes([logVolume]);
  if (ports !== undefined) validatePorts(ports);
  if (runtime !== undefined) checkRuntime(runtime);
  return options;
}

/**
 * Checks the name of a container runtime.
 *
 * @throws {SessionConfigError} `value_invalid`
 */
export function checkRuntime(value: string): void {
  oneOf(RUNTIMES, { value, kind: "a container runtime" });
}

/** For callers without types. */
function oneOf(
  words: readonly string[],
  { value, kind }: { readonly value: string; readonly kind: string },
): void {
  if (words.includes(value)) return;
  throw refusal(`${shown(value)} as ${kind}`, {
    reason: `it must be one of ${words.join(", ")}`,
    hint: `use ${words.join(" or ")}`,
  });
}

/**
 * Makes sure that there is something to run, where no config says what.
 *
 * @throws {SessionConfigError} `value_invalid`
 */
export function checkComplete({ image, command }: SessionOptions, { name, backend }: {
  readonly name: string;
  readonly backend: BackendType;
}): void {
  const lacking = backend === "container"
    ? image === undefined && "image"
    : command === undefined && "command";
  if (!lacking) return;
  throw new SessionConfigError(`Cannot start ${quote(name)}: it has no ${lacking}`, {
    hint: `give it the option ${lacking}`,
  });
}

/** The options as the flags of `start`, which say the same. */
export function flagsOf(
  { command, volumes, ports, env, unsafeEnv, ...rest }: SessionOptions,
  backend: BackendType | null,
): StartFlags {
  const { shell, image, workingDir, logVolume, socketName: socket, runtime } = rest;
  return {
    backend: backend ?? undefined,
    ...(typeof command === "string" ? { command } : { argv: command }),
    shell,
    image,
    workingDir,
    env: Object.entries(env ?? {}).map(([key, value]) => `${key}=${value}`),
    volumes,
    ports,
    logVolume,
    socket,
    runtime,
    unsafeEnv,
  };
}

/**
 * What a config says of a session as far as options can say it, without what only the other backend
 * has. Variables are not filled in.
 */
export function writtenIn({ settings }: UsableEntry, backend: BackendType): SessionOptions {
  const { command, shell, workingDir, env, unsafeEnv, socketName } = settings;
  const { image, volumes, logVolume, ports, runtime } = settings;
  const written: Record<keyof SessionOptions, unknown> = {
    backend,
    command,
    shell: shell || null,
    workingDir,
    env: Object.fromEntries([...env].filter(([, value]) => value !== null)),
    unsafeEnv,
    socketName,
    image,
    volumes,
    logVolume,
    ports,
    runtime,
  };
  const foreign: readonly string[] = ONLY[backend === "tmux" ? "container" : "tmux"];
  const said = Object.entries(written).filter(([key, value]) =>
    value !== null && !foreign.includes(key) && !isEmpty(value)
  );
  return Object.fromEntries(said) as SessionOptions;
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** What holds where there is no config file. */
export function noConfig(world: World, settings: Partial<Config["settings"]> = {}): Config {
  return emptyConfig(null, {
    settings: { ...defaultSettings(), ...settings },
    directory: world.workingDirectory(),
  });
}
