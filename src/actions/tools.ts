/** The tools of actions, and who asks for them. */
import type { Config } from "../config/config.ts";
import type { Ask, Operator } from "../operations/operate.ts";
import type { PlaceFlags } from "../model/place.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { World } from "../world/world.ts";

/** Reports what an action does on its way to its result. */
interface Reporter {
  /** Whether to report what matters only to few. */
  readonly verbose: boolean;
  /** Called with each line that a user may want to read. */
  readonly warn: (text: string) => void;
  /** Masks texts in everything that is said or recorded from now on. */
  readonly hide: (secrets: readonly string[]) => void;
  readonly during: During;
}

/**
 * Does work, known while it goes on by a label (`stopping`) and by its session. For work within
 * work for one session, the inner one is what the session waits for.
 */
export type During = <T>(
  label: string,
  work: () => Promise<T>,
  options?: { readonly session?: string },
) => Promise<T>;

/** The tools of every action. */
export interface Tools extends Reporter {
  /** The clock, the environment and the files of the caller. */
  readonly world: World;
  /** The config in force, read once. */
  readonly config: () => Promise<Config>;
  /** The sessions of this machine and those of the config. */
  readonly sessions: () => Sessions;
}

/** The tools of actions that change sessions. */
export interface ChangeTools extends Tools {
  /** Locks and records each change; null: not wanted. */
  readonly operator: Operator | null;
  readonly caller: Caller;
  /** The sessions, for a look at their state after the work was interrupted. */
  readonly sessionsAfter: () => Sessions;
}

/** Who asks for a change, and how to speak to them. */
export interface Caller {
  /** Asks them a question; null: nobody is there to answer. */
  readonly ask: Ask | null;
  /** The command line that they typed, without values of variables; null: they typed none. */
  readonly argv: readonly string[] | null;
  /** The command that asks for it again: `kstops stop astro --project web --yes`. */
  readonly inWords: (verb: Verb, name: string, said: Said) => string;
}

/** The actions that can be asked for. */
export type Verb = "start" | "stop" | "restart" | "send" | "signal" | "exec";

/** The parts of a command besides the name. */
export interface Said {
  readonly flags: PlaceFlags;
  /** Whether it includes a yes. */
  readonly yes: boolean;
}
