/** `kstops boot status`: whether the sessions would come back after a boot now, and why not. */
import type { Chosen } from "../../../actions/boot.ts";
import { isWell } from "../../../model/finding.ts";
import { doctorText, doctorToWire } from "../../../output/doctor.ts";
import { VERSION } from "../../../version.ts";
import type { Context, Reply } from "../../command.ts";

/** Flags of `boot status`. */
interface BootStatusFlags {
  readonly system?: true | undefined;
}

/** The exit status when the sessions would not come back: that is the answer, not an error. */
const UNWELL = 1;

/** Examines what starts the sessions at boot. Changes nothing. */
export async function bootStatus(
  context: Context,
  flags: BootStatusFlags,
): Promise<Reply> {
  const { world } = context;
  const config = await context.config();
  const [{ lookAtBoot }, { bootFindings }, { chooseEach }] = await Promise.all([
    import("../../../doctor/look/boot.ts"),
    import("../../../doctor/boot.ts"),
    import("../../../actions/boot.ts"),
  ]);
  const facts = await lookAtBoot(world, config, { system: flags.system === true });
  const findings = bootFindings(facts);
  const chosen: readonly Chosen[] = config.path === null
    ? []
    : await chooseEach(context, facts.names);
  const isEnabled = facts.enabled !== null;
  return {
    data: {
      ...doctorToWire(findings, VERSION),
      ok: isEnabled && isWell(findings),
      enabled: isEnabled,
      manager: facts.manager,
      where: facts.enabled?.where ?? null,
      config: facts.enabled?.config ?? null,
      sessions: chosen.map(({ name, starts, why }) => ({ name, starts, why })),
    },
    text: (screen) => doctorText(findings, screen),
    exitStatus: isEnabled && isWell(findings) ? 0 : UNWELL,
  };
}
