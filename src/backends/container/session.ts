/** The actions on one container. Loaded on demand. */
import { SessionAttachError, SessionStopError } from "../../errors.ts";
import type { ContainerDefinition, SessionStatus } from "../../model.ts";
import { type ExecResult, FileError, type World } from "../../world/world.ts";
import type { AttachEnd, AttachOptions, DefinitionOptions, StopOptions } from "../backend.ts";
import {
  attachContainer,
  endAndRemove,
  endRestartPolicies,
  killContainers,
  removeContainers,
  stopContainers,
  unpauseContainer,
  watchContainer,
} from "./args.ts";
import { answerOf, askOne, type Context, WORK_TIMEOUT_MS } from "./ask.ts";
import { type Client, isRemote } from "./clients.ts";
import { parseFailure } from "./failure.ts";
import { imageIdOf } from "./image_id.ts";
import { isManaged, isProtected, recordOf } from "./labels.ts";
import { disowned } from "./origin.ts";
import type { Container } from "./parse.ts";
import { statusOfContainer } from "./status.ts";
import { keepEnd, recordStop } from "./record.ts";
import { actTogether, hasProgram, stopTogether } from "./together.ts";

/** Hands the terminal to a running container. */
export async function attachTo(
  context: Context,
  client: Client,
  { container, options }: { readonly container: Container; readonly options: AttachOptions },
): Promise<AttachEnd> {
  const { name, id } = container;
  const before = statusOfContainer(container, { runtime: client.runtime, kept: false });
  if (before.state !== "running") {
    throw new SessionAttachError(name, whyNot(before), {
      backend: "container",
      hint: isManaged(container)
        ? `kstops logs ${name} shows what it printed, kstops start starts it again`
        : `kstops logs ${name} shows what it printed, kstops restart ${name} starts it again`,
    });
  }
  options.say(howToLeave(container, options));
  const argv = options.readOnly ? watchContainer(client, id) : attachContainer(client, id);
  // Without a terminal of its own, the container's standard error belongs to its output.
  await context.world.interact(argv, { showError: true }).ended;
  // The client's exit code tells nothing: docker's is 1 after its keys, podman's always 0.
  const after = await askOne(context, client, id);
  if (after === null) return { kind: "ended", status: null };
  const status = statusOfContainer(after, { runtime: client.runtime, kept: false });
  return status.state === "running" ? { kind: "detached" } : { kind: "ended", status };
}

function howToLeave({ details }: Container, { readOnly }: AttachOptions): string {
  if (readOnly) return "Ctrl-c gives the terminal back, and the session goes on";
  // Keys have no meaning then: the client reads lines.
  if (details?.tty === false) {
    return "it has no terminal of its own: Ctrl-c goes to it, and may end it (attach --read-only " +
      "gives the terminal back with Ctrl-c)";
  }
  return "Ctrl-p Ctrl-q gives the terminal back, and the session goes on";
}

function whyNot({ state, engineState, exitCode, signal }: SessionStatus): string {
  if (state !== "exited") return `it is ${engineState ?? state}`;
  return signal === null ? `it ended with exit code ${exitCode}` : `it ended by ${signal}`;
}

/** The definition that a container was started from; null for a foreign one. */
export async function definitionOf(
  context: Context,
  client: Client,
  { container, asItRan = false }: DefinitionOptions & { readonly container: Container },
): Promise<ContainerDefinition | null> {
  const record = recordOf(container);
  if (record === null) return null;
  const details = container.details ?? (await askOne(context, client, container.id))?.details;
  const { envNames, facts: _, ...rest } = record;
  return {
    ...rest,
    backend: "container",
    name: container.name,
    runtime: client.runtime,
    image: asItRan
      ? await imageOf(context, client, { container, name: record.image })
      : record.image,
    env: Object.fromEntries(envNames.map((key) => [key, details?.env[key] ?? ""])),
    protected: isProtected(container),
  };
}

/** The image of a container: the requested name, unless it now means another image. */
async function imageOf(
  context: Context,
  client: Client,
  { container: { imageId }, name }: { readonly container: Container; readonly name: string },
): Promise<string> {
  if (imageId === null) return name;
  return await imageIdOf(context, client, name) === imageId ? name : imageId;
}

