/** What podman and docker have, once they were asked for their lists. */
import type { Place } from "../../model.ts";
import type { ExecResult } from "../../world.ts";
import type { Session, Survey } from "../backend.ts";
import { askAll, type Context, RuntimeUnavailableError } from "./ask.ts";
import type { Client } from "./clients.ts";
import { type Container, isManaged, isProtected, statusOfContainer } from "./parse.ts";

/** A client with its answer to `list`. */
export interface Asked {
  readonly client: Client;
  readonly answer: Promise<ExecResult>;
}

/**
 * What each runtime has, or why it does not say.
 *
 * @param name what only a closer look tells is wanted of the container of that name
 */
export async function surveyAll(
  context: Context,
  asked: readonly Asked[],
  name: string | undefined,
): Promise<Survey[]> {
  return withoutRepetition(await Promise.all(asked.map((each) => survey(context, each, name))));
}

async function survey(
  context: Context,
  { client, answer }: Asked,
  name: string | undefined,
): Promise<Survey> {
  const place: Place = { backend: "container", engine: client.runtime, socketName: null };
  try {
    const containers = await askAll(context, client, { answer, name });
    const sessions = await Promise.all(
      containers.map((container) => sessionAt(context, client, container)),
    );
    return { place, sessions, trouble: null };
  } catch (error) {
    if (!(error instanceof RuntimeUnavailableError)) throw error;
    const { kind, reason, hint } = error;
    const trouble = { kind, reason, missing: false, ...(hint === null ? {} : { hint }) };
    return { place, sessions: [], trouble };
  }
}

/** Both clients may speak to one and the same runtime: each container counts once. */
function withoutRepetition(surveys: readonly Survey[]): Survey[] {
  const seen = new Set<string | null>();
  return surveys.map((each) => ({
    ...each,
    sessions: each.sessions.filter(({ status: { id } }) => {
      if (seen.has(id)) return false;
      seen.add(id);
      return true;
    }),
  }));
}

/** A container with what can be done to it; most commands only look at it. */
async function sessionAt(
  context: Context,
  client: Client,
  container: Container,
): Promise<Session> {
  const work = () => import("./session.ts");
  const { name, id, finishedAt } = container;
  const kept = isManaged(container) && finishedAt !== null &&
    await context.logs.wasStopped(name, { id, at: finishedAt });
  return {
    status: statusOfContainer(container, { runtime: client.runtime, kept }),
    protected: isProtected(container),
    stop: async (options) => (await work()).stop(context, client, { container, options }),
    attach: async (options) => (await work()).attachTo(context, client, { container, options }),
    logs: async ({ lines }) => (await work()).logs(context, client, container, lines),
    definition: async () => (await work()).definitionOf(context, client, container),
  };
}
