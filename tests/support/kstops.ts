/** The program under test in a sandbox: the source, or the binary that KSTOPS_BIN names. */
import type { ExecResult } from "../../src/world/world.ts";
import { writeExecutable } from "./executable.ts";
import type { TmuxSandbox } from "./tmux.ts";
import { programUnderTest } from "./transcript.ts";
import { LIMIT_MS } from "./limits.ts";

const program = await programUnderTest();

/** How a shell in the sandbox's work directory calls the program that {@link install} put there. */
export const KSTOPS = "./kstops";

/**
 * Puts the program into the sandbox's work directory.
 *
 * @returns runs it without a terminal
 */
export async function install(
  t: TmuxSandbox,
): Promise<(...args: readonly string[]) => Promise<ExecResult>> {
  const exports = Object.entries(program.env).map(([key, value]) => `export ${key}='${value}'\n`);
  const words = program.argv.map((word) => `'${word}'`).join(" ");
  const path = `${t.work}/kstops`;
  await writeExecutable(path, `#!/bin/sh\n${exports.join("")}exec ${words} "$@"\n`);
  return (...args) => t.world.exec([path, ...args], { timeoutMs: LIMIT_MS });
}
