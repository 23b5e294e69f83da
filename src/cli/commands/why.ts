/** `kstops why NAME`: how a session came to be what it is, and what to do next. */
import { explain } from "../../actions/why.ts";
import { findingsText, findingsToWire } from "../../output/findings.ts";
import type { Context, PlaceFlags, Reply } from "../command.ts";
import { warnOfProblems } from "../warnings.ts";

/** Flags of `why`. */
interface WhyFlags extends PlaceFlags {
  readonly name: string;
}

/** Explains one session, even after it was stopped. */
export async function why(context: Context, flags: WhyFlags): Promise<Reply> {
  const { name } = flags;
  await warnOfProblems(context, { ...flags, names: [name] });
  const operations = async () => await (await context.recording()).store();
  const findings = await explain({ ...context, operations }, name, flags);
  return {
    data: findingsToWire(findings),
    text: (screen) => findingsText(findings, screen),
  };
}
