/**
 * What a backend is, without loading it: how its places are chosen, what its sessions can do, and what
 * is to be said of them. Everything above the backends asks this, and never for a name of a backend.
 */
import type { ErrorExtras, OpsError } from "../errors.ts";
import type { LogStore } from "../logs/store.ts";
import type { BackendType, Engine, SessionStatus } from "../model.ts";
import type { PlaceSelector } from "../model/place.ts";
import type { World } from "../world/world.ts";
import type { Runner } from "./backend.ts";
import type { Examination, Examined } from "./doctor.ts";

/** What backends work with. */
interface BackendSettings {
  /** Name or path of the tmux program: the config may still be read. */
  readonly tmuxBinary: () => Promise<string>;
  readonly logs: LogStore;
  /** How long an engine may be silent: the config may still be read. */
  readonly engineTimeoutMs: () => Promise<number>;
  /** Tells the user that an engine does not answer yet; missing: nobody is there to read it. */
  readonly say?: ((text: string) => void) | undefined;
}

/** One backend. */
export interface Descriptor {
  readonly backend: BackendType;
  /** Where a session of it is, as people say it: `in tmux`, `as a container of podman`. */
  readonly where: (place: PlaceSelector) => string;
  /** What a config means that says so: `tmux on socket "bots"`, `a container`. */
  readonly meant: (place: PlaceSelector) => string;
  /** Loads it. */
  readonly open: (world: World, settings: BackendSettings) => Promise<Runner>;
  /** Loads its part of the doctor. */
  readonly doctor: () => Promise<(world: World, wanted: Examination) => Promise<Examined>>;
  readonly can: {
    /** A terminal can be handed to a session. */
    readonly attach: boolean;
    /**
     * Its programs are processes of the machine that live without their engine: they tell of a session
     * that the engine does not show.
     */
    readonly pid: boolean;
    /** What is stopped can stay in the engine, as what others made does. */
    readonly keep: boolean;
  };
  /** Who executes a program again that ended, as its policy says: its engine, its keeper, or nobody. */
  readonly restarts: "engine" | "keeper" | null;
  /** Variables that lead a client of the engine to another one than usual. */
  readonly ledBy: (engine: Engine) => readonly string[];
  /**
   * Whether only its end is left to be read. What is paused or about to run is not over, nor is what a
   * person may have made of a session that lost its program.
   */
  readonly isOver: (status: SessionStatus) => boolean;
  /** What is meant by an end by SIGKILL of which nobody tells the cause. */
  readonly killed: string;
  /** The error for a place where the program to ask with is not installed. */
  readonly notFound: (asked: string, reason: string, extras: ErrorExtras) => OpsError;
}
