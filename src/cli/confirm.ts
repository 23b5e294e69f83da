/** Asking before a session is touched that is not ours, or that is protected. */
import { needsOwner } from "../sessions/elsewhere.ts";
import { quote } from "../errors.ts";
import type { SessionStatus } from "../model.ts";
import type { Ask, Question } from "../operations/operate.ts";
import { ownerName } from "../owner.ts";
import { shellWord } from "../shell.ts";
import type { Match } from "../sessions/sessions.ts";
import type { Context, PlaceFlags } from "./command.ts";
import { isAnothers } from "./whose.ts";

/** What is asked before a change, if anything is. */
export interface Confirmation {
  readonly verb: "stop" | "restart";
  readonly match: Extract<Match, { readonly kind: "session" }>;
  readonly flags: PlaceFlags & { readonly yes?: true | undefined };
}

/**
 * The question that somebody has to say yes to; null: there is none, or the flags say yes.
 *
 * @throws {InputRequiredError} `input_required`: it is another config's, which no yes is about
 */
export async function questionFor(
  context: Context,
  { verb, match, flags }: Confirmation,
): Promise<Question | null> {
  await requireOwn(context, { verb, status: match.status, flags });
  if (flags.yes) return null;
  const reason = await reasonToAsk(context, match);
  if (reason === null) return null;
  const name = match.status.name ?? "";
  const title = verb === "stop" ? "Stop" : "Restart";
  return {
    text: `${title} ${quote(name)}? ${reason} [y/N] `,
    reason,
    command: `kstops ${verb} ${argumentsFor(name, flags)}`,
    backend: match.status.backend,
  };
}

/**
 * Makes sure that a session may be changed: that it is not another config's, or that it was said
 * whose it is. A yes says nothing of that, so that nobody is asked for one.
 *
 * @throws {InputRequiredError} `input_required`
 */
export async function requireOwn(
  context: Pick<Context, "config">,
  { verb, status, flags }: {
    readonly verb: "stop" | "restart";
    readonly status: SessionStatus;
    readonly flags: PlaceFlags;
  },
): Promise<void> {
  if (flags.project !== undefined || !await isAnothers(context, status)) return;
  const name = status.name ?? "";
  const words = argumentsFor(name, { ...flags, project: ownerName(status) }, { yes: false });
  throw needsOwner(verb, status, `say whose it is: kstops ${verb} ${words}`);
}

/** Whom questions are put to; null: nobody is there, as in a script. */
export function askOf({ world: { terminal }, json }: Pick<Context, "world" | "json">): Ask | null {
  return terminal.stdinIsTerminal && terminal.stderrIsTerminal && !json ? terminal.ask : null;
}

/** With the flags that chose the place: without them the name may stand for another session. */
export function argumentsFor(
  name: string,
  { backend, socket, runtime, project }: PlaceFlags,
  { yes = true }: { readonly yes?: boolean } = {},
): string {
  const flags = [
    ...(backend === undefined ? [] : ["--backend", backend]),
    ...(socket === undefined ? [] : ["--socket", socket]),
    ...(runtime === undefined ? [] : ["--runtime", runtime]),
    ...(project === undefined ? [] : ["--project", shellWord(project)]),
    ...(yes ? ["--yes"] : []),
  ].join(" ");
  return name.startsWith("-") ? `${flags} -- ${shellWord(name)}` : `${shellWord(name)} ${flags}`;
}

async function reasonToAsk(
  context: Context,
  { status, session }: Confirmation["match"],
): Promise<string | null> {
  const { name, managed } = status;
  // What the config says of that name is not said of another config's session.
  const entry = await isAnothers(context, status)
    ? undefined
    : (await context.config()).sessions.get(name ?? "");
  const isProtected = session.protected ||
    (entry?.kind === "usable" ? entry.settings.protected : entry?.protected);
  if (isProtected) return "it is protected";
  return managed ? null : "kstops did not start it";
}
