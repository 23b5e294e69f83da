/** `kstops start NAME`: from the config, or made up on the spot. */
import { type Outcomes, truthOf } from "../../actions/each.ts";
import { startEach, type Started } from "../../actions/start.ts";
import { UsageError } from "../../errors.ts";
import { knownPlace } from "../../model/place.ts";
import { changeTools } from "../caller.ts";
import { changedText, replyOf } from "../changed.ts";
import type { Context, Reply } from "../command.ts";
import { changeMeant, needOthers, sessionsToChange } from "../names.ts";
import { type StartFlags, wantedBy } from "../start_flags.ts";
import { handOver, requireTerminal } from "./attach.ts";

/** Flags of `start`. */
export interface StartCommandFlags extends StartFlags {
  readonly names: readonly string[];
  readonly wait: boolean;
  readonly waitReady?: true | undefined;
  readonly all?: true | undefined;
  readonly except?: readonly string[] | undefined;
  readonly quiet?: true | undefined;
  /**
   * Ends leftovers of the last run without a question, and starts even if that run may go on
   * unseen.
   */
  readonly yes?: true | undefined;
  readonly attach?: true | undefined;
  /** Whether what they need is started as well. */
  readonly deps: boolean;
  /** Only says what would be started. */
  readonly dryRun?: true | undefined;
  /** The words behind `--`. */
  readonly argv: readonly string[] | null;
}

/** Starts sessions, side by side. */
export async function start(context: Context, flags: StartCommandFlags): Promise<Reply> {
  const meant = await sessionsToChange(context, "start", flags);
  const { names, isList } = meant;
  if (names.length > 1 || isList) refuseSingleFlags(flags);
  const [name] = names;
  if (flags.dryRun) {
    const { dryRun } = await import("./dry_run.ts");
    return await dryRun(context, meant, flags);
  }
  if (flags.attach && name !== undefined) return await startAndAttach(context, name, flags);
  const besides: unknown[] = [];
  const outcomes = await changeMeant(meant, async (these, all) => {
    const started = await startThese(context, these, { ...flags, all });
    besides.push(...started.failures);
    return started.outcomes;
  });
  const reply = replyOf(outcomes, { quiet: flags.quiet, isList });
  return { ...reply, failures: [...besides, ...reply.failures ?? []] };
}

async function startThese(
  context: Context,
  names: readonly string[],
  flags: StartCommandFlags,
): Promise<{
  readonly outcomes: Outcomes<Started>;
  /** Why sessions that these need did not start. */
  readonly failures: readonly unknown[];
}> {
  const { all, wait, waitReady, quiet, yes } = flags;
  const request = { wanted: wantedBy(flags), all, wait, waitReady, quiet, yes, anyway: yes };
  const tools = await changeTools(context, { quiet });
  if (!flags.deps || !needOthers(await context.config(), names)) {
    return { outcomes: await startEach(tools, names, request), failures: [] };
  }
  const { startInOrder } = await import("../../actions/start_in_order.ts");
  const { named, besides } = await startInOrder(tools, names, request);
  for (const each of besides) {
    if (each.status === "rejected" || quiet) continue;
    context.warn(`${changedText(each.value.result)}, which is needed`);
  }
  return {
    outcomes: named,
    failures: besides.flatMap((each) => each.status === "rejected" ? [each.reason] : []),
  };
}

function refuseSingleFlags({ command, image, argv, attach }: StartCommandFlags): void {
  if (attach) {
    throw new UsageError("Cannot attach to several sessions: name one session only");
  }
  if (command === undefined && image === undefined && argv === null) return;
  throw new UsageError("Cannot start several sessions with one command: name one session only", {
    hint: "without --command, --image and -- ARGV, each runs what the config says",
  });
}

async function startAndAttach(
  context: Context,
  name: string,
  flags: StartCommandFlags,
): Promise<Reply> {
  if (flags.waitReady) {
    throw new UsageError("Cannot use --wait-ready with --attach: attach at once, or wait", {
      hint: "leave one out",
    });
  }
  requireTerminal(context.world, name);
  const { outcomes } = await startThese(context, [name], { ...flags, wait: false });
  const [started] = outcomes;
  if (started?.status !== "fulfilled") return replyOf(outcomes, { isList: false });
  const place = knownPlace(started.value.result.status);
  const { context: guarded, release } = context.guarded();
  const match = await guarded.sessions().find("attach to", name, place)
    .catch(async (error: unknown) => {
      throw await truthOf({ sessionsAfter: context.sessions }, [name], place)(error, name);
    });
  release();
  return match.kind === "session" ? await handOver(context, match.session, false) : {};
}
