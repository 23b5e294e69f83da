/** Creates a container, gets its image, and replaces an ended container. Loaded on demand. */
import { escapeControls, quote, SessionExistsError } from "../../errors.ts";
import type { ContainerDefinition } from "../../model.ts";
import { type Call, pullImage, removeContainers, RUN_LABEL, runContainer } from "./args.ts";
import {
  answerOf,
  askByName,
  type Context,
  startError,
  troubleOf,
  unavailable,
  withKnown,
} from "./ask.ts";
import type { Client } from "./clients.ts";
import { parseFailure } from "./failure.ts";
import { isManaged } from "./labels.ts";
import type { Container } from "./parse.ts";
import { withPatience } from "./patience.ts";
import { saveAndRemove } from "./session.ts";
import { inTurn } from "./turns.ts";

/** What to create, and who hears about slow work. */
interface Creation {
  readonly definition: ContainerDefinition;
  readonly runId: string;
  readonly say: (text: string) => void;
}

/** How often to retry a start: over an ended container, a missing image, a missing init. */
const ATTEMPTS = 10;
const RETRY_MS = 100;

/** Runs the container, and returns its full id. */
export async function create(
  context: Context,
  client: Client,
  creation: Creation,
): Promise<string> {
  const { definition, runId } = creation;
  const { name } = definition;
  return await make(context, client, {
    ...creation,
    call: (init) => runContainer(client, { definition, runId, init }),
    clear: () => removeLeftover(context, client, { name, runId }),
    makeRoom: () => makeRoom(context, client, name),
    outcome: "nothing of it was left behind",
    known: "whether it has made the container is not known",
  });
}

/** How to create a container. */
interface Making extends Pick<Creation, "definition" | "say"> {
  /** @param init whether the runtime's small init should be its first process */
  readonly call: (init: boolean) => Call;
  /** Removes what a failed call may have created; missing: there is nothing to remove. */
  readonly clear?: () => Promise<void>;
  /** Removes what has its name; missing: nothing has it. */
  readonly makeRoom?: () => Promise<void>;
  /** The message when the runtime refuses it. */
  readonly outcome: string;
  /** What is known when the runtime falls silent. */
  readonly known: string;
}

/** Creates a container, gets a missing image, and returns the container's full id. */
export async function make(context: Context, client: Client, making: Making): Promise<string> {
  const { definition, makeRoom } = making;
  const { name } = definition;
  let init = true;
  let pulled = false;
  for (let attempt = 1;; attempt++) {
    const call = making.call(init);
    const answer = await withKnown(
      client,
      { name, known: making.known },
      inTurn(context.world, () => answerOf(context, client, call)),
    );
    const id = idIn(answer.stdout);
    if (answer.code === 0 && id !== null) return id;
    const failure = parseFailure(answer.stderr);
    await making.clear?.();
    if (attempt === ATTEMPTS) throw startError(name, failure.reason);
    if (failure.kind === "no_init" && init) {
      init = false;
    } else if (failure.kind === "name_taken" && makeRoom !== undefined) {
      await makeRoom();
    } else if (failure.kind === "no_image" && !pulled) {
      await pull(context, client, making);
      pulled = true;
    } else if (failure.kind === "not_running") {
      throw unavailable(client, failure);
    } else if (failure.kind === "no_registry") {
      throw startError(
        name,
        `${client.runtime} cannot get the image ${quote(definition.image)}: ${failure.reason}`,
        definition.runArgs.some((word) => /^--pull(=|$)/.test(word))
          ? "check the registry and the network, or leave out --pull in run_args"
          : "check the registry and the network",
      );
    } else {
      throw startError(name, failure.reason, hintFor(failure.reason, making));
    }
  }
}

function idIn(stdout: string): string | null {
  return stdout.match(/^[0-9a-f]{64}$/m)?.[0] ?? null;
}

/**
 * Judged by the message: podman has one exit code for a port in use and for a program that cannot
 * be executed.
 */
function hintFor(
  reason: string,
  { definition: { argv, image }, outcome }: Pick<Making, "definition" | "outcome">,
): string {
  return /\bexec(utable)?\b/.test(reason)
    ? `the program is looked for in the image ${image}: ${quote(argv?.[0] ?? "its own command")}`
    : outcome;
}

