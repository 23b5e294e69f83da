/** Starting sessions: what was said and the config define. */
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

/** What sessions are started as, and how. */
interface StartRequest {
  /** What goes over the config; the place is among it. */
  readonly wanted: StartFlags;
  /** Whether their names were not said, so that what this config did not start is left alone. */
  readonly all?: true | undefined;
  /** Whether their starts are watched until they count as done. */
  readonly wait: boolean;
  /** Whether they are waited for until they are ready, as their definitions say. */
  readonly waitReady?: true | undefined;
  /** Whether nothing is told of what takes long. */
  readonly quiet?: true | undefined;
  /** Whether what a person left behind in a shell may be ended. */
  readonly yes?: true | undefined;
  /** Whether they are started although their last run may go on where nobody answers. */
  readonly anyway?: true | undefined;
}

/** What the start of one session came to. */
export interface Started extends Changed {
  readonly kind: "started";
}

/** Starts sessions, side by side. */
export async function startEach(
  tools: ChangeTools,
  names: readonly string[],
  request: StartRequest,
): Promise<Outcomes<Started>> {
  const { wanted, all, wait, waitReady } = request;
  refuseNoWait(request);
  const options = { ...placeIn(wanted), all, wait, waitReady };
  const recorded = await formatRequest(
    tools,
    whyNotResumable(wanted) === null ? formatOptions(tools, options, START_CODEC) : null,
  );
  return await changeEach(tools, names, {
    verb: "start",
    // That there can be such a place is checked with everything else.
    selection: { backend: wanted.backend, scope: wanted.socketName, engine: wanted.runtime },
    task: (name) => startTask(tools, name, { request, recorded }),
  });
}

/** What of a start is recorded. */
type RecordedStart =
  & Omit<PlaceFlags, "project">
  & Pick<StartRequest, "all" | "wait" | "waitReady">;

/** How the options of a start are recorded. They hold no secrets. */
export const START_CODEC: Codec<RecordedStart> = {
  backend: PLACE_CODEC.backend,
  socket: PLACE_CODEC.socket,
  runtime: PLACE_CODEC.runtime,
  all: readGiven,
  wait: readEither,
  waitReady: readGiven,
};

/**
 * Makes sure that who waits until sessions are ready also waits until they have started.
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
 * Why a start cannot be planned again from its record: all that says what to start, but where, may hold
 * secrets and is not recorded. Null: it can.
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
          const { quiet, anyway, all: ownOnly } = request;
          const status = await launch(tools, definition, { waitMs, quiet, anyway, ownOnly });
          return { kind: "started", status, definition };
        },
      };
    },
  };
}

/** Waits until what was started is ready, as far as it says when that is. */
export function ready(tools: ChangeTools): Afterwards {
  return async ({ definition, status }) => {
    if (definition === undefined || definition.ready === null) return status;
    const { untilReady } = await import("./ready.ts");
    return await untilReady(tools, definition.ready, { definition, started: status });
  };
}

/** What a person left behind in a shell is theirs: it is ended only after a yes. */
async function questionOf(
  tools: ChangeTools,
  { name, backend }: Definition,
  request: StartRequest,
): Promise<Question | null> {
  const living = await tools.sessions().living(name);
  if (living.some(({ remains }) => remains.program !== null || remains.isWaiting)) return null;
  const self = selfOf(await tools.config());
  const left = living.find(({ run: { begun } }) => {
    // What another config's run left is not touched, whatever the answer.
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

/** Starts what is defined, and says what takes long, unless it is to be quiet. */
export async function launch(
  tools: Tools,
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
  const sessions = tools.sessions();
  return await tools.during(
    "starting",
    () =>
      sessions.start(definition, {
        ...{ waitMs, anyway, ownOnly },
        ...(quiet ? {} : { say: tools.warn }),
      }),
    { session: definition.name },
  );
}
