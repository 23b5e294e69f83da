/** What actions work with, and who asks for them. */
import type { Config } from "../config/config.ts";
import type { Ask, Operator } from "../operations/operate.ts";
import type { PlaceFlags } from "../model/place.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { World } from "../world/world.ts";

/** Who is told what an action does on its way to its result. */
interface Reporter {
  /** Whether what matters to few is told as well. */
  readonly verbose: boolean;
  /** Is told what a user may want to know; a line each. */
  readonly warn: (text: string) => void;
  /** Keeps texts out of everything that is told or recorded from now on. */
  readonly hide: (secrets: readonly string[]) => void;
  readonly during: During;
}

/**
 * Does the work, which is known by a label (`stopping`) as long as it goes on, and by the session that
 * it is done for. Of work within work for one session, the inner one is what it waits for.
 */
export type During = <T>(
  label: string,
  work: () => Promise<T>,
  options?: { readonly session?: string },
) => Promise<T>;

/** What every action works with. */
export interface Tools extends Reporter {
  /** The clock, the environment and the files of who asks. */
  readonly world: World;
  /** The config that is in force, read once. */
  readonly config: () => Promise<Config>;
  /** The sessions of this machine and those of the config. */
  readonly sessions: () => Sessions;
}

/** What an action works with that changes sessions. */
export interface ChangeTools extends Tools {
  /** Locks and records each change; null: nobody wants that. */
  readonly operator: Operator | null;
  readonly caller: Caller;
  /** The sessions, for a look at what became of them although the work was interrupted. */
  readonly sessionsAfter: () => Sessions;
}

/** Who asks for a change, and how they are spoken to. */
export interface Caller {
  /** Puts a question to them; null: nobody is there to answer. */
  readonly ask: Ask | null;
  /** What they typed, without values of variables; null: nothing was typed. */
  readonly argv: readonly string[] | null;
  /** How they ask for it again: `kstops stop astro --project web --yes`. */
  readonly inWords: (verb: Verb, name: string, said: Said) => string;
}

/** What sessions can be asked to do. */
export type Verb = "start" | "stop" | "restart";

/** What is said besides the name. */
export interface Said {
  readonly flags: PlaceFlags;
  /** Whether a yes is said, too. */
  readonly yes: boolean;
}
