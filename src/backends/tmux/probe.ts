/** Running a program that looks at a session of tmux. Loaded when one is. */
import type { TmuxDefinition } from "../../model.ts";
import { ExecKilledError } from "../../world/world.ts";
import type { ProbeOptions } from "../backend.ts";
import { whyLate, whyNot } from "../probe.ts";
import { RUN_ID_VARIABLE } from "./args.ts";
import type { Context } from "./list.ts";

/** In the directory of the session; nothing that it leaves behind holds its output open. */
const IN_DIRECTORY = 'cd -- "$1" || exit; shift; exec "$@" </dev/null >/dev/null 2>&1';

/** The marks of a run, and the pane, which may be those of a session that kstops itself is in. */
const OF_ANOTHER = {
  [RUN_ID_VARIABLE]: undefined,
  KSTOPS_EXECUTION: undefined,
  TMUX: undefined,
  TMUX_PANE: undefined,
};

/** See `Session.probe`. */
export async function probe(
  { world }: Context,
  argv: readonly string[],
  { definition, timeoutMs }: ProbeOptions<TmuxDefinition>,
): Promise<string | null> {
  const { workingDir, env, inherited = {} } = definition;
  try {
    const { code } = await world.exec(
      ["/bin/sh", "-c", IN_DIRECTORY, "kstops", workingDir, ...argv],
      {
        env: { ...OF_ANOTHER, ...inherited, ...env },
        timeoutMs,
        detached: true,
        withChildren: true,
        interruptible: true,
      },
    );
    return whyNot(code);
  } catch (error) {
    if (error instanceof ExecKilledError) return whyLate(timeoutMs);
    throw error;
  }
}
