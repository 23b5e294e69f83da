/** Turns the lists of podman and docker into surveys. */
import { wasStopped } from "../../logs/runs.ts";
import type { Place } from "../../model/place.ts";
import type { RestartOptions, Session, Survey } from "../backend.ts";
import { RUN_LABEL } from "./args.ts";
import { askAll, type Context, RuntimeUnavailableError, unreadable, withKnown } from "./ask.ts";
import type { Client } from "./clients.ts";
import type { Listed } from "./list.ts";
import { isManaged, isProtected } from "./labels.ts";
import type { Container } from "./parse.ts";
import { executionsIn, statusOfContainer } from "./status.ts";
import { isTrial } from "./trial.ts";

/** A client with its answer to `list`. */
interface Asked {
  readonly client: Client;
  readonly answer: Promise<Listed>;
}

/**
 * What each runtime has, or why it does not tell.
 *
 * @param names a closer look is wanted at the containers with these names
 */
export async function surveyAll(
  context: Context,
  asked: readonly Asked[],
  names: readonly string[],
): Promise<Survey[]> {
  return withoutRepetition(await Promise.all(asked.map((each) => survey(context, each, names))));
}

async function survey(
  context: Context,
  { client, answer }: Asked,
  names: readonly string[],
): Promise<Survey> {
  const place: Place = {
    host: null,
    backend: "container",
    engine: client.runtime,
    scope: null,
  };
  try {
    const all = await askAll(context, client, { answer, names });
    const containers = all.filter((container) => !isTrial(container));
    const sessions = await Promise.all(
      containers.map((container) => sessionAt(context, client, container)),
    );
    return { place, sessions, trouble: null };
  } catch (error) {
    if (!(error instanceof RuntimeUnavailableError)) throw error;
    const { kind, reason, hint, isCut } = error;
    const trouble = {
      kind,
      reason,
      missing: false,
      isSilent: isCut,
      ...(hint === null ? {} : { hint }),
    };
    return { place, sessions: [], trouble };
  }
}

/** Both clients may speak to the same runtime: each container counts once. */
function withoutRepetition(surveys: readonly Survey[]): Survey[] {
  const seen = new Set<string>();
  return surveys.map((each) => ({
    ...each,
    sessions: each.sessions.filter(({ status: { id } }) => {
      // Its id cannot be read, so it may be any.
      if (id === null) return true;
      if (seen.has(id)) return false;
      seen.add(id);
      return true;
    }),
  }));
}

/** A container with the actions on it; most commands only look at it. */
async function sessionAt(
  context: Context,
  client: Client,
  container: Container,
): Promise<Session> {
  if (container.id === "") return untouchable(client, container);
  // Every command that names it also trims its log.
  if (container.details?.logPath && client.runtime === "podman") {
    await (await import("./podman_log.ts")).keepInBounds(context.world, container);
  }
  const work = () => import("./session.ts");
  const output = () => import("./logs.ts");
  const foreign = () => import("./foreign.ts");
  const { name, finishedAt, details } = container;
  const run = isManaged(container) ? container.labels[RUN_LABEL] ?? null : null;
  const kept = run !== null && finishedAt !== null &&
    wasStopped(await context.logs.runs(name), { run, at: finishedAt });
  return {
    status: statusOfContainer(container, { runtime: client.runtime, kept }),
    protected: isProtected(container),
    stop: async (options) =>
      await withKnown(
        client,
        { name, known: "whether the session has ended is not known" },
        (await work()).stop(context, client, { container, options }),
      ),
    attach: async (options) => (await work()).attachTo(context, client, { container, options }),
    signal: async (options) =>
      await (await import("./signal.ts")).signal(context, client, { container, options }),
    run,
    ...(details === null ? {} : { executions: executionsIn(container, details) }),
    recorded: false,
    renamed: container.engineName !== undefined,
    logs: async (options) => (await output()).logs(context, client, { container, options }),
    follow: async function* (options, abort) {
      const { follow } = await import("./follow.ts");
      yield* follow(context, client, { container, options, abort });
    },
    exec: async (argv) => {
      const { exec } = await import("./exec.ts");
      return await exec(context, client, { container, argv });
    },
    usage: async () => {
      const { usage } = await import("./usage.ts");
      return await usage(context, client, container);
    },
    probe: async (argv, { timeoutMs }) => {
      const { probe } = await import("./probe.ts");
      return await probe(context, client, { container, argv, timeoutMs });
    },
    definition: async (options) =>
      (await work()).definitionOf(context, client, { container, ...options }),
    altered: async () => {
      const { alteredIn } = await import("./altered.ts");
      return await alteredIn(context, client, container);
    },
    isThere: async () => (await foreign()).isThere(context, client, container),
    ...(isManaged(container) ? {} : {
      restart: async (options: RestartOptions) =>
        await withKnown(
          client,
          { name, known: "whether the session was restarted is not known" },
          (await foreign()).restartAsItIs(context, client, { container, options }),
        ),
    }),
    leftovers: () => Promise.resolve(null),
    hidesProgram: false,
  };
}

/** A container whose id cannot be read: nothing can be done to it. */
function untouchable(client: Client, container: Container): Session {
  const refuse = () => Promise.reject(unreadable(client, container.unread?.reason ?? ""));
  return {
    status: statusOfContainer(container, { runtime: client.runtime, kept: false }),
    protected: false,
    stop: refuse,
    attach: refuse,
    run: null,
    recorded: false,
    logs: refuse,
    // deno-lint-ignore require-yield -- it fails before there is anything to give
    follow: async function* () {
      await refuse();
    },
    definition: refuse,
    leftovers: () => Promise.resolve(null),
    hidesProgram: false,
  };
}
