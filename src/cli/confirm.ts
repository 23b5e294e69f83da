/** Asking before a session is touched that is not ours, or that is protected. */
import { InputRequiredError, quote } from "../errors.ts";
import { shellWord } from "../output/screen.ts";
import type { Match } from "../sessions.ts";
import type { Context, PlaceFlags } from "./command.ts";

/**
 * Makes sure that somebody said yes, where one is needed.
 *
 * @throws {InputRequiredError} `input_required`: nobody did
 */
export async function requireYes(
  context: Context,
  verb: "stop" | "restart",
  match: Match,
  flags: PlaceFlags & { readonly yes?: true | undefined },
): Promise<void> {
  if (flags.yes || match.kind !== "session") return;
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
    hint: `say it: kstops ${verb} ${argumentsFor(name, flags)}`,
    backend: match.status.backend,
  });
}

/** With the flags that chose the place: without them the name may stand for another session. */
export function argumentsFor(name: string, { backend, socket, runtime }: PlaceFlags): string {
  const flags = [
    ...(backend === undefined ? [] : ["--backend", backend]),
    ...(socket === undefined ? [] : ["--socket", socket]),
    ...(runtime === undefined ? [] : ["--runtime", runtime]),
    "--yes",
  ].join(" ");
  return name.startsWith("-") ? `${flags} -- ${shellWord(name)}` : `${shellWord(name)} ${flags}`;
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
