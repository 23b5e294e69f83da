/** Starts sessions, as flags and config define them. */
import { flagged, given, type StartFlags } from "../config/flags.ts";
import { type Json, quote, UsageError } from "../errors.ts";
import { ALL_SESSION_KEYS } from "../keys/session_keys.ts";
import { type Definition, NOBODY, type SessionStatus } from "../model.ts";
import type { Question } from "../operations/operate.ts";
import { isSameOwner, isStrange, selfOf } from "../owner.ts";
import { formatPlace, type PlaceFlags } from "../model/place.ts";
import { definitionFor } from "./definitions.ts";
import {
  type Afterwards,
  type Changed,
  changeEach,
  type ChangeTask,
  type Each,
  type Outcomes,
} from "./each.ts";
import {
  type Codec,
  formatOptions,
  formatRequest,
  PLACE_CODEC,
  readEither,
  readGiven,
} from "./request.ts";
import type { ChangeTools, Tools } from "./tools.ts";

/** What to start, and how. */
export interface StartRequest {
  /** The flags over the config, including the place. */
  readonly wanted: StartFlags;
  /** Whether no names were given, so that sessions which this config did not start are left alone. */
  readonly all?: true | undefined;
  /** Whether to watch the starts until they count as done. */
  readonly wait: boolean;
  /** Whether to wait until they are ready, as their definitions say. */
  readonly waitReady?: true | undefined;
  /** Whether to say nothing about slow work. */
  readonly quiet?: true | undefined;
  /** Whether to end what a person left behind in a shell. */
  readonly yes?: true | undefined;
  /** Whether the machine has just booted. */
  readonly boot?: true | undefined;
  /** Whether to start although their last run may go on in an engine that does not answer. */
  readonly anyway?: true | undefined;
}

/** The result of starting one session. */
export interface Started extends Changed {
  readonly kind: "started";
}

/** Starts sessions, side by side. */
export async function startEach(
  tools: ChangeTools,
  names: readonly string[],
  request: StartRequest,
): Promise<Outcomes<Started>> {
  return await changeEach(tools, names, await startsOf(tools, request));
}

/** How to start each of several sessions. */
export async function startsOf(tools: ChangeTools, request: StartRequest): Promise<Each<Started>> {
  const { wanted, all, wait, waitReady, boot } = request;
  refuseNoWait(request);
  const options = { ...placeIn(wanted), all, wait, waitReady, boot };
  const recorded = await formatRequest(
    tools,
    whyNotResumable(wanted) === null ? formatOptions(tools, options, START_CODEC) : null,
  );
  return {
    verb: "start",
    // The place is checked together with everything else.
    selection: { backend: wanted.backend, scope: wanted.socketName, engine: wanted.runtime },
    task: (name) => startTask(tools, name, { request, recorded }),
  };
}

/** The recorded part of a start. */
type RecordedStart =
  & Omit<PlaceFlags, "project">
  & Pick<StartRequest, "all" | "wait" | "waitReady" | "boot">;

/** How to record the options of a start. They contain no secrets. */
export const START_CODEC: Codec<RecordedStart> = {
  backend: PLACE_CODEC.backend,
  socket: PLACE_CODEC.socket,
  runtime: PLACE_CODEC.runtime,
  all: readGiven,
  wait: readEither,
  waitReady: readGiven,
  boot: readGiven,
};

/**
 * Makes sure that a wait for readiness also waits for the start.
 *
 * @throws {UsageError} `usage`
 */
export function refuseNoWait({ wait, waitReady }: Pick<StartRequest, "wait" | "waitReady">): void {
  if (wait || !waitReady) return;
  throw new UsageError(
    "Cannot use --wait-ready with --no-wait: one waits, and the other does not",
    {
      hint: "leave one out",
    },
  );
}

function placeIn({ backend, socketName: socket, runtime }: StartFlags): PlaceFlags {
  return { backend, socket, runtime };
}

/**
 * Why a start cannot be planned again from its record: all flags that say what to start, except its
 * place, may contain secrets and are not recorded. Null: it can.
 */