/** Removes what our failed start has created, and nothing else. */
async function removeLeftover(
  context: Context,
  client: Client,
  { name, runId }: { readonly name: string; readonly runId: string },
): Promise<void> {
  const left = await askByName(context, client, name);
  if (left === null || left.labels[RUN_LABEL] !== runId) return;
  await answerOf(context, client, removeContainers(client, left.id));
}

/** How long a container may be `created` because somebody is just starting it. */
const STARTING_MS = 60_000;

/**
 * Removes the ended container that has the name, if it is a managed one.
 *
 * @throws {SessionExistsError} `session_exists`
 */
async function makeRoom(context: Context, client: Client, name: string): Promise<void> {
  const { world } = context;
  const there = await askByName(context, client, name);
  if (there === null || there.state === "removing") {
    await world.sleep(RETRY_MS);
    return;
  }
  refuseStranger(client, there, name);
  const age = world.now().getTime() - (there.createdAt?.getTime() ?? 0);
  // The clock of another machine may be ahead of ours.
  const isStarting = there.state === "created" && Math.abs(age) < STARTING_MS;
  const isOver = ["exited", "stopped", "created", "dead"].includes(there.state);
  if (!isStarting && isOver && await saveAndRemove(context, client, there)) return;
  throw new SessionExistsError(name, whatItDoes(client, there, isStarting), {
    backend: "container",
    hint: `look at it with kstops status ${name}, or replace it with kstops restart ${name}`,
    details: { runtime: client.runtime, id: there.id },
  });
}

/**
 * Makes sure that the container with a name is the session of that name.
 *
 * @throws {SessionExistsError} `session_exists`
 */
export function refuseStranger(client: Client, there: Container, name: string): void {
  if (!isManaged(there)) throw foreign(client, there);
  if (there.name !== name) throw renamed(client, there, name);
}

function whatItDoes({ runtime }: Client, { state }: Container, isStarting: boolean): string {
  if (isStarting) return "it is being started just now";
  if (state === "paused") return "it is paused";
  if (state === "restarting") return `${runtime} keeps restarting it`;
  return "it is already running";
}

/** The name now belongs to the container of another session. */
function renamed(
  { runtime, program }: Client,
  { name: session, id }: Container,
  name: string,
): SessionExistsError {
  return new SessionExistsError(
    name,
    `${runtime} calls the session ${quote(session)} that way by now`,
    {
      backend: "container",
      hint: `rename that one back: ${program} rename ${name} ${session}`,
      details: { runtime, id },
    },
  );
}

function foreign({ runtime, program }: Client, { name, id }: Container): SessionExistsError {
  return new SessionExistsError(
    name,
    `a ${runtime} container of that name, not made by kstops, is there`,
    {
      backend: "container",
      hint: `choose another name, or remove it yourself: ${program} rm ${name}`,
      details: { runtime, id },
    },
  );
}

/** How long an image may take to come. */
const PULL_TIMEOUT_MS = 3_600_000;

async function pull(
  context: Context,
  client: Client,
  { definition: { name, image }, say }: Pick<Making, "definition" | "say">,
): Promise<void> {
  const { runtime } = client;
  say(`${name}: ${runtime} does not have the image ${image}, and gets it now`);
  let rest = "";
  const decoder = new TextDecoder();
  const onOutput = (bytes: Uint8Array): void => {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split(/\r?\n|\r/);
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") say(`  ${escapeControls(line)}`);
  };
  try {
    const { code, stderr } = await withPatience(
      context,
      client,
      (abort) =>
        context.world.exec(pullImage(client, image), {
          timeoutMs: PULL_TIMEOUT_MS,
          interruptible: true,
          abort,
          onOutput,
        }),
    );
    if (code === 0) return;
    throw startError(
      name,
      `${runtime} has no image ${quote(image)} and cannot get it: ${parseFailure(stderr).reason}`,
      "check its name and the network, or build it first",
    );
  } catch (error) {
    throw troubleOf(client, error);
  }
}
