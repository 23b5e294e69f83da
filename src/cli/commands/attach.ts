/** `kstops attach NAME`: hand the terminal to a session. */
import type { Session } from "../../backends/backend.ts";
import { quote, SessionAttachError, UsageError } from "../../errors.ts";
import { endWords } from "../../actions/words.ts";
import type { World } from "../../world/world.ts";
import { type Context, type PlaceFlags, type Reply, selectionOf } from "../command.ts";
import { warnOfProblems } from "../warnings.ts";
import { sayWhose } from "../../actions/whose.ts";

/** Flags of `attach`. */
interface AttachFlags extends PlaceFlags {
  readonly name: string;
  readonly readOnly?: true | undefined;
}

/** Attaches to a running session. */
export async function attach(context: Context, flags: AttachFlags): Promise<Reply> {
  const { name } = flags;
  requireTerminal(context.world, name);
  await warnOfProblems(context, { ...flags, names: [flags.name] });
  const sessions = context.sessions();
  const match = await sessions.find("attach to", name, selectionOf(flags));
  if (match.kind === "defined") {
    if (match.trouble !== null) throw match.trouble;
    throw new SessionAttachError(name, "it is not running", {
      hint: `start it: kstops start ${name}`,
    });
  }
  await sayWhose(context, match.status);
  return await handOver(context, match.session, flags.readOnly === true);
}

/**
 * Makes sure that there is a terminal to hand over.
 *
 * @throws {UsageError} `usage`
 */
export function requireTerminal({ terminal }: World, name: string): void {
  if (terminal.stdinIsTerminal && terminal.stdoutIsTerminal) return;
  throw new UsageError(`Cannot attach to ${quote(name)}: this is not a terminal`, {
    hint: `over SSH, ask for one: ssh -t HOST kstops attach ${name}`,
  });
}

/** Hands the terminal over; what becomes of it decides the exit status. */
export async function handOver(
  { warn }: Context,
  session: Session,
  readOnly: boolean,
): Promise<Reply> {
  const name = session.status.name ?? "";
  const end = await session.attach({ readOnly, say: warn });
  if (end.kind !== "ended") return {};
  const words = end.status === null ? null : endWords(end.status);
  warn(`${name} has ended${words === null ? "" : `, ${words}`}`);
  return { exitStatus: end.status?.exitCode ?? 0 };
}
