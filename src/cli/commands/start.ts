/** `kstops start NAME`: from the config, or made up on the spot. */
import { UsageError } from "../../errors.ts";
import type { SessionStatus } from "../../model.ts";
import { changeToWire } from "../../output/wire.ts";
import { endWords } from "../../output/screen.ts";
import { type Context, type Reply, selectionOf } from "../command.ts";
import { definitionFor, type StartFlags } from "../definitions.ts";
import { namesFrom } from "../names.ts";
import { forEach } from "../many.ts";
import { handOver, requireTerminal } from "./attach.ts";

/** Flags of `start`. */
export interface StartCommandFlags extends StartFlags {
  readonly names: readonly string[];
  readonly all?: true | undefined;
  readonly wait: boolean;
  readonly attach?: true | undefined;
  /** Only say what would be started. */
  readonly dryRun?: true | undefined;
  readonly quiet?: true | undefined;
  /** What stands behind `--`. */
  readonly argv: readonly string[] | null;
}

/** Starts sessions, side by side. */
export async function start(context: Context, flags: StartCommandFlags): Promise<Reply> {
  const names = await namesFrom(context, "start", flags);
  if (names.length > 1 || flags.all) refuseSingleFlags(flags);
  const [name] = names;
  if (flags.dryRun) {
    const { dryRun } = await import("./dry_run.ts");
    return await dryRun(context, names, flags);
  }
  if (flags.attach && name !== undefined) return await startAndAttach(context, name, flags);
  return await forEach(context, names, {
    work: (name, guarded) => startOne(guarded, name, flags),
    toJson: changeToWire,
    toText: flags.quiet ? null : startedText,
    isList: flags.all === true,
    selection: selectionOf(flags),
  });
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
  requireTerminal(context.world, name);
  let socketName: string | undefined;
  const started = await forEach(context, [name], {
    work: async (each, guarded) => {
      const status = await startOne(guarded, each, { ...flags, wait: false });
      socketName = status.socketName ?? undefined;
      return status;
    },
    toJson: changeToWire,
    toText: null,
    isList: false,
    selection: selectionOf(flags),
  });
  if ((started.failures ?? []).length > 0) return started;
  const match = await (await context.sessions()).find("attach to", name, { socketName });
  return match.kind === "session" ? await handOver(context, match.session, false) : {};
}

async function startOne(
  context: Context,
  name: string,
  flags: StartCommandFlags,
): Promise<SessionStatus> {
  const { definition, startWaitMs } = await definitionFor(context, name, flags);
  const sessions = await context.sessions();
  return await context.during(
    `starting ${name}`,
    () => sessions.start(definition, { waitMs: flags.wait ? startWaitMs : 0 }),
  );
}

/** `Started astro (tmux, pid 4711)`. */
export function startedText(status: SessionStatus): string {
  const { name, engine, backend, pid, state } = status;
  const facts = [
    engine ?? backend,
    ...(pid === null ? [] : [`pid ${pid}`]),
    ...(state === "exited" ? [`it has ended already, ${endWords(status)}`] : []),
  ];
  return `Started ${name} (${facts.join(", ")})`;
}
