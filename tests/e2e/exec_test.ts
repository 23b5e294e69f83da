/** `kstops exec` on a real terminal, from the source or the binary in KSTOPS_BIN. */
import { RUNTIMES } from "../../src/model.ts";
import { aloneOnEngines, engineVariables, ignoreWithoutEngines } from "../support/engines.ts";
import { install, KSTOPS } from "../support/kstops.ts";
import { openTerminal } from "../support/pty.ts";
import { ignoreWithoutTmux, withTmux } from "../support/tmux.ts";
import { LIMIT_MS } from "../support/limits.ts";

const IMAGE = engineVariables()?.["KSTOPS_TEST_IMAGE"] ?? "";
/** Says its size now and whenever it changes, and what it reads; Ctrl-C makes it end with 7. */
const PROGRAM = "trap 'stty size' WINCH; trap 'echo asked; exit 7' INT; stty size; " +
  'echo "in $TERM"; while :; do read -r line && echo "got $line"; done';

for (const engine of ["tmux", ...RUNTIMES] as const) {
  Deno.test({
    name: `a program gets the terminal: its size, its keys and Ctrl-C (${engine})`,
    ignore: ignoreWithoutTmux() || engine !== "tmux" && ignoreWithoutEngines(),
    fn: () =>
      aloneOnEngines(() =>
        withTmux(async (t) => {
          const session = `exec-${crypto.randomUUID().slice(0, 8)}`;
          const kstops = await install(t);
          const place = engine === "tmux" ? [] : ["--runtime", engine, "--image", IMAGE];
          try {
            await kstops("start", session, ...place, "--", "sleep", "3600");
            const terminal = await openTerminal(t);
            await terminal.enter(
              `${KSTOPS} exec ${session} sh -c ${quoted(PROGRAM)}; echo "left with $?"`,
            );
            await terminal.shows(/^40 100$/m);
            await terminal.shows(/^in screen/m);
            await terminal.press("h", "i", "Enter");
            await terminal.shows(/^got hi$/m);
            await terminal.resize(90, 30);
            await terminal.press("Enter");
            await terminal.shows(/^30 90$/m);
            await terminal.press("C-c");
            await terminal.press("Enter");
            await terminal.shows(/^left with 7$/m);
          } finally {
            await kstops("stop", session, "--force");
            if (engine !== "tmux") {
              await t.world.exec([engine, "rm", "-f", session], { timeoutMs: LIMIT_MS });
            }
          }
        }, { containers: true })
      ),
  });
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
