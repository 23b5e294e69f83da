/** `kstops start NAME`: from the config, or made up on the spot. */
import { type Json, quote, UsageError } from "../../errors.ts";
import { type Definition, NOBODY, type SessionStatus } from "../../model.ts";
import { placeName, type Question, type Task } from "../../operations/operate.ts";
import { isSameOwner, isStrange, selfOf } from "../../owner.ts";
import { endWords } from "../../output/screen.ts";
import type { Selection } from "../../sessions/sessions.ts";
import type { Context, PlaceFlags, Reply } from "../command.ts";
import { argumentsFor } from "../confirm.ts";
import { definitionFor, type StartFlags } from "../definitions.ts";
import { namesFrom } from "../names.ts";
import { type Changed, changeEach, outcomeOf, type Outcomes, replyOf, truthOf } from "../many.ts";
import { requestOf } from "../recording.ts";
import { handOver, requireTerminal } from "./attach.ts";
import { withoutMissing } from "./stop.ts";

/** Flags of `start`. */
export interface StartCommandFlags extends StartTaskFlags {
  readonly names: readonly string[];
  readonly attach?: true | undefined;
  /** Only say what would be started. */
  readonly dryRun?: true | undefined;
  /** What stands behind `--`. */
  readonly argv: readonly string[] | null;
}

/** How one session is started. */
export interface StartTaskFlags extends StartFlags {
  readonly wait: boolean;
  readonly all?: true | undefined;
  readonly quiet?: true | undefined;
  /** Ends what the last run left behind without a question, and starts where that may go on unseen. */
  readonly yes?: true | undefined;
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
  const outcomes = await startEach(context, names, flags);
  return replyOf(outcomes, { quiet: flags.quiet, isList: flags.all === true });
}

async function startEach(
  context: Context,
  names: readonly string[],
  flags: StartCommandFlags,
): Promise<Outcomes> {
  const notResumable = whyNotResumable(flags);
  const request = await requestOf(context, notResumable === null ? replannedWith(flags) : null);
  return await changeEach(context, names, {
    task: (name, guarded) => ({
      ...startTask(guarded, name, { flags, request }),
      ...(notResumable === null ? {} : { notResumable }),
    }),
    selection: wantedPlace(flags),
  });
}

/** The flags with which a start that waits for an answer is planned again. They hold no secrets. */
function replannedWith({ backend, socket, runtime, all, wait }: StartCommandFlags): Json {
  return withoutMissing({ backend, socket, runtime, all, wait });
}

/** What the flags are called that say what to start, all but those that choose the place. */
const UNRECORDED: Readonly<Record<Exclude<keyof StartFlags, keyof PlaceFlags>, string>> = {
  command: "--command",
  argv: "-- ARGV",
  image: "--image",
  workdir: "--workdir",
  env: "--env",
  envFile: "--env-file",
  volume: "--volume",
  port: "--port",
  logVolume: "--log-volume",
  shell: "--shell",
  unsafeEnv: "--unsafe-env",
};

/** What says what to start may hold secrets, so that it is not recorded. */
function whyNotResumable(flags: StartTaskFlags): string | null {
  const keys = Object.keys(UNRECORDED) as (keyof typeof UNRECORDED)[];
  const said = keys.flatMap((key) =>
    flags[key] === undefined || flags[key] === null ? [] : UNRECORDED[key]
  );
  if (said.length === 0) return null;
  return `what it was given with ${said.join(", ")} may hold secrets and is not recorded`;
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
  const outcomes = await startEach(context, [name], { ...flags, wait: false });
  const [started] = outcomes;
  if (started?.status !== "fulfilled") return replyOf(outcomes, { isList: false });
  const place = placeOf(started.value.result.status);
  const { context: guarded, release } = context.guarded();
  const match = await guarded.sessions().find("attach to", name, place)
    .catch(async (error: unknown) => {
      throw await truthOf(context, name, place)(error);
    });
  release();
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

/** The start of one session. */
export function startTask(
  context: Context,
  name: string,
  { flags, request }: { readonly flags: StartTaskFlags; readonly request: Json },
): Task<Changed> {
  let defined: ReturnType<typeof definitionFor> | null = null;
  const define = () => defined ??= definitionFor(context, name, flags);
  return {
    kind: "start",
    session: name,
    request,
    validate: async () => {
      await define();
    },
    plan: async () => {
      const { definition, startWaitMs } = await define();
      const place = placeName(await context.sessions().place(definition));
      const waitMs = flags.wait ? startWaitMs : 0;
      return {
        place,
        question: flags.yes ? null : await questionOf(context, definition, flags),
        apply: async () => {
          const { quiet, yes: anyway, all: ownOnly } = flags;
          const status = await launch(context, definition, { waitMs, quiet, anyway, ownOnly });
          return { status, text: startedText(status) };
        },
      };
    },
    outcome: outcomeOf,
  };
}

/** What a person left behind in a shell is theirs: it is ended only after a yes. */
async function questionOf(
  context: Context,
  { name, backend }: Definition,
  flags: StartTaskFlags,
): Promise<Question | null> {
  const living = await context.sessions().living(name);
  if (living.some(({ remains }) => remains.program !== null || remains.isWaiting)) return null;
  const self = selfOf(await context.config());
  const left = living.find(({ run: { begun } }) => {
    // What another config's run left is not touched, whatever the answer.
    const owner = begun?.owner ?? NOBODY;
    const isOwn = flags.all ? isSameOwner(owner, self) : !isStrange(owner, self);
    return isOwn && begun?.ending?.interactive === true;
  });
  if (left === undefined) return null;
  const reason = `the shell that it was left ${left.names}`;
  return {
    text: `End them and start ${quote(name)}? ${reason} [y/N] `,
    reason,
    command: `kstops start ${argumentsFor(name, flags)}${
      whyNotResumable(flags) === null ? "" : ", with its other flags"
    }`,
    backend,
  };
}

/** Starts what is defined, and says what takes long, unless it is to be quiet. */
export async function launch(
  context: Context,
  definition: Definition,
  { waitMs, quiet, anyway = false, ownOnly = false }: {
    readonly waitMs: number;
    readonly quiet?: true | undefined;
    /** Also where its last run may go on in an engine that cannot be asked. */
    readonly anyway?: boolean | undefined;
    /** Whether what its config did not start is left alone. */
    readonly ownOnly?: boolean | undefined;
  },
): Promise<SessionStatus> {
  const sessions = context.sessions();
  return await context.during(
    `starting ${definition.name}`,
    () =>
      sessions.start(definition, {
        ...{ waitMs, anyway, ownOnly },
        ...(quiet ? {} : { say: context.warn }),
      }),
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
