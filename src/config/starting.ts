/** Everything that a definition is made from. */
import type { BackendType } from "../model.ts";
import type { Config, SessionSettings, UsableEntry } from "./config.ts";
import type { Filler } from "./filler.ts";
import type { StartFlags } from "./flags.ts";
import type { Lookup } from "./interpolate.ts";

/** What a start takes from around it. */
export interface Surroundings {
  readonly workingDirectory: string;
  readonly env: Lookup;
  /** The texts of the files that `envFilesOf` names. */
  readonly envFiles: ReadonlyMap<string, string>;
  /** Whether the values are only to be shown: what is filled in is a mask then, and not checked. */
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
  /** Whether the backend is the choice of the flags, and not of the config. */
  readonly asked: boolean;
}
