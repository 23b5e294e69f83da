/** Finds the sockets of tmux. */
import { FileError, type World } from "../../world/world.ts";

/** The sockets of this user. */
interface Sockets {
  /** Absolute path of their directory, even if it does not exist. */
  readonly directory: string;
  readonly names: readonly string[];
  /** Why the sockets are unknown. */
  readonly trouble: string | null;
}

/** The sockets of this user. A socket does not mean that a server listens. */
export async function socketsOf(world: World): Promise<Sockets> {
  const directory = await socketDirectory(world);
  let all: readonly string[];
  try {
    all = await world.files.list(directory);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return { directory, names: [], trouble: error.why === "missing" ? null : error.message };
  }
  const facts = await Promise.all(all.map((name) => world.files.facts(`${directory}/${name}`)));
  const names = all.filter((_, index) => facts[index]?.kind === "socket");
  return { directory, names, trouble: null };
}

/**
 * The directory where tmux keeps its sockets: a `TMUX_TMPDIR` that does not exist silently means
 * `/tmp` (tmux 3.3a tmux.c, make_label).
 */
async function socketDirectory(world: World): Promise<string> {
  const wanted = world.env("TMUX_TMPDIR");
  const usable = wanted && (await world.files.facts(wanted))?.kind === "directory";
  return `${usable ? wanted : "/tmp"}/tmux-${world.uid() ?? 0}`;
}
