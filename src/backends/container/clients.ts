/** The container runtimes of this machine, and the programs that speak to them. */
import { type Runtime, RUNTIMES } from "../../model.ts";
import { FileError, type World } from "../../world.ts";
import { findProgram } from "../program.ts";

/** A program that speaks to a container runtime. */
export interface Client {
  /** Whose dialect it speaks. */
  readonly runtime: Runtime;
  /** The program to call. */
  readonly program: string;
}

/**
 * The clients on PATH, in the order in which they are preferred; each runtime once: a `docker` that
 * is podman in disguise counts as podman, and only where there is no other.
 */
export async function findClients(world: World): Promise<readonly Client[]> {
  const found = await Promise.all(RUNTIMES.map((runtime) => findClient(world, runtime)));
  const clients = found.flatMap((client) => client === null ? [] : [client]);
  return clients.filter((client, index) =>
    clients.findIndex(({ runtime }) => runtime === client.runtime) === index
  );
}

async function findClient(world: World, program: Runtime): Promise<Client | null> {
  const path = world.env("PATH") ?? "/usr/local/bin:/usr/bin:/bin";
  const found = await findProgram(world, { program, path, workingDir: "/" });
  if (found.kind === "missing") return null;
  const isPodman = program === "docker" && await isPodmanInDisguise(world, found.path);
  return { runtime: isPodman ? "podman" : program, program };
}

/** The script that Debian and Fedora install as `docker` is 200 bytes; the real one 30 MB. */
const MOST_SCRIPT_BYTES = 10_000;

async function isPodmanInDisguise(world: World, docker: string): Promise<boolean> {
  // The real client may be led to podman's own socket, too.
  if (/podman[^/]*\.sock/.test(world.env("DOCKER_HOST") ?? "")) return true;
  const { files } = world;
  try {
    if ((await files.realPath(docker)).split("/").at(-1) === "podman") return true;
    const facts = await files.facts(docker);
    if (facts === null || facts.bytes > MOST_SCRIPT_BYTES) return false;
    return /\bexec\s+\S*podman\b/.test(await files.readText(docker));
  } catch (error) {
    // It may be executed, and not read: that is no script.
    if (error instanceof FileError) return false;
    throw error;
  }
}

/** How to get a container runtime, by operating system. */
export function installHint({ operatingSystem }: World): string {
  return operatingSystem === "darwin"
    ? "install one: brew install podman, then podman machine init and podman machine start"
    : "install one: apt install podman (Debian, Ubuntu), dnf install podman (Fedora), " +
      "apk add podman (Alpine); or docker";
}
