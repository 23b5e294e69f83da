/** Runs a program beside that of a session. */
import { quote, UsageError } from "../errors.ts";
import { selectionOf } from "../sessions/selection.ts";
import { wordsOf } from "./confirm.ts";
import { allowed, type ReachRequest, running } from "./reach.ts";
import type { ChangeTools } from "./tools.ts";

/** What to run, and where. */
export interface ExecRequest extends ReachRequest {
  /** The program and its arguments; at least one word. */
  readonly argv: readonly string[];
}

/**
 * Runs a program on this terminal, in the surroundings of a session that runs: in its container, or
 * with its environment and in its directory. What it leaves running belongs to the session.
 *
 * @returns its exit code: 126 and 127 for what cannot be executed or found, 128+n for signal n
 * @throws {SessionNotRunningError} `session_not_running`
 * @throws {InputRequiredError} `input_required`: kstops did not start the session
 */
export async function execIn(
  tools: ChangeTools,
  name: string,
  { argv, ...request }: ExecRequest,
): Promise<number> {
  const verb = wordsOf("exec");
  const found = await tools.sessions().find(verb, name, selectionOf(request));
  const { session } = running(found, verb);
  await allowed(tools, { verb: "exec", request, session });
  if (session.exec === undefined) {
    throw new UsageError(`Cannot ${verb} ${quote(name)}: its engine does not show it`, {
      hint: `kstops why ${name} tells more`,
    });
  }
  return await session.exec(argv);
}
