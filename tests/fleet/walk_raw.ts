/** What the process table and the engines' own clients say of the sessions of the walk (Linux only). */
import { kill, type Living, livingProcesses, markOf } from "./processes.ts";
import type { Subject } from "./subject.ts";
import type { Kept, Main, Place, Truth } from "./walk_model.ts";

/** The sockets of tmux, and the runtimes of containers. */
const SOCKETS = ["default", "bots"] as const;
const RUNTIMES = ["podman", "docker"] as const;
const PLACES: readonly Place[] = [...SOCKETS.map((each) => `tmux:${each}` as const), ...RUNTIMES];
/** What a program of the kind `family` starts. */
const CHILD = "sleep 86397";

/** What somebody renames a session to. */
export function renamed(name: string): string {
  return `zz-${name}`;
}

/** A container of anybody. */
interface Container extends Kept {
  /** What it runs. */
  readonly words: readonly string[];
}

/** The engines of a walk, looked at and changed behind the back of kstops. */
export interface Engines {
  /** What there is of each of these sessions. */
  truths(names: readonly string[]): Promise<readonly Truth[]>;
  /** Whether no client of a container runtime works on anything. */
  isQuiet(): boolean;
  /** Each of these does nothing where there is nothing to do it to. */
  rename(name: string, kept: Kept): Promise<void>;
  remove(kept: Kept): Promise<void>;
  killPane(kept: Kept): Promise<void>;
  killServer(place: Place): Promise<void>;
  stop(kept: Kept): Promise<void>;
  start(kept: Kept): Promise<void>;
  /** Ends everything of the walk, with its containers. */
  clear(names: readonly string[]): Promise<void>;
}

