/** Starts a container. Loaded on demand. */
import { fingerprintOf } from "../../logs/fingerprint.ts";
import type { Begun } from "../../logs/runs.ts";
import { whereIs } from "../../logs/where.ts";
import { LEADS } from "./leads.ts";
import type { ContainerDefinition, SessionStatus } from "../../model.ts";
import type { EngineCall, Session, StartOptions } from "../backend.ts";
import { runContainer } from "./args.ts";
import {
  askByName,
  askOne,
  type Context,
  isCutOff,
  RuntimeUnavailableError,
  withKnown,
} from "./ask.ts";
import type { Client } from "./clients.ts";
import { create, refuseStranger } from "./create.ts";
import type { Container } from "./parse.ts";
import { clientFor, makeLogDirectory, prepare } from "./prepare.ts";
import { proveStarted, startedStatus } from "./prove.ts";

/** Starts a session: see `Runner.start`. */
export async function start(
  context: Context,
  definition: ContainerDefinition,
  options: StartOptions,
): Promise<SessionStatus> {
  const { world } = context;
  const client = await prepare(context, definition);
  await makeLogDirectory(world, definition);
  const runId = world.randomId();
  const calledAt = world.now();
  const recordBegin = async (at: Date, uncertain: Pick<Begun, "isUncertain"> = {}) =>
    await context.logs.record(definition.name, {
      ...uncertain,
      event: "begun",
      run: runId,
      at,
      backend: "container",
      engine: client.runtime,
      where: whereIs(LEADS[client.runtime], world),
      socketName: null,
      image: definition.image,
      workingDir: definition.workingDir,
      definition: await fingerprintOf(definition),
      owner: definition.owner,
      ...(options.atBoot ? { atBoot: true } : {}),
      ending: null,
    });
  const say = options.say ?? (() => {});
  let id: string;
  try {
    id = await create(context, client, { definition, runId, say });
  } catch (error) {
    // It may run: no second one is started elsewhere until the runtime can be asked.
    if (isCutOff(error)) await recordBegin(calledAt, { isUncertain: true });
    throw error;
  }
  await recordBegin(await beginOf(context, client, { id, calledAt }));
  if (options.waitMs === 0) return startedStatus(definition, client, id);
  return await withKnown(
    client,
    {
      name: definition.name,
      known: `it has made the container ${id.slice(0, 12)}, and whether that runs is not known`,
    },
    proveStarted(context, client, { definition, runId, id, waitMs: options.waitMs }),
  );
}

/**
 * When a program began, by the clock of its runtime, which also tells when it ended. For a program
 * that ends at once, podman takes the end from a clock that is some milliseconds behind.
 */
async function beginOf(
  context: Context,
  client: Client,
  { id, calledAt }: { readonly id: string; readonly calledAt: Date },
): Promise<Date> {
  try {
    const { details = null, finishedAt = null } = await askOne(context, client, id) ?? {};
    const startedAt = details?.startedAt ?? calledAt;
    return finishedAt !== null && finishedAt < startedAt ? finishedAt : startedAt;
  } catch (error) {
    // It runs all the same.
    if (error instanceof RuntimeUnavailableError) return calledAt;
    throw error;
  }
}

/** Checks what would make a start fail: see `Runner.check`. */
export async function check(
  context: Context,
  definition: ContainerDefinition,
  replaced: Session | null,
): Promise<void> {
  const { name } = definition;
  const client = await prepare(context, definition);
  // A runtime that is down fails here.
  const there = await askByName(context, client, name);
  if (there !== null && !isThat(client, there, replaced)) refuseStranger(client, there, name);
}

/** Whether a container is that session. */
export function isThat({ runtime }: Client, { id }: Container, session: Session | null): boolean {
  return session?.status.engine === runtime && session.status.id === id;
}

/** The call that a start would make: see `Runner.plan`. */
export async function plan(
  { world }: Context,
  definition: ContainerDefinition,
): Promise<EngineCall> {
  const client = await clientFor(world, definition);
  const { argv, env, stdin } = runContainer(client, { definition, runId: "RUN_ID", init: true });
  return { argv, stdin: stdin ?? null, env: Object.keys(env) };
}
