/** Asking before a session is touched that is not ours, or that is protected. */
import { escapeControls, InputRequiredError, quote } from "../errors.ts";
import type { Match } from "../sessions.ts";
import type { Context } from "./command.ts";

/**
 * Makes sure that somebody said yes, where one is needed.
 *
 * @throws {InputRequiredError} `input_required`: nobody did
 */
export async function requireYes(
  context: Context,
  verb: "stop" | "restart",
  match: Match,
  yes: boolean,
): Promise<void> {
  if (yes || match.kind !== "session") return;
  const reason = await reasonToAsk(context, match);
  if (reason === null) return;
  const name = match.status.name ?? "";
  const { terminal } = context.world;
  if (terminal.stdinIsTerminal && terminal.stderrIsTerminal && !context.json) {
    const title = verb === "stop" ? "Stop" : "Restart";
    const answer = await terminal.ask(`${title} ${quote(name)}? ${reason} [y/N] `);
    if (/^y(es)?$/i.test(answer ?? "")) return;
  }
  throw new InputRequiredError(verb, name, {
    reason: `${reason}, and nobody said yes`,
    hint: `say it: kstops ${verb} ${escapeControls(name)} --yes`,
    backend: match.status.backend,
  });
}

async function reasonToAsk(context: Context, match: Match): Promise<string | null> {
  if (match.kind !== "session") return null;
  const { name, managed } = match.status;
  const entry = (await context.config()).sessions.get(name ?? "");
  const isProtected = match.session.protected ||
    (entry?.kind === "usable" ? entry.settings.protected : entry?.protected);
  if (isProtected) return "it is protected";
  return managed ? null : "kstops did not start it";
}
