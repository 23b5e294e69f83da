/** `kstops completions SHELL`: the script that completes command lines of kstops in a shell. */
import type { Context, Reply } from "../command.ts";
import bash from "../completions/kstops.bash" with { type: "text" };
import fish from "../completions/kstops.fish" with { type: "text" };
import zsh from "../completions/_kstops" with { type: "text" };

const SCRIPTS = { bash, zsh, fish };

/** Flags of `completions`. */
interface CompletionsFlags {
  readonly shell: keyof typeof SCRIPTS;
}

/** Prints the script of a shell. */
export function completions(_context: Context, { shell }: CompletionsFlags): Reply {
  const script = SCRIPTS[shell];
  return { data: { shell, script }, text: () => script };
}
