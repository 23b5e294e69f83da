/** What can be done with one container. Loaded when it is done. */
import { SessionAttachError, SessionStopError } from "../../errors.ts";
import { type ContainerDefinition, type SessionStatus, STOP_SIGNALS } from "../../model.ts";
import { FileError, type World } from "../../world.ts";
import type { AttachEnd, AttachOptions, StopOptions } from "../backend.ts";
import {
  attachContainer,
  killContainer,
  removeContainer,
  stopContainer,
  unpauseContainer,
  watchContainer,
} from "./args.ts";
import { answerOf, askOne, type Context, WORK_TIMEOUT_MS } from "./ask.ts";
import { type Client, isRemote } from "./clients.ts";
import {
  type Container,
  isManaged,
  isProtected,
  parseFailure,
  recordOf,
  statusOfContainer,
} from "./parse.ts";
import { keepEnd, policyOf, recordStop } from "./record.ts";

/** Hands the terminal to a container that runs. */
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
      hint: `kstops logs ${name} shows what it printed, kstops start starts it again`,
    });
  }
  options.say(howToLeave(container, options));
  const argv = options.readOnly ? watchContainer(client, id) : attachContainer(client, id);
  // What a container without a terminal of its own writes to standard error is part of the show.
  await context.world.interact(argv, { showError: true }).ended;
  // The client's exit code is no answer: docker's is 1 after its keys, podman's always 0.
  const after = await askOne(context, client, id);
  if (after === null) return { kind: "ended", status: null };
  const status = statusOfContainer(after, { runtime: client.runtime, kept: false });
  return status.state === "running" ? { kind: "detached" } : { kind: "ended", status };
}

function howToLeave({ details }: Container, { readOnly }: AttachOptions): string {
  if (readOnly) return "Ctrl-c gives the terminal back, and the session goes on";
  // Keys are no keys then: the client reads lines.
  if (details?.tty === false) {
    return "it has no terminal of its own: Ctrl-c goes to it, and may end it (attach --read-only " +
      "gives the terminal back with Ctrl-c)";
  }
  return "Ctrl-p Ctrl-q gives the terminal back, and the session goes on";
}

function whyNot({ state, engineState, exitCode, signal }: SessionStatus): string {
  if (state !== "exited") return `it is ${engineState}`;
  return signal === null ? `it ended with exit code ${exitCode}` : `it ended by ${signal}`;
}

/** What a container was started from; null for a foreign one. */
export async function definitionOf(
  context: Context,
  client: Client,
  container: Container,
): Promise<ContainerDefinition | null> {
  const record = recordOf(container);
  if (record === null) return null;
  const details = container.details ?? (await askOne(context, client, container.id))?.details;
  const env = record.env.map((key): [string, string] => [key, details?.env[key] ?? ""]);
  return {
    backend: "container",
    name: container.name,
    image: record.image,
    argv: record.command,
    workingDir: record.working_dir,
    env: Object.fromEntries(env),
    volumes: record.volumes,
    logVolume: record.log_volume,
    ports: record.ports,
    runtime: client.runtime,
    network: record.network,
    user: record.user,
    restart: record.restart,
    runArgs: record.run_args,
    stopSignal: STOP_SIGNALS.find((signal) => signal === record.stop_signal) ?? null,
    stopTimeoutSeconds: record.stop_timeout,
    protected: isProtected(container),
    log: policyOf(record),
  };
}

/** Ends a container, and takes it away where kstops made it. */
export async function stop(
  context: Context,
  client: Client,
  { container, options }: { readonly container: Container; readonly options: StopOptions },
): Promise<SessionStatus> {
  // A question may have stood between looking it up and now.
  const before = await askOne(context, client, container.id);
  if (before === null) return stopped(context, client, container);
  const isAlive = hasProgram(before);
  const after = isAlive ? await end(context, client, { before, options }) : before;
  if (isManaged(container)) {
    if (options.keep) await keepEnd(context, client, after);
    else await saveAndRemove(context, client, after);
    // One that had ended by itself stays what it was, where it stays.
    if (isAlive || !options.keep) await recordStop(context, after, { hadEnded: !isAlive });
  }
  return stopped(context, client, after);
}