function whyNotResumable(wanted: StartFlags): string | null {
  const flags = ALL_SESSION_KEYS.flatMap(([, { flag, field, place }]) =>
    flag === undefined || place !== undefined || flagged(wanted, field) === null
      ? []
      : [`--${flag}`]
  );
  const said = [...flags, ...(given(wanted.argv) === null ? [] : ["-- ARGV"])];
  if (said.length === 0) return null;
  return `what it was given with ${said.join(", ")} may hold secrets and is not recorded`;
}

/** The start of one session. */
export function startTask(
  tools: ChangeTools,
  name: string,
  { request, recorded }: { readonly request: StartRequest; readonly recorded: Json },
): ChangeTask<Started> {
  let defined: ReturnType<typeof definitionFor> | null = null;
  const define = () => defined ??= definitionFor(tools, name, request.wanted);
  const notResumable = whyNotResumable(request.wanted);
  return {
    kind: "start",
    session: name,
    request: recorded,
    ...(notResumable === null ? {} : { notResumable }),
    validate: async () => {
      await define();
    },
    ...(request.waitReady ? { afterwards: ready(tools) } : {}),
    plan: async () => {
      const { definition, startWaitMs } = await define();
      const place = formatPlace(await tools.sessions().place(definition));
      return {
        place,
        question: request.yes ? null : await questionOf(tools, definition, request),
        apply: async () => {
          const waitMs = request.wait ? startWaitMs : 0;
          const { quiet, anyway, all: ownOnly, boot: atBoot } = request;
          const status = await launch(tools, definition, {
            ...{ waitMs, quiet, anyway, ownOnly, atBoot },
          });
          return { kind: "started", status, definition };
        },
      };
    },
  };
}

/** Waits until the started session is ready, if its definition says when it is. */
export function ready(tools: ChangeTools): Afterwards {
  return async ({ definition, status }) => {
    if (definition === undefined || definition.ready === null) return status;
    const { untilReady } = await import("./ready.ts");
    return await untilReady(tools, definition.ready, { definition, started: status });
  };
}

/** What a person left behind in a shell belongs to that person: it is ended only after a yes. */
async function questionOf(
  tools: ChangeTools,
  { name, backend }: Definition,
  request: StartRequest,
): Promise<Question | null> {
  const living = await tools.sessions().living(name);
  if (living.some(({ remains }) => remains.program !== null || remains.isWaiting)) return null;
  const self = selfOf(await tools.config());
  const left = living.find(({ run: { begun } }) => {
    // Leftovers of another config's run are not touched, whatever the answer.
    const owner = begun?.owner ?? NOBODY;
    const isOwn = request.all ? isSameOwner(owner, self) : !isStrange(owner, self);
    return isOwn && begun?.ending?.interactive === true;
  });
  if (left === undefined) return null;
  const reason = `the shell that it was left ${left.names}`;
  const again = tools.caller.inWords("start", name, { flags: placeIn(request.wanted), yes: true });
  return {
    text: `End them and start ${quote(name)}? ${reason} [y/N] `,
    reason,
    command: `${again}${whyNotResumable(request.wanted) === null ? "" : ", with its other flags"}`,
    backend,
  };
}

/** Starts a definition, and reports slow work, unless it should be quiet. */
export async function launch(
  tools: Tools,
  definition: Definition,
  { waitMs, quiet, anyway = false, ownOnly = false, atBoot = false }: {
    readonly waitMs: number;
    readonly quiet?: true | undefined;
    /** Even if its last run may go on in an engine that cannot be asked. */
    readonly anyway?: boolean | undefined;
    /** Whether to leave alone what its config did not start. */
    readonly ownOnly?: boolean | undefined;
    /** Whether the machine has just booted. */
    readonly atBoot?: boolean | undefined;
  },
): Promise<SessionStatus> {
  const sessions = tools.sessions();
  return await tools.during(
    "starting",
    () =>
      sessions.start(definition, {
        ...{ waitMs, anyway, ownOnly, atBoot },
        ...(quiet ? {} : { say: tools.warn }),
      }),
    { session: definition.name },
  );
}