/** The engines as they are seen from a sandbox. */
export function enginesOf(
  subject: Subject,
  { nonce, program }: { readonly nonce: string; readonly program: string },
): Engines {
  const { exec, sandbox } = subject;
  const living = () => livingProcesses({ nonce, work: sandbox.work });
  const tmux = (socket: string, ...args: readonly string[]) =>
    exec(["tmux", "-u", "-f", "/dev/null", "-L", socket, ...args]);
  const client = (place: Place, ...args: readonly string[]) => exec([place, ...args]);

  /** Panes with the names of their sessions. */
  const panesOn = async (socket: typeof SOCKETS[number]): Promise<readonly Kept[]> => {
    const format = "#{session_name} #{pane_id} #{pane_dead} #{pane_pid}";
    const { stdout } = await tmux(socket, "list-panes", "-a", "-F", format);
    return stdout.trim().split("\n").filter((line) => line !== "").map((line) => {
      const [name = "", id = "", isDead, pid] = line.split(" ");
      const state = isDead === "1" ? "exited" : "running";
      const place: Place = `tmux:${socket}`;
      return { place, name, id, state, pid: isDead === "1" ? null : Number(pid) };
    });
  };
  const inPodman = async (): Promise<readonly Container[]> => {
    const { stdout } = await exec(["podman", "ps", "--all", "--no-trunc", "--format", "json"]);
    const rows: readonly {
      readonly Id: string;
      readonly Names: readonly string[];
      readonly State: string;
      readonly Pid: number;
      readonly Command: readonly string[] | null;
    }[] = stdout.trim() === "" ? [] : JSON.parse(stdout);
    return rows.map(({ Id: id, Names: [name = ""], State: state, Pid, Command }) => {
      const pid = Pid > 0 && state === "running" ? Pid : null;
      return { place: "podman", name, id, state, pid, words: Command ?? [] };
    });
  };
  const inDocker = async (): Promise<readonly Container[]> => {
    const ids = (await exec(["docker", "ps", "--all", "--quiet", "--no-trunc"])).stdout
      .split("\n").filter((line) => line !== "");
    if (ids.length === 0) return [];
    // Some may go meanwhile; the others are printed all the same.
    const { stdout } = await exec(["docker", "inspect", "--type", "container", ...ids]);
    const rows: readonly {
      readonly Id: string;
      readonly Name: string;
      readonly State: { readonly Status: string; readonly Pid: number };
      readonly Config: { readonly Cmd: readonly string[] | null };
    }[] = stdout.trim() === "" ? [] : JSON.parse(stdout);
    return rows.map(({ Id: id, Name, State: { Status: state, Pid }, Config }) => {
      const name = Name.replace(/^\//, "");
      return {
        place: "docker",
        name,
        id,
        state,
        pid: Pid > 0 ? Pid : null,
        words: Config.Cmd ?? [],
      };
    });
  };
  const everything = async () => {
    const [containers, panes] = await Promise.all([
      Promise.all([inPodman(), inDocker()]),
      Promise.all(SOCKETS.map(panesOn)),
    ]);
    return { containers: containers.flat(), panes: panes.flat() };
  };
  const serverOf = async (socket: string): Promise<number | null> => {
    const { code, stdout } = await tmux(socket, "display-message", "-p", "#{pid}");
    return code === 0 && Number(stdout) > 1 ? Number(stdout) : null;
  };
  const socketOf = (place: Place): string => place.replace(/^tmux:/, "");

  const isProgram = ({ command }: Living) =>
    /^(\/bin\/)?sh /.test(command) &&
    command.replace(/^\S+ /, "").startsWith(`${program} --mark=`);
  const truthOf = (
    name: string,
    all: readonly Living[],
    { containers, panes }: Awaited<ReturnType<typeof everything>>,
  ): Truth => {
    const own = all.filter(({ session }) => session === name);
    const programs = new Set(own.filter(isProgram).map(({ pid }) => pid));
    const word = `--mark=${markOf(nonce, name)}`;
    const inContainers = containers.filter(({ words }) => words.includes(word));
    const mainOf = ({ pid, parent, socket }: Living): Main => {
      // A container's main process is the little init that its runtime puts before the program.
      const container = containers.find((each) => each.pid === pid || each.pid === parent);
      if (container !== undefined) {
        return { pid, known: container.pid ?? pid, place: container.place };
      }
      const file = socket?.slice(socket.lastIndexOf("/") + 1);
      return { pid, known: pid, place: PLACES.find((place) => place === `tmux:${file}`) ?? null };
    };
    // What a program forks is the same program until it executes another one.
    const mains = own.filter((one) => programs.has(one.pid) && !programs.has(one.parent));
    const names = [name, renamed(name)];
    return {
      mains: mains.map(mainOf),
      others: own.filter(({ command }) => command === CHILD).map(({ pid }) => pid),
      kept: [
        ...inContainers.map(({ words: _, ...kept }) => kept),
        ...panes.filter((pane) => names.includes(pane.name)),
      ],
    };
  };
  return {
    truths: async (names) => {
      // The engines between two looks at the processes: what ended meanwhile is not two copies.
      const seen = await everything();
      const all = living();
      return names.map((name) => truthOf(name, all, seen));
    },
    // One that only waits for the end of a container, after its kstops was killed, changes nothing.
    isQuiet: () =>
      !living().some(({ name, command }) =>
        (name === "docker" || name === "podman") && !/ wait -- \w+$/.test(command)
      ),
    rename: async (name, { place, name: now, id }) => {
      const [old, wanted] = [now, now === name ? renamed(name) : name];
      if (place.startsWith("tmux:")) {
        await tmux(socketOf(place), "rename-session", "-t", `=${old}:`, wanted);
      } else await client(place, "rename", id, wanted);
    },
    remove: async ({ place, name, id }) => {
      if (place.startsWith("tmux:")) await tmux(socketOf(place), "kill-session", "-t", `=${name}:`);
      else await client(place, "rm", "-f", ...(place === "podman" ? ["-t", "0"] : []), id);
    },
    killPane: async ({ place, id }) => {
      if (place.startsWith("tmux:")) await tmux(socketOf(place), "kill-pane", "-t", id);
    },
    killServer: async (place) => {
      const pid = place.startsWith("tmux:") ? await serverOf(socketOf(place)) : null;
      if (pid !== null) kill(pid);
    },
    stop: async ({ place, id }) => {
      if (!place.startsWith("tmux:")) await client(place, "stop", "-t", "5", id);
    },
    start: async ({ place, id }) => {
      if (!place.startsWith("tmux:")) await client(place, "start", id);
    },
    clear: async (names) => {
      const { containers } = await everything();
      for (const { place, id, words } of containers) {
        if (!names.some((name) => words.includes(`--mark=${markOf(nonce, name)}`))) continue;
        await client(place, "rm", "-f", ...(place === "podman" ? ["-t", "0"] : []), id);
      }
      for (let round = 0; round < 100; round++) {
        const all = living();
        if (all.length === 0) return;
        for (const { pid } of all) kill(pid);
      }
    },
  };
}
