/** Starting sessions: what was said and the config define. */
import type { StartFlags } from "../config/flags.ts";
import { type Json, quote } from "../errors.ts";
import { type Definition, NOBODY, type SessionStatus } from "../model.ts";
import { placeName, type Question } from "../operations/operate.ts";
import { isSameOwner, isStrange, selfOf } from "../owner.ts";
import type { PlaceFlags } from "../sessions/place_flags.ts";
import type { Selection } from "../sessions/sessions.ts";
import { definitionFor } from "./definitions.ts";
import { type Changed, changeEach, type ChangeTask, type Outcomes } from "./each.ts";
import {
  type Codec,
  formatOptions,
  formatRequest,
  PLACE_CODEC,
  readEither,
  readGiven,
} from "./request.ts";
import type { ChangeTools, Tools } from "./tools.ts";

/** Where and how sessions are started. */
export interface StartRequest extends Omit<PlaceFlags, "project"> {
  /** Whether their names were not said, so that what this config did not start is left alone. */
  readonly all?: true | undefined;
  /** Whether their starts are watched until they count as done. */
  readonly wait: boolean;
}

/** The same with what is not recorded. */
export interface FullStartRequest extends StartRequest {
  /** What goes over the config; the place is among it. */
  readonly wanted: StartFlags;
  /** Whether nothing is told of what takes long. */
  readonly quiet?: true | undefined;
  /** Whether what a person left behind in a shell may be ended. */
  readonly yes?: true | undefined;
  /** Whether they are started although their last run may go on where nobody answers. */
  readonly anyway?: true | undefined;
  /** Why it cannot be planned again from its record; null: it can. */
  readonly notResumable: string | null;
}

/** What the start of one session came to. */
export interface Started extends Changed {
  readonly kind: "started";
}

/** Starts sessions, side by side. */
export async function startEach(
  tools: ChangeTools,
  names: readonly string[],
  request: FullStartRequest,
): Promise<Outcomes<Started>> {
  const { backend, socket, runtime, notResumable } = request;
  const options = notResumable === null ? formatOptions(tools, request, START_CODEC) : null;
  const recorded = await formatRequest(tools, options);
  // That there can be such a place is checked with everything else.
  const selection: Selection = { backend, socketName: socket, runtime };
  return await changeEach(tools, names, {
    verb: "start",
    selection,
    task: (name) => startTask(tools, name, { request, recorded }),
  });
}

/** How the options of a start are recorded. They hold no secrets. */
export const START_CODEC: Codec<StartRequest> = {
  backend: PLACE_CODEC.backend,
  socket: PLACE_CODEC.socket,
  runtime: PLACE_CODEC.runtime,
  all: readGiven,
  wait: readEither,
};

/** The start of one session. */
export function startTask(
  tools: ChangeTools,
  name: string,
  { request, recorded }: { readonly request: FullStartRequest; readonly recorded: Json },
): ChangeTask<Started> {
  let defined: ReturnType<typeof definitionFor> | null = null;
  const define = () => defined ??= definitionFor(tools, name, request.wanted);
  const { notResumable } = request;
  return {
    kind: "start",
    session: name,
    request: recorded,
    ...(notResumable === null ? {} : { notResumable }),
    validate: async () => {
      await define();
    },
    plan: async () => {
      const { definition, startWaitMs } = await define();
      const place = placeName(await tools.sessions().place(definition));
      return {
        place,
        question: request.yes ? null : await questionOf(tools, definition, request),
        apply: async () => {
          const waitMs = request.wait ? startWaitMs : 0;
          const { quiet, anyway, all: ownOnly } = request;
          const status = await launch(tools, definition, { waitMs, quiet, anyway, ownOnly });
          return { kind: "started", status };
        },
      };
    },
  };
}

/** What a person left behind in a shell is theirs: it is ended only after a yes. */
async function questionOf(
  tools: ChangeTools,
  { name, backend }: Definition,
  request: FullStartRequest,
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
  const again = tools.caller.inWords("start", name, { flags: request, yes: true });
  return {
    text: `End them and start ${quote(name)}? ${reason} [y/N] `,
    reason,
    command: `${again}${request.notResumable === null ? "" : ", with its other flags"}`,
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
    `starting ${definition.name}`,
    () =>
      sessions.start(definition, {
        ...{ waitMs, anyway, ownOnly },
        ...(quiet ? {} : { say: tools.warn }),
      }),
  );
}
