/** Looks at the processes of runs, wherever they are. */
import { descriptorOf } from "../../backends/registry.ts";
import { lookAround } from "../../backends/tmux/look.ts";
import { isService, type Look } from "../../backends/tmux/processes.ts";
import { findRemains } from "../../backends/tmux/remains.ts";
import { BackendUnavailableError } from "../../errors.ts";
import type { Run } from "../../logs/runs.ts";
import { logStore } from "../../logs/store.ts";
import type { World } from "../../world/world.ts";
import type { Answer } from "../../model/finding.ts";
import type { ProcessFacts } from "../processes.ts";

/**
 * The programs that no tmux shows, leftovers of ended programs, and processes of other kstops.
 *
 * @param servers the tmux servers whose sessions are shown
 */
export async function lookAtProcesses(
  world: World,
  servers: Servers,
): Promise<Answer<ProcessFacts>> {
  const began = world.now().getTime();
  const milliseconds = () => world.now().getTime() - began;
  try {
    return { kind: "answered", value: await look(world, servers), milliseconds: milliseconds() };
  } catch (error) {
    if (!(error instanceof BackendUnavailableError)) throw error;
    return { kind: "failed", reason: error.reason, milliseconds: milliseconds() };
  }
}

/** The tmux servers of this user. */
export interface Servers {
  /** Pids of the servers that answered. */
  readonly pids: readonly number[];
  /** Whether all servers answered. If not, nobody knows what the others show. */
  readonly areAll: boolean;
}

async function look(world: World, { pids, areAll }: Servers): Promise<ProcessFacts> {
  const store = logStore(world, () => {});
  const names = await store.names();
  const runs = await Promise.all(names.map((name) => store.runs(name)));
  const open = names.flatMap((name, index) => {
    const last = runs[index]?.findLast(({ begun, executed }) =>
      begun !== null || executed !== null
    );
    return last === undefined || last.stopped !== null || !last.begun ||
        !descriptorOf(last.begun.backend).can.pid
      ? []
      : [{ name, run: last }];
  });
  const [remains, seen] = await Promise.all([
    findRemains(world, open.map(({ run }) => run)),
    lookAround(world),
  ]);
  const living = open.flatMap(({ name, run }) => {
    const found = remains.get(run.id);
    const { program = null, isWaiting = false, processes = [], serverPid = null } = found ?? {};
    const isShown = serverPid !== null && (!areAll || pids.includes(serverPid));
    return processes.length === 0 || ((program !== null || isWaiting) && isShown)
      ? []
      : [{ name, isRunning: program !== null, pids: processes.map((each) => each.pid) }];
  });
  return {
    orphans: living.filter(({ isRunning }) => isRunning),
    leftovers: living.filter(({ isRunning }) => !isRunning),
    strangers: strangersIn(seen, { runs: runs.flat(), servers: pids }),
  };
}

/** Pids with the mark of a run that is neither recorded nor shown by a tmux here. */
function strangersIn(
  { table, marks }: Look,
  { runs, servers }: { readonly runs: readonly Run[]; readonly servers: readonly number[] },
): readonly number[] {
  const known = new Set(runs.map(({ id }) => id));
  const serverOf = (pid: number): number | null => {
    for (let process = table.get(pid); process !== undefined; process = table.get(process.ppid)) {
      if (isService(process)) return process.pid;
      if (process.ppid === process.pid) break;
    }
    return null;
  };
  return [...marks].flatMap(([pid, run]) => {
    const process = table.get(pid);
    if (process === undefined || process.zombie || known.has(run)) return [];
    const server = serverOf(pid);
    return server !== null && servers.includes(server) ? [] : [pid];
  });
}
