/**
 * The types of what keys give, as the library shows them. Written by `deno task docs` from
 * `session_keys.ts`, and not by hand.
 */
import type { BackendType, StopSignal } from "../model.ts";

/** What every definition has of the table of keys. */
export interface CommonParts {
  /** Its variables; values as `***` unless told to show them. */
  readonly env: Readonly<Record<string, string>>;
  /** When it is executed again; null: never. */
  readonly restart: string | null;
  /** What says that it is ready; null: it is as soon as it has started. */
  readonly ready: {
    readonly http: string | null;
    readonly tcp: string | null;
    readonly log: string | null;
    readonly command: readonly string[] | null;
    readonly delaySeconds: number | null;
    readonly intervalSeconds: number;
    readonly timeoutSeconds: number;
  } | null;
  /** What asks it to end; null: what the backend or the image says. */
  readonly stopSignal: StopSignal | null;
  /** How long a stop waits, in seconds. */
  readonly stopTimeoutSeconds: number;
  readonly log: {
    /** Whether what it prints is kept. */
    readonly capture: boolean;
    /** Size at which the next file is begun. */
    readonly maxBytes: number;
    /** Number of files. */
    readonly keep: number;
  };
  /** Whether stopping it needs a yes. */
  readonly protected: boolean;
}

/** What only definitions of sessions in tmux have of it. */
export interface TmuxParts {
  /** Program and arguments; null: what the image says. */
  readonly argv: readonly string[];
  /** Directory it runs in; null: what the image says. */
  readonly workingDir: string;
  /** tmux socket. */
  readonly socketName: string;
  /** The first delay before it is executed again, in seconds. */
  readonly restartDelaySeconds: number;
  /** The longest delay, in seconds. */
  readonly restartMaxDelaySeconds: number;
  /** After how long up its failures are forgotten, in seconds. */
  readonly restartResetSeconds: number;
  /** Exit codes that are no failure, besides 0. */
  readonly successExitCodes: readonly number[];
  /** Who gets it; null: as the signal has it, or not of this backend. */
  readonly stopScope: "group" | "main" | null;
}

/** What only definitions of sessions in container have of it. */
export interface ContainerParts {
  /** Program and arguments; null: what the image says. */
  readonly argv: readonly string[] | null;
  /** Directory it runs in; null: what the image says. */
  readonly workingDir: string | null;
  /** Container image. */
  readonly image: string;
  /** Volumes of a container. */
  readonly volumes: readonly string[];
  /** Mount for the container's own logs. */
  readonly logVolume: string | null;
  /** Published ports. */
  readonly ports: readonly string[];
  /** Container runtime; null: podman where it is installed, else docker. */
  readonly runtime: "podman" | "docker" | null;
  /** Network of the container. */
  readonly network: string | null;
  /** User in the container. */
  readonly user: string | null;
  /** Whether the container has a terminal; null: not of this backend. */
  readonly tty: boolean;
  /** More arguments for the runtime. */
  readonly runArgs: readonly string[];
}

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
  readonly runtime?: "podman" | "docker";
  /** Variables like `LD_PRELOAD`, otherwise refused, that `env` may have. */
  readonly unsafeEnv?: readonly string[];
}
