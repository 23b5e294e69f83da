/** `kstops start NAME`: from the config, or made up on the spot. */
import { UsageError } from "../../errors.ts";
import type { Definition, SessionStatus } from "../../model.ts";
import { changeToWire } from "../../output/wire.ts";
import { endWords } from "../../output/screen.ts";
import type { Selection } from "../../sessions.ts";
import type { Context, Reply } from "../command.ts";
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
    selection: wantedPlace(flags),
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
  let place: Selection = {};
  const started = await forEach(context, [name], {
    work: async (each, guarded) => {
      const status = await startOne(guarded, each, { ...flags, wait: false });
      place = placeOf(status);
      return status;
    },
    toJson: changeToWire,
    toText: null,
    isList: false,
    selection: wantedPlace(flags),
  });
  if ((started.failures ?? []).length > 0) return started;
  const match = await (await context.sessions()).find("attach to", name, place);
  return match.kind === "session" ? await handOver(context, match.session, false) : {};
}

/** Where a session is to be; that such a place can be is checked with everything else. */
function wantedPlace({ backend, socket, runtime }: StartCommandFlags): Selection {
  return { backend, socketName: socket, runtime };
}

/** The very place where a session is. */
function placeOf({ socketName, engine }: SessionStatus): Selection {
  return engine === null || engine === "tmux"
    ? { socketName: socketName ?? undefined }
    : { runtime: engine };
}

async function startOne(
  context: Context,
  name: string,
  flags: StartCommandFlags,
): Promise<SessionStatus> {
  const { definition, startWaitMs } = await definitionFor(context, name, flags);
  const waitMs = flags.wait ? startWaitMs : 0;
  return await launch(context, definition, { waitMs, quiet: flags.quiet });
}

/** Starts what is defined, and says what takes long, unless it is to be quiet. */
export async function launch(
  context: Context,
  definition: Definition,
  { waitMs, quiet }: { readonly waitMs: number; readonly quiet?: true | undefined },
): Promise<SessionStatus> {
  const sessions = await context.sessions();
  return await context.during(
    `starting ${definition.name}`,
    () => sessions.start(definition, { waitMs, ...(quiet ? {} : { say: context.warn }) }),
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
