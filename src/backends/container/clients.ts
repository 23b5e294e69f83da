/** Finds the container runtimes of this machine, and the programs that speak to them. */
import { type Runtime, RUNTIMES } from "../../model.ts";
import { DEFAULT_PATH, FileError, type World } from "../../world/world.ts";
import { findProgram } from "../program.ts";

/** A program that speaks to a container runtime. */
export interface Client {
  /** The runtime whose containers it works on. */
  readonly runtime: Runtime;
  /** The runtime whose command line it has: docker's can be led to podman's containers. */
  readonly dialect: Runtime;
  /** The program to call. */
  readonly program: string;
}

/**
 * The clients on PATH, preferred one first, and each runtime once. A `docker` that is podman in
 * disguise, or that is led to podman's socket, counts only when there is no podman.
 */
export async function findClients(world: World): Promise<readonly Client[]> {
  const found = await Promise.all(RUNTIMES.map((program) => findClient(world, program)));
  const clients = found.flatMap((each) => each === null ? [] : [each.client]);
  return clients.filter((client, index) =>
    clients.findIndex(({ runtime }) => runtime === client.runtime) === index
  );
}

/** The client of that name on PATH, and its file; null: there is none. */
export async function findClient(
  world: World,
  program: Runtime,
): Promise<{ readonly client: Client; readonly path: string } | null> {
  const path = world.env("PATH") ?? DEFAULT_PATH;
  const found = await findProgram(world, { program, path, workingDir: "/" });
  if (found.kind === "missing") return null;
  const dialect = program === "docker" && await isPodmanInDisguise(world, found.path)
    ? "podman"
    : program;
  const isLedToPodman = dialect === "docker" &&
    /podman[^/]*\.sock/.test(world.env("DOCKER_HOST") ?? "");
  const runtime = isLedToPodman ? "podman" : dialect;
  return { client: { runtime, dialect, program }, path: found.path };
}

/** The script that Debian and Fedora install as `docker` has 200 bytes; the real program has 30 MB. */
const MOST_SCRIPT_BYTES = 10_000;

async function isPodmanInDisguise(world: World, docker: string): Promise<boolean> {
  const { files } = world;
  try {
    if ((await files.realPath(docker)).split("/").at(-1) === "podman") return true;
    const facts = await files.facts(docker);
    if (facts === null || facts.bytes > MOST_SCRIPT_BYTES) return false;
    return /\bexec\s+\S*podman\b/.test(await files.readText(docker));
  } catch (error) {
    // It can be executed but not read: a script needs both.
    if (error instanceof FileError) return false;
    throw error;
  }
}

/** Whether the files of this client's runtime are, or may be, on another machine. */
export async function isRemote(world: World, { dialect }: Client): Promise<boolean> {
  if (dialect === "podman") {
    return isElsewhere(world.env("CONTAINER_HOST")) || Boolean(world.env("CONTAINER_CONNECTION"));
  }
  const host = world.env("DOCKER_HOST");
  return isElsewhere(host ? host : await hostOfContext(world));
}

function isElsewhere(host: string | undefined): boolean {
  return Boolean(host) && !host?.startsWith("unix:");
}

/** The address of docker's current context; `unknown:` when it cannot be found out. */
async function hostOfContext(world: World): Promise<string | undefined> {
  const { files } = world;
  const home = world.env("DOCKER_CONFIG") || `${world.env("HOME") ?? ""}/.docker`;
  const read = async (path: string): Promise<unknown> => {
    try {
      return JSON.parse(await files.readText(path));
    } catch (error) {
      if (error instanceof FileError || error instanceof SyntaxError) return null;
      throw error;
    }
  };
  const config = await read(`${home}/config.json`) as { currentContext?: unknown } | null;
  const name = world.env("DOCKER_CONTEXT") || config?.currentContext;
  if (!name || name === "default") return undefined;
  const all = `${home}/contexts/meta`;
  const ids = await files.facts(all) === null ? [] : await files.list(all);
  const contexts = await Promise.all(ids.map((id) => read(`${all}/${id}/meta.json`)));
  const context = (contexts as (DockerContext | null)[]).find((each) => each?.Name === name);
  return String(context?.Endpoints?.docker?.Host ?? "unknown:");
}

/** The part of docker's description of a context (`docker context export`) that matters here. */
interface DockerContext {
  readonly Name?: unknown;
  readonly Endpoints?: { readonly docker?: { readonly Host?: unknown } };
}

/** How to get a container runtime, by operating system. */
export function installHint({ operatingSystem }: World): string {
  return operatingSystem === "darwin"
    ? "install one: brew install podman, then podman machine init and podman machine start"
    : "install one: apt install podman (Debian, Ubuntu), dnf install podman (Fedora), " +
      "apk add podman (Alpine); or docker";
}
