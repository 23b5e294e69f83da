/** `kstops doctor`: whether everything that kstops works with is in order. */
import { examine } from "../../doctor/doctor.ts";
import { isWell } from "../../model/finding.ts";
import { doctorText, doctorToWire } from "../../output/doctor.ts";
import { VERSION } from "../../version.ts";
import type { Context, Reply } from "../command.ts";

/** The exit status when a check fails: the findings are the answer, not an error. */
const UNWELL = 1;

/** Examines the machine, and changes nothing. */
export async function doctor(context: Context): Promise<Reply> {
  const { world, during } = context;
  const config = await context.config();
  const findings = await during("examining", () => examine(world, config));
  return {
    data: doctorToWire(findings, VERSION),
    text: (screen) => doctorText(findings, screen),
    exitStatus: isWell(findings) ? 0 : UNWELL,
  };
}