/** Ends a container, and removes it if kstops made it. */
export async function stop(
  context: Context,
  client: Client,
  { container, options }: { readonly container: Container; readonly options: StopOptions },
): Promise<SessionStatus> {
  // A question to the user may have come between the look-up and now.
  const now = await askOne(context, client, container.id);
  if (now === null) return stopped(context, client, container);
  // Only a survey shows that one is a copy.
  const before = isManaged(container) ? now : disowned(now);
  if (!isManaged(container)) {
    const mayRestart = restartsItself(before);
    const after = hasProgram(before)
      ? await end(context, client, { before, options, mayRestart, stays: true })
      : before;
    return stopped(context, client, after);
  }
  // A container that stays would return with its daemon. podman 4 cannot remove its policy: there
  // the container is stopped until it stays down.
  const mayRestart = restartsItself(before) && !await endPolicy(context, client, before);
  const { after, hadEnded } = options.keep
    ? await endAndKeep(context, client, { before, options, mayRestart })
    : await endAndTakeAway(context, client, { before, options, mayRestart });
  // A container that had ended by itself and stays keeps its end.
  if (!hadEnded || !options.keep) await recordStop(context, after, { ...options, hadEnded });
  return stopped(context, client, after);
}

/** Removes the restart policy of a container, if the runtime can. */
async function endPolicy(context: Context, client: Client, { id }: Container): Promise<boolean> {
  const { code } = client.dialect === "docker"
    ? await actTogether(context, client, {
      id,
      argvFor: (ids) => endRestartPolicies(client, ...ids),
    })
    : await answerOf(context, client, endRestartPolicies(client, id));
  return code === 0;
}

/** How a container ended, and whether it had ended before anybody asked. */
interface Down {
  readonly after: Container;
  readonly hadEnded: boolean;
}

interface Ending {
  readonly before: Container;
  readonly options: StopOptions;
  /** Whether its restart policy may start it again. */
  readonly mayRestart: boolean;
}

async function endAndKeep(
  context: Context,
  client: Client,
  { before, ...how }: Ending,
): Promise<Down> {
  const hadEnded = !hasProgram(before);
  const after = hadEnded ? before : await end(context, client, { ...how, before, stays: true });
  await keepEnd(context, client, after);
  return { after, hadEnded };
}

/** How often to end and remove it in two steps, so that all its output is kept. */
const GENTLE_ATTEMPTS = 5;

/** Only its removal proves that its restart policy does not start it again. */
async function endAndTakeAway(
  context: Context,
  client: Client,
  { before, ...how }: Ending,
): Promise<Down> {
  let hadEnded = true;
  let now: Container | null = before;
  let after = before;
  for (let attempt = 1; now !== null; attempt++) {
    after = now;
    if (hasProgram(now)) {
      hadEnded = false;
      after = await end(context, client, { ...how, before: now, stays: false });
    }
    const seconds = attempt < GENTLE_ATTEMPTS ? null : graceOf(now, how.options);
    if (await saveAndRemove(context, client, after, seconds)) break;
    now = await askOne(context, client, before.id);
  }
  return { after, hadEnded };
}

/** Whether a restart policy has started it again since the last look. */
function hasRunSince(before: Container, now: Container): boolean {
  const startOf = ({ details }: Container) => details?.startedAt?.getTime();
  return now.pid !== null || startOf(now) !== startOf(before) ||
    now.finishedAt?.getTime() !== before.finishedAt?.getTime();
}

function restartsItself({ details }: Container): boolean {
  const policy = details?.restartPolicy ?? "no";
  return policy !== "no";
}

function graceOf(container: Container, { force, timeoutSeconds }: StopOptions): number {
  return force ? 0 : timeoutSeconds ?? recordOf(container)?.stopTimeoutSeconds ?? 10;
}

const STOP_ATTEMPTS = 10;
/** How long podman takes between the end of a program and the reaction of its restart policy. */
const SETTLING_MS = 100;

/**
 * Ends the program of a container.
 *
 * @returns the container without it; unless it stays, its restart policy may start it again
 */
