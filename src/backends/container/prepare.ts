/** Checks what must be right before a container is made. Loaded on demand. */
import { ContainerRuntimeNotFoundError, quote, SessionConfigError } from "../../errors.ts";
import type { ContainerDefinition } from "../../model.ts";
import { oddFlags } from "../../validate/run_args.ts";
import { FileError, type World } from "../../world/world.ts";
import { isOfTheClient } from "./args.ts";
import { type Context, startError } from "./ask.ts";
import { type Client, findClients, installHint, isRemote } from "./clients.ts";

/** Checks the definition itself, and finds the client that a start would call. */
export async function prepare(context: Context, definition: ContainerDefinition): Promise<Client> {
  const { world } = context;
  const client = await clientFor(world, definition);
  checkName(client, definition);
  checkVariables(definition);
  checkRunArgs(definition);
  if (!await isRemote(world, client)) await checkSources(world, definition);
  return client;
}

/**
 * The client that a start would call.
 *
 * @throws {ContainerRuntimeNotFoundError} `backend_not_found`
 */
export async function clientFor(
  world: World,
  { name, runtime }: ContainerDefinition,
): Promise<Client> {
  const clients = await findClients(world);
  const client = runtime === null
    ? clients[0]
    : clients.find((each) => each.runtime === runtime || each.program === runtime);
  if (client !== undefined) return client;
  const reason = runtime === null
    ? "neither podman nor docker is installed"
    : `${runtime} is not installed`;
  throw new ContainerRuntimeNotFoundError(`Cannot start ${quote(name)}: ${reason}`, {
    hint: installHint(world),
    details: { runtime },
  });
}

/** docker refuses shorter names (20.10 names.go); podman does not. */
function checkName({ runtime }: Client, { name }: ContainerDefinition): void {
  if (runtime === "podman" || name.length > 1) return;
  throw new SessionConfigError(`Cannot use ${quote(name)} as the name of a docker container`, {
    hint: "give it at least two characters",
  });
}

/** These come line by line in a file, which has no quoting. */
function checkVariables({ env }: ContainerDefinition): void {
  const [key] =
    Object.entries(env).find(([key, value]) => isOfTheClient(key) && /[\n\r]/.test(value)) ?? [];
  if (key === undefined) return;
  throw new SessionConfigError(
    `Cannot give the variable ${quote(key)} to a container: its value has a newline`,
    { hint: "a name that podman and docker do not go by themselves may have one" },
  );
}

/** Another name, or a label of kstops itself, would make it another session. */
function checkRunArgs({ runArgs, restart }: ContainerDefinition): void {
  // Both runtimes refuse that, podman only when it starts the container (4.3).
  const removesItself = runArgs.some((word) => word === "--rm" || word === "--rm=true");
  if (removesItself && restart !== null && restart !== "no") {
    throw new SessionConfigError(
      `Cannot give "--rm" to a container: its restart policy is ${quote(restart)}`,
      { hint: "leave it out of run_args: kstops stop removes it" },
    );
  }
  const refused = oddFlags(runArgs).find(({ isRefused }) => isRefused);
  if (refused === undefined) return;
  const { flag, problem, hint } = refused;
  throw new SessionConfigError(`Cannot give ${quote(flag)} to a container: ${problem}`, { hint });
}

/**
 * docker creates a missing directory, for root alone, and podman refuses: kstops takes it for a
 * typo in both.
 */
async function checkSources(world: World, { volumes }: ContainerDefinition): Promise<void> {
  for (const volume of volumes) {
    const source = sourceOf(volume);
    if (source === null || await world.files.facts(source) !== null) continue;
    throw new SessionConfigError(`Cannot mount ${quote(source)}: there is no such file`, {
      hint: `create it, or correct the volume: ${volume}`,
      details: { volume },
    });
  }
}

/** The path on this machine that a volume means; null when the runtime keeps the volume. */
function sourceOf(volume: string): string | null {
  const [source = "", target] = volume.split(":");
  return target !== undefined && source.startsWith("/") ? source : null;
}

/** Creates a missing directory for the log volume. */
export async function makeLogDirectory(
  world: World,
  { name, logVolume }: ContainerDefinition,
): Promise<void> {
  const source = logVolume === null ? null : sourceOf(logVolume);
  if (source === null || await world.files.facts(source) !== null) return;
  try {
    await world.files.makeDirectory(source);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    throw startError(name, `its log directory cannot be made: ${error.message}`);
  }
}
