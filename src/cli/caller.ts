/** The user of a command line, as actions see them. */
import type { Caller, ChangeTools, During } from "../actions/tools.ts";
import { exactWord } from "../config/select.ts";
import type { Ask } from "../operations/operate.ts";
import { formatPlaceFlags, type PlaceFlags } from "../model/place.ts";
import { shellWord } from "../shell.ts";
import type { Context } from "./command.ts";

/**
 * The tools for a change: a signal interrupts it between two steps, and it is recorded. A quiet
 * change does not show what it is doing.
 */
export async function changeTools(
  context: Context,
  { quiet }: { readonly quiet?: true | undefined } = {},
): Promise<ChangeTools> {
  const { context: guarded } = context.guarded();
  const { operator } = await context.recording();
  const during: During = quiet ? (_label, work) => work() : guarded.during;
  const caller = callerOf(guarded);
  return { ...guarded, during, operator, caller, sessionsAfter: context.sessions };
}

function callerOf(context: Pick<Context, "world" | "json" | "argv">): Caller {
  return {
    ask: askOf(context),
    argv: context.argv,
    inWords: (verb, name, { flags, yes }) =>
      `kstops ${verb} ${argumentsFor(name, flags, { yes, isNameLast: verb === "exec" })}`,
  };
}

/** Asks the user; null: there is no user to ask, as in a script. */
function askOf({ world: { terminal }, json }: Pick<Context, "world" | "json">): Ask | null {
  return terminal.stdinIsTerminal && terminal.stderrIsTerminal && !json ? terminal.ask : null;
}

/** Includes the flags that chose the place: without them the name may mean another session. */
export function argumentsFor(
  name: string,
  place: PlaceFlags,
  { yes = true, isNameLast = false }: {
    readonly yes?: boolean;
    /** Whether what stands behind the name is no flag of kstops. */
    readonly isNameLast?: boolean;
  } = {},
): string {
  const flags = [...formatPlaceFlags(place), ...(yes ? ["--yes"] : [])].join(" ");
  const word = shellWord(exactWord(name));
  if (isNameLast) return `${flags}${flags === "" ? "" : " "}${word}`;
  return name.startsWith("-") ? `${flags} -- ${word}` : `${word} ${flags}`;
}