async function end(
  context: Context,
  client: Client,
  { before, options, mayRestart, stays }: Ending & { readonly stays: boolean },
): Promise<Container> {
  const { id, name, state, pid } = before;
  const seconds = graceOf(before, options);
  if (options.force && client.runtime === "docker") {
    // docker's stop sends the stop signal even when it has no time. The stop after this finds no
    // program to ask; podman's then asks none.
    await actTogether(context, client, {
      id,
      argvFor: (ids) => killContainers(client, ...ids),
    });
  } else if (state === "paused") {
    // podman does not stop a paused container.
    await answerOf(context, client, unpauseContainer(client, id));
  }
  for (let attempt = 1;; attempt++) {
    const answer = mayRestart
      // Only a client of its own tells when it is done with a container that comes and goes.
      ? await answerOf(
        context,
        client,
        stopContainers(client, [id], seconds),
        seconds * 1000 + WORK_TIMEOUT_MS,
      )
      : await stopTogether(context, client, { id, seconds });
    const after = await askOne(context, client, id);
    // Somebody else removed it meanwhile, or it was started with --rm.
    if (after === null) return { ...before, state: "exited", pid: null };
    if (after.pid === null && !hasProgram(after)) return after;
    // podman: it has ended, but its restart policy has yet to act. Removing it prevents that.
    if (!stays && after.pid === null && after.state === "stopped") return after;
    if (await isForgotten(context, client, after)) {
      const finishedAt = after.finishedAt ?? context.world.now();
      return { ...after, state: "exited", pid: null, exitCode: null, finishedAt };
    }
    // podman reports success even when the restart policy has just started it again, and fails when
    // that happens in the middle.
    const isRestarted = answer.code === 0 || /container state improper/.test(answer.stderr);
    if (isRestarted && attempt < STOP_ATTEMPTS) {
      await context.world.sleep(SETTLING_MS);
      continue;
    }
    throw new SessionStopError(name, whyNotStopped(client, { before, after, answer }), {
      backend: "container",
      hint: byHand(client, before),
      details: { pids: [after.pid ?? pid].filter((each) => each !== null) },
    });
  }
}

function byHand({ program }: Client, { name, engineName }: Container): string {
  return `try it by hand: ${program} rm -f ${engineName ?? name}`;
}

function whyNotStopped(
  { runtime }: Client,
  { before, after, answer }: {
    readonly before: Container;
    readonly after: Container;
    readonly answer: ExecResult;
  },
): string {
  if (answer.code === 0 && restartsItself(after)) {
    return `${runtime} starts it again and again (restart: ${after.details?.restartPolicy})`;
  }
  const reason = answer.code === 0 ? "it is still running" : parseFailure(answer.stderr).reason;
  return `${reason} (${runtime}, pid ${after.pid ?? before.pid})`;
}

/**
 * Whether a program has ended that podman still waits for, or has given up: the process that should
 * report its end (conmon) was killed.
 */
async function isForgotten(
  { world }: Context,
  client: Client,
  { state, pid }: Container,
): Promise<boolean> {
  if (client.dialect !== "podman" || pid === null) return false;
  if (state !== "stopping" && state !== "stopped") return false;
  // On another machine, real or virtual, the pid means nothing here.
  if (world.operatingSystem !== "linux" || await isRemote(world, client)) return false;
  return await isZombie(world, pid) || !await world.processes.alive(pid);
}

/**
 * Whether a process has ended, and nobody has collected its status (proc(5): the state follows the
 * name).
 */
async function isZombie({ files }: World, pid: number): Promise<boolean> {
  try {
    return /\) [ZX] [^)]*$/.test(await files.readText(`/proc/${pid}/stat`));
  } catch (error) {
    if (error instanceof FileError) return false;
    throw error;
  }
}

const REMOVAL_POLL_MS = 100;

/**
 * Removes an ended container, after keeping its output if that is readable; volumes stay.
 *
 * @param seconds how long it gets to end if it runs again; null: it is then left alone
 * @returns whether it is gone: not if it runs again
 */
export async function saveAndRemove(
  context: Context,
  client: Client,
  container: Container,
  seconds: number | null = null,
): Promise<boolean> {
  const { id, name } = container;
  await keepEnd(context, client, container);
  if (seconds === null && restartsItself(container)) {
    // The kept output must belong to the execution whose end was kept, and not also to the next
    // one.
    const now = await askOne(context, client, id);
    if (now === null) return true;
    if (hasRunSince(container, now)) return false;
  }
  const answer = seconds === null
    ? await actTogether(context, client, {
      id,
      argvFor: (ids) => removeContainers(client, ...ids),
    })
    : await answerOf(
      context,
      client,
      endAndRemove(client, id, seconds),
      seconds * 1000 + WORK_TIMEOUT_MS,
    );
  if (answer.code === 0) return true;
  let left = await askOne(context, client, id);
  // Somebody else is just removing it.
  for (let round = 0; round < 100 && left?.state === "removing"; round++) {
    await context.world.sleep(REMOVAL_POLL_MS);
    left = await askOne(context, client, id);
  }
  if (left === null) return true;
  if (seconds === null && hasProgram(left)) return false;
  throw new SessionStopError(
    name,
    `it has ended, but ${client.runtime} cannot remove it: ${parseFailure(answer.stderr).reason}`,
    { backend: "container", hint: byHand(client, container) },
  );
}

function stopped(
  { world }: Context,
  { runtime }: Client,
  container: Container,
): SessionStatus {
  const status = statusOfContainer(container, { runtime, kept: true });
  return {
    ...status,
    state: "stopped",
    pid: null,
    finishedAt: status.finishedAt ?? world.now(),
  };
}
