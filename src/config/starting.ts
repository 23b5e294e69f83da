/** Everything that a definition is built from. */
import type { BackendType } from "../model.ts";
import type { Config, SessionSettings, UsableEntry } from "./config.ts";
import type { Filler } from "./filler.ts";
import type { StartFlags } from "./flags.ts";
import type { Lookup } from "./interpolate.ts";

/** What a start takes from its surroundings. */
export interface Surroundings {
  readonly workingDirectory: string;
  readonly env: Lookup;
  /** The texts of the files from `envFilesOf`. */
  readonly envFiles: ReadonlyMap<string, string>;
  /** Whether values are only shown: masks are then filled in, and nothing is checked. */
  readonly masked?: boolean;
}

/** A start of one session. */
export interface Start {
  readonly name: string;
  readonly flags: StartFlags;
  readonly config: Config;
  readonly surroundings: Surroundings;
  /** Null: the session is not in the config. */
  readonly entry: UsableEntry | null;
  readonly backend: BackendType;
  readonly settings: SessionSettings;
  readonly filler: Filler;
  /** Whether the flags chose the backend, rather than the config. */
  readonly asked: boolean;
}
