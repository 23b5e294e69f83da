/** The input and the answer of a command. */
import type { During } from "../actions/tools.ts";
import type { Config } from "../config/config.ts";
import type { Json } from "../errors.ts";
import type { Screen } from "../output/screen.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { World } from "../world/world.ts";
import type { Recording } from "./recording.ts";

export type { PlaceFlags } from "../model/place.ts";
export { selectionOf } from "../sessions/selection.ts";

/** Everything that a command works with. */
export interface Context {
  readonly world: World;
  /** The words of the command line after the program's name. */
  readonly argv: readonly string[];
  /** Whether the answer will be printed as JSON. */
  readonly json: boolean;
  readonly verbose: boolean;
  /** The config in force, read once. */
  readonly config: () => Promise<Config>;
  /** The sessions of this machine and those of the config. */
  readonly sessions: () => Sessions;
  /**
   * The same for a change: Ctrl-C and other signals interrupt it between two steps with an
   * `InterruptedError`, and do not reach the engines. That holds until kstops ends, since a signal
   * after the work must not cost the reply; or until `release`, for good.
   */
  readonly guarded: () => { readonly context: Context; readonly release: () => void };
  /** Does the work. On a terminal it shows what is being done once that takes a second. */
  readonly during: During;
  /** What records changes. Commands that only look never call it. */
  readonly recording: () => Promise<Recording>;
  /** Masks texts in everything that is said on stderr or recorded from now on. */
  readonly hide: (secrets: readonly string[]) => void;
  /** Says something on stderr besides the result. */
  readonly warn: (text: string) => void;
  /** Writes text to stderr unchanged; it must be safe for a terminal. */
  readonly write: (text: string) => void;
}

/** The answer of a command; only the app prints it. */
export interface Reply {
  /** The JSON document for scripts; undefined: none. */
  readonly data?: Json;
  /** The text for people. */
  readonly text?: (screen: Screen) => string | Promise<string>;
  /** Raw output, instead of text. */
  readonly bytes?: Uint8Array;
  /** Raw output as it comes; it may never end. */
  readonly stream?: (screen: Screen) => AsyncIterable<Uint8Array>;
  /** Exit status, unless it is 0 or that of a failure. */
  readonly exitStatus?: number;
  /** The failures of a partial success; the first one decides the exit status. */
  readonly failures?: readonly unknown[];
  /** What came of everything in one line; told behind all else where a person sees it. */
  readonly summary?: string;
}
