/** Every parser of the project, and what must hold of it. */
import type { Target } from "./target.ts";
import { COMMAND_LINE } from "./targets/command_line.ts";
import { CONFIG } from "./targets/config.ts";
import { ENGINES } from "./targets/engines.ts";
import { LOGS } from "./targets/logs.ts";
import { OUTPUT } from "./targets/output.ts";
import { VALUES } from "./targets/values.ts";

/** The targets, in the order of the table. */
export const TARGETS: readonly Target[] = [
  ...ENGINES,
  ...LOGS,
  ...CONFIG,
  ...VALUES,
  ...COMMAND_LINE,
  ...OUTPUT,
];

/** How many cases each target gets of so many altogether, at least one. */
export function shares(targets: readonly Target[], cases: number): readonly number[] {
  const whole = targets.reduce((sum, { weight }) => sum + weight, 0);
  return targets.map(({ weight }) => Math.max(1, Math.ceil(cases * weight / whole)));
}
