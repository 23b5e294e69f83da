/** The user of a command line, as actions speak to them. */
import type { Caller, ChangeTools, During } from "../actions/tools.ts";
import { exactWord } from "../config/select.ts";
import type { Ask } from "../operations/operate.ts";
import { formatPlaceFlags, type PlaceFlags } from "../model/place.ts";
import { shellWord } from "../shell.ts";
import type { Context } from "./command.ts";

/**
 * What a change works with: a signal interrupts it between two steps, and it is recorded. Of a quiet
 * one it is not shown what is being done.
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
    inWords: (verb, name, { flags, yes }) => `kstops ${verb} ${argumentsFor(name, flags, { yes })}`,
  };
}

/** Whom questions are put to; null: nobody is there, as in a script. */
function askOf({ world: { terminal }, json }: Pick<Context, "world" | "json">): Ask | null {
  return terminal.stdinIsTerminal && terminal.stderrIsTerminal && !json ? terminal.ask : null;
}

/** With the flags that chose the place: without them the name may stand for another session. */
export function argumentsFor(
  name: string,
  place: PlaceFlags,
  { yes = true }: { readonly yes?: boolean } = {},
): string {
  const flags = [...formatPlaceFlags(place), ...(yes ? ["--yes"] : [])].join(" ");
  const word = shellWord(exactWord(name));
  return name.startsWith("-") ? `${flags} -- ${word}` : `${word} ${flags}`;
}
