/** Tests of faults: each has its row in `tests/faults/rows.ts`. */
import { FAULTS } from "../faults/rows.ts";
import type { ExecResult } from "../../src/world/world.ts";
import { writeExecutable } from "./executable.ts";
import { install } from "./kstops.ts";
import { ignoreWithoutTmux, type TmuxSandbox, withTmux } from "./tmux.ts";
import { LIMIT_MS } from "./limits.ts";

/** A sandbox with the program under test in its working directory, as `./kstops`. */
export interface FaultSandbox extends TmuxSandbox {
  /** Runs a line of `sh` there, whatever its exit code; an undefined variable is removed. */
  readonly sh: (
    line: string,
    env?: Readonly<Record<string, string | undefined>>,
  ) => Promise<ExecResult>;
  /** Puts a program, given as an `sh` script, before all others of that name. Returns the PATH. */
  readonly pretend: (name: string, script: string) => Promise<string>;
}

/**
 * A test that shows what one or more rows promise.
 *
 * @throws when no row names it
 */
export function faultTest(
  name: string,
  body: (t: FaultSandbox) => Promise<void>,
  { asRoot = false }: { /** Whether only root can make this fault. */ readonly asRoot?: boolean } =
    {},
): void {
  if (!FAULTS.some(({ test }) => test === name)) {
    throw new Error(`No row of tests/faults/rows.ts names this test: ${name}`);
  }
  Deno.test({
    name,
    ignore: ignoreWithoutTmux() || (asRoot && Deno.uid() !== 0),
    fn: () =>
      withTmux(async (t) => {
        await install(t);
        await body(faultSandbox(t));
      }),
  });
}

function faultSandbox(t: TmuxSandbox): FaultSandbox {
  return {
    ...t,
    sh: (line, env = {}) =>
      t.worldWith(env).exec(["/usr/bin/env", "--chdir", t.work, "/bin/sh", "-c", line], {
        timeoutMs: LIMIT_MS,
      }),
    pretend: async (name, script) => {
      const bin = `${t.directory}/pretended`;
      await Deno.mkdir(bin, { recursive: true });
      await writeExecutable(`${bin}/${name}`, `#!/bin/sh\n${script}\n`);
      return `${bin}:${t.env["PATH"]}`;
    },
  };
}
