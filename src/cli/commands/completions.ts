/** `kstops completions SHELL`: the script that completes command lines of kstops in a shell. */
import type { Reply } from "../command.ts";
import bash from "../completions/kstops.bash" with { type: "text" };
import fish from "../completions/kstops.fish" with { type: "text" };
import zsh from "../completions/_kstops" with { type: "text" };

const SCRIPTS = { bash, zsh, fish };

/** Prints the script of a shell. */
export function completions(shell: keyof typeof SCRIPTS): Reply {
  const script = SCRIPTS[shell];
  return { data: { shell, script }, text: () => script };
}
