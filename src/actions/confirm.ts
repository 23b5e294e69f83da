/** Asks before changing a session that is not ours, or that is protected. */
import { needsOwner } from "../sessions/elsewhere.ts";
import { quote } from "../errors.ts";
import type { SessionStatus } from "../model.ts";
import type { Question } from "../operations/operate.ts";
import { ownerName } from "../owner.ts";
import type { Match } from "../sessions/sessions.ts";
import type { PlaceFlags } from "../model/place.ts";
import type { ChangeTools, Tools, Verb } from "./tools.ts";
import { isAnothers } from "./whose.ts";

/** The verbs in questions. */
const TITLES = {
  stop: "Stop",
  restart: "Restart",
  send: "Send to",
  signal: "Signal",
  exec: "Run a program in",
} as const;

/** A verb inside of a message: `send to`. */
export function wordsOf(verb: keyof typeof TITLES): string {
  return TITLES[verb].toLowerCase();
}

/** The facts that decide about a question before a change. */
interface Confirmation {
  readonly verb: Exclude<Verb, "start">;
  readonly match: Extract<Match, { readonly kind: "session" }>;
  readonly flags: PlaceFlags & { readonly yes?: true | undefined };
}

/**
 * The question that needs a yes; null: there is none, or the flags say yes.
 *
 * @throws {InputRequiredError} `input_required`: it belongs to another config, and a yes does not
 *   cover that
 */
export async function questionFor(
  tools: ChangeTools,
  { verb, match, flags }: Confirmation,
): Promise<Question | null> {
  await requireOwn(tools, { verb, status: match.status, flags });
  if (flags.yes) return null;
  // What runs beside a protected session leaves it as it is.
  const reason = await reasonToAsk(tools, match, { isProtectable: verb !== "exec" });
  if (reason === null) return null;
  const name = match.status.name ?? "";
  return {
    text: `${TITLES[verb]} ${quote(name)}? ${reason} [y/N] `,
    reason,
    command: tools.caller.inWords(verb, name, { flags, yes: true }),
    backend: match.status.backend,
  };
}

/**
 * Makes sure that a session may be changed: it belongs to no other config, or its owner was named.
 * A yes does not decide this, so none is asked for.
 *
 * @throws {InputRequiredError} `input_required`
 */
export async function requireOwn(
  tools: Pick<ChangeTools, "config" | "caller">,
  { verb, status, flags }: {
    readonly verb: Exclude<Verb, "start">;
    readonly status: SessionStatus;
    readonly flags: PlaceFlags;
  },
): Promise<void> {
  if (flags.project !== undefined || !await isAnothers(tools, status)) return;
  const name = status.name ?? "";
  const said = { flags: { ...flags, project: ownerName(status) }, yes: false };
  throw needsOwner(
    wordsOf(verb),
    status,
    `say whose it is: ${tools.caller.inWords(verb, name, said)}`,
  );
}

async function reasonToAsk(
  tools: Tools,
  { status, session }: Confirmation["match"],
  { isProtectable }: { readonly isProtectable: boolean },
): Promise<string | null> {
  const { name, managed } = status;
  // The config's entry of that name does not describe another config's session.
  const entry = await isAnothers(tools, status)
    ? undefined
    : (await tools.config()).sessions.get(name ?? "");
  const isProtected = session.protected ||
    (entry?.kind === "usable" ? entry.settings.protected : entry?.protected);
  if (isProtected && isProtectable) return "it is protected";
  return managed ? null : "kstops did not start it";
}