function hasProgram({ state }: Container): boolean {
  return !["exited", "created", "configured", "dead"].includes(state);
}

const STOP_ATTEMPTS = 10;

async function end(
  context: Context,
  client: Client,
  { before, options }: { readonly before: Container; readonly options: StopOptions },
): Promise<Container> {
  const { id, name, state, pid } = before;
  const seconds = options.force
    ? 0
    : options.timeoutSeconds ?? recordOf(before)?.stop_timeout ?? 10;
  if (options.force && client.runtime === "docker") {
    // Its stop sends the stop signal also where no time is left for it. The stop that follows finds
    // nobody to ask; podman's asks nobody then.
    await answerOf(context, client, killContainer(client, id), WORK_TIMEOUT_MS);
  } else if (state === "paused") {
    // podman does not stop what is paused.
    await answerOf(context, client, unpauseContainer(client, id));
  }
  for (let attempt = 1;; attempt++) {
    const answer = await answerOf(
      context,
      client,
      stopContainer(client, id, seconds),
      seconds * 1000 + WORK_TIMEOUT_MS,
    );
    const after = await askOne(context, client, id);
    // Somebody else removed it meanwhile, or it was started with --rm.
    if (after === null) return { ...before, state: "exited", pid: null };
    if (after.pid === null && !hasProgram(after)) return after;
    if (await isForgotten(context, client, after)) {
      const finishedAt = after.finishedAt ?? context.world.now();
      return { ...after, state: "exited", pid: null, exitCode: null, finishedAt };
    }
    // podman says that it is done also where the restart policy has just started it again, and
    // stumbles where that happens in the middle.
    const isRestarted = answer.code === 0 || /container state improper/.test(answer.stderr);
    if (isRestarted && attempt < STOP_ATTEMPTS) continue;
    const reason = answer.code === 0 ? "it is still running" : parseFailure(answer.stderr).reason;
    throw new SessionStopError(name, `${reason} (${client.runtime}, pid ${after.pid ?? pid})`, {
      backend: "container",
      hint: `try it by hand: ${client.program} rm -f ${name}`,
      details: { pids: [after.pid ?? pid].filter((each) => each !== null) },
    });
  }
}

/**
 * Whether a program has ended that podman goes on waiting for, or has given up: the one that was to
 * tell how it ended (conmon) was killed.
 */
async function isForgotten(
  { world }: Context,
  client: Client,
  { state, pid }: Container,
): Promise<boolean> {
  if (client.dialect !== "podman" || pid === null) return false;
  if (state !== "stopping" && state !== "stopped") return false;
  // On another machine, or in its virtual one, the pid says nothing.
  if (world.operatingSystem !== "linux" || await isRemote(world, client)) return false;
  return await isZombie(world, pid) || !await world.processes.alive(pid);
}

/** Whether a process has ended, and nobody has asked how (proc(5): the state follows the name). */
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
 * Takes an ended container away, after its output was kept, where it can be read; volumes stay.
 *
 * @returns whether it is gone: not when it runs again
 */
export async function saveAndRemove(
  context: Context,
  client: Client,
  container: Container,
): Promise<boolean> {
  const { id, name } = container;
  await keepEnd(context, client, container);
  const answer = await answerOf(context, client, removeContainer(client, id), WORK_TIMEOUT_MS);
  if (answer.code === 0) return true;
  let left = await askOne(context, client, id);
  // Somebody else removes it at this moment.
  for (let round = 0; round < 100 && left?.state === "removing"; round++) {
    await context.world.sleep(REMOVAL_POLL_MS);
    left = await askOne(context, client, id);
  }
  if (left === null) return true;
  if (left.pid !== null) return false;
  throw new SessionStopError(
    name,
    `it has ended, but ${client.runtime} cannot remove it: ${parseFailure(answer.stderr).reason}`,
    { backend: "container", hint: `try it by hand: ${client.program} rm -f ${name}` },
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
