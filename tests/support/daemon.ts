/**
 * A docker daemon for one test file, which may be halted, killed and started again (Linux, as
 * root).
 */
import { waitFor } from "./tmux.ts";

/** A docker daemon. */
export interface Daemon {
  /** The variables that lead clients to it, and to a podman of its own. */
  readonly env: Readonly<Record<string, string>>;
  /** Its process. */
  readonly pid: () => Promise<number>;
  /** Starts it again after a kill. */
  readonly up: () => Promise<void>;
  /** Kills it, and waits until it is gone. */
  readonly kill: () => Promise<void>;
  /** Ends it and removes all its files. */
  readonly remove: () => Promise<void>;
}

/** Starts a daemon. The caller must remove it. */
export async function startDaemon(): Promise<Daemon> {
  const directory = await Deno.makeTempDir({ dir: "/tmp", prefix: "k-d-" });
  let exports: string;
  try {
    exports = await engines("up", directory);
  } catch (error) {
    await engines("down", directory, "--purge");
    throw error;
  }
  const pid = async (): Promise<number> =>
    Number(await Deno.readTextFile(`${directory}/docker/pid`));
  return {
    env: Object.fromEntries(
      Array.from(exports.matchAll(/^export (\w+)=(.*)$/gm), ([, name = "", value = ""]) => [
        name,
        value,
      ]),
    ),
    pid,
    up: async () => void await engines("up", directory),
    kill: async () => {
      const killed = await pid();
      Deno.kill(killed, "SIGKILL");
      await waitFor(() => !isAlive(killed), "the end of the daemon");
    },
    remove: async () => {
      Deno.kill(await pid(), "SIGCONT");
      await engines("down", directory, "--purge");
      await Deno.remove(directory, { recursive: true }).catch(() => {});
    },
  };
}

async function engines(...args: readonly string[]): Promise<string> {
  const program = decodeURIComponent(new URL("../../.ci/engines", import.meta.url).pathname);
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args] }).output();
  if (!success) {
    throw new Error(`${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  }
  return new TextDecoder().decode(stdout);
}

/** Whether it lives and is not a zombie, which a slow init may leave for a while. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}
