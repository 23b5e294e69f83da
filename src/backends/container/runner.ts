/** The container backend: containers of podman and docker. */
import { wasStopped } from "../../logs/runs.ts";
import type { ContainerDefinition, Definition, Place, Runtime } from "../../model.ts";
import type { World } from "../../world.ts";
import type { Runner, Session, Survey } from "../backend.ts";
import { RUN_LABEL } from "./args.ts";
import { askAll, type ContainerSettings, type Context, RuntimeUnavailableError } from "./ask.ts";
import { type Client, findClients, installHint } from "./clients.ts";
import { type Container, isManaged, isProtected, statusOfContainer } from "./parse.ts";

/** The container backend. */
export function containerRunner(world: World, settings: ContainerSettings): Runner {
  const context: Context = { world, ...settings };
  return {
    backend: "container",
    survey: async (where) => {
      // A socket is tmux's own.
      if (where.socketName !== undefined) return [];
      const clients = (await findClients(world)).filter(({ runtime }) =>
        where.runtime === undefined || runtime === where.runtime
      );
      if (clients.length === 0) return [missing(world, where.runtime)];
      return withoutRepetition(
        await Promise.all(clients.map((client) => survey(context, client, where.name))),
      );
    },
    check: async (definition) => {
      const { check } = await import("./start.ts");
      await check(context, containerOnly(definition));
    },
    plan: async (definition) => {
      const { plan } = await import("./start.ts");
      return await plan(context, containerOnly(definition));
    },
    start: async (definition, options) => {
      const { start } = await import("./start.ts");
      return await start(context, containerOnly(definition), options);
    },
  };
}

function containerOnly(definition: Definition): ContainerDefinition {
  if (definition.backend === "container") return definition;
  throw new TypeError("the container backend was given the definition of a tmux session");
}

function placeOf(engine: Runtime): Place {
  return { backend: "container", engine, socketName: null };
}

function missing(world: World, asked: Runtime | undefined): Survey {
  return {
    place: placeOf(asked ?? "podman"),
    sessions: [],
    trouble: {
      kind: "not_running",
      missing: true,
      reason: asked === undefined
        ? "neither podman nor docker is installed"
        : `${asked} is not installed`,
      hint: installHint(world),
    },
  };
}

async function survey(
  context: Context,
  client: Client,
  name: string | undefined,
): Promise<Survey> {
  const place = placeOf(client.runtime);
  try {
    const containers = await askAll(context, client, name);
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
  const { name, finishedAt } = container;
  const run = container.labels[RUN_LABEL] ?? null;
  const kept = run !== null && isManaged(container) && finishedAt !== null &&
    wasStopped(await context.logs.runs(name), { run, at: finishedAt });
  return {
    status: statusOfContainer(container, { runtime: client.runtime, kept }),
    protected: isProtected(container),
    stop: async (options) => (await work()).stop(context, client, { container, options }),
    attach: async (options) => (await work()).attachTo(context, client, { container, options }),
    run: isManaged(container) ? run : null,
    recorded: false,
    logs: async (options) => (await work()).logs(context, client, { container, options }),
    follow: async function* (options, abort) {
      yield* (await work()).follow(context, client, { container, options, abort });
    },
    definition: async () => (await work()).definitionOf(context, client, container),
  };
}
