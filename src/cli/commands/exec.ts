/** `kstops exec NAME ARGV...`: run a program beside that of a session. */
import { execIn } from "../../actions/exec.ts";
import type { ReachRequest } from "../../actions/reach.ts";
import { quote, UsageError } from "../../errors.ts";
import { changeTools } from "../caller.ts";
import type { Context, Reply } from "../command.ts";
import { warnOfProblems } from "../warnings.ts";

/** Flags of `exec`. */
interface ExecFlags extends ReachRequest {
  readonly name: string;
  readonly words: readonly string[];
}

/** Runs it on this terminal. Its exit code is that of kstops. */
export async function exec(context: Context, flags: ExecFlags): Promise<Reply> {
  const { name, words, ...request } = flags;
  const argv = words[0] === "--" ? words.slice(1) : words;
  if (argv.length === 0) {
    throw new UsageError(`Cannot run a program in ${quote(name)}: it is missing`, {
      hint: `kstops exec ${name} PROGRAM, such as sh`,
    });
  }
  await warnOfProblems(context, { ...flags, names: [name] });
  return { exitStatus: await execIn(await changeTools(context), name, { ...request, argv }) };
}
