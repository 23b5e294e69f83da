/** `kstops attach NAME`: hand the terminal to a session. */
import { attachTo, findToAttach } from "../../actions/attach.ts";
import { endWords } from "../../actions/words.ts";
import type { Session } from "../../backends/backend.ts";
import { quote, UsageError } from "../../errors.ts";
import type { World } from "../../world/world.ts";
import type { Context, PlaceFlags, Reply } from "../command.ts";
import { warnOfProblems } from "../warnings.ts";

/** Flags of `attach`. */
interface AttachFlags extends PlaceFlags {
  readonly name: string;
  readonly readOnly?: true | undefined;
}

/** Attaches to a running session. */
export async function attach(context: Context, flags: AttachFlags): Promise<Reply> {
  const { name } = flags;
  requireTerminal(context.world, name);
  await warnOfProblems(context, { ...flags, names: [name] });
  const session = await findToAttach(context, name, flags);
  return await handOver(context, session, flags.readOnly === true);
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

/** Hands the terminal over; the result decides the exit status. */
export async function handOver(
  { warn }: Context,
  session: Session,
  readOnly: boolean,
): Promise<Reply> {
  const name = session.status.name ?? "";
  const end = await attachTo(session, { readOnly, say: warn });
  if (end.kind !== "ended") return {};
  const words = end.status === null ? null : endWords(end.status);
  warn(`${name} has ended${words === null ? "" : `, ${words}`}`);
  return { exitStatus: end.status?.exitCode ?? 0 };
}
