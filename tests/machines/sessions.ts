/** The sessions of the tests on machines. */
import type { Machine } from "./machine.ts";

/** Ends only when it is asked to, says so, and takes its time for that. */
const GRACEFUL =
  `sh -c 'trap "sleep 1; echo asked >>$HOME/asked; exit 0" INT; while :; do sleep 0.1; done'`;

/** So long `always` takes to be ready, which `unless` waits for. */
export const DELAY_SECONDS = 3;

/** Sessions with each policy, and one that cannot start. */
export const CONFIG = `ops:
  project: demo
  sessions:
    always: {command: [sleep, "200001"], restart: always, ready: {delay: ${DELAY_SECONDS}}}
    unless: {command: [sleep, "200002"], restart: unless-stopped, socket_name: other, depends_on: {always: ready}}
    stopped: {command: [sleep, "200003"], restart: unless-stopped}
    never: {command: [sleep, "200004"], restart: unless-stopped}
    plain: {command: [sleep, "200005"]}
    ended: {command: [sh, -c, "sleep 2"], restart: on-failure}
    graceful: {command: ${JSON.stringify(GRACEFUL)}, restart: on-failure}
    broken: {command: [nosuchprogram], restart: always}
`;

/** The sessions that run, by name. */
export async function running({ ssh }: Machine): Promise<readonly string[]> {
  const { out } = await ssh("kstops list -q --state running");
  return out.split("\n").filter((name) => name !== "").toSorted();
}

/** The pids of sessions. */
export const pidsOf = async (machine: Machine, names: readonly string[]) =>
  await Promise.all(names.map((name) => machine.pid(name)));

/** Those that come back. */
export const BACK = ["always", "graceful", "unless"];
/** Whether the unit of ada's has started what it starts. */
export const BOOTED = "systemctl --user -M ada@ is-active kstops.service";
