/**
 * Describes a backend without loading it: how to choose its places, what its sessions can do, and
 * its words. Everything above the backends uses this, and never asks for a backend's name.
 */
import type { ErrorExtras, OpsError } from "../errors.ts";
import type { LogStore } from "../logs/store.ts";
import type { BackendType, Engine, SessionStatus } from "../model.ts";
import type { PlaceSelector } from "../model/place.ts";
import type { World } from "../world/world.ts";
import type { Runner } from "./backend.ts";
import type { Examination, Examined } from "./doctor.ts";

/** The settings of backends. */
interface BackendSettings {
  /** Name or path of the tmux program: the config may still be loading. */
  readonly tmuxBinary: () => Promise<string>;
  readonly logs: LogStore;
  /** How long an engine may be silent: the config may still be loading. */
  readonly engineTimeoutMs: () => Promise<number>;
  /** Tells the user that an engine does not answer yet; missing: no user reads this. */
  readonly say?: ((text: string) => void) | undefined;
}

/** One backend. */
export interface Descriptor {
  readonly backend: BackendType;
  /** The place of a session in words: `in tmux`, `as a container of podman`. */
  readonly where: (place: PlaceSelector) => string;
  /** What a config with this place means: `tmux on socket "bots"`, `a container`. */
  readonly meant: (place: PlaceSelector) => string;
  /** Loads it. */
  readonly open: (world: World, settings: BackendSettings) => Promise<Runner>;
  /** Loads its part of the doctor. */
  readonly doctor: () => Promise<(world: World, wanted: Examination) => Promise<Examined>>;
  readonly can: {
    /** Whether a terminal can be handed to a session. */
    readonly attach: boolean;
    /**
     * Whether its programs are processes of this machine that can outlive their engine: they then
     * tell about a session that the engine does not show.
     */
    readonly pid: boolean;
    /** Whether a stopped session can stay in the engine, as foreign ones do. */
    readonly keep: boolean;
  };
  /** Who executes an ended program again by its policy: its engine, its keeper, or nobody. */
  readonly restarts: "engine" | "keeper" | null;
  /** Whether an engine brings its sessions back by itself when the machine boots; missing: none does. */
  readonly bringsBack?: (engine: Engine) => boolean;
  /** Variables that lead a client of the engine to another one than usual. */
  readonly ledBy: (engine: Engine) => readonly string[];
  /**
   * Whether only its end is left to be read. A session that is paused or about to run is not over;
   * nor is one that lost its program, but that a person may be using.
   */
  readonly isOver: (status: SessionStatus) => boolean;
  /** The explanation of an end by SIGKILL whose cause is unknown. */
  readonly killed: string;
  /** The error for a place whose program is not installed. */
  readonly notFound: (asked: string, reason: string, extras: ErrorExtras) => OpsError;
}
