/** What the boot and the shutdown of the machine do to the sessions of a config. */
import { descriptorOf } from "../backends/registry.ts";
import type { Config, SessionEntry } from "../config/config.ts";
import { logStore } from "../logs/store.ts";
import { isRunMeant } from "../logs/story.ts";
import type { SessionStatus } from "../model.ts";
import { isAnothers, selfOf } from "../owner.ts";
import { foundIn } from "../sessions/find.ts";
import { type BootChoice, chooseAtBoot, policyKind } from "../supervise/boot.ts";
import type { World } from "../world/world.ts";
import type { Outcomes } from "./each.ts";
import type { Started } from "./start.ts";
import type { Stopped } from "./stop.ts";
import type { ChangeTools, Tools } from "./tools.ts";

/** What the boot does with a session. */
export interface Chosen extends BootChoice {
  readonly name: string;
}

/** What the boot would start now, in the order of the config. */
export async function chooseEach(
  tools: Pick<Tools, "world" | "config" | "sessions">,
  named: readonly string[],
): Promise<readonly Chosen[]> {
  const config = await tools.config();
  const self = selfOf(config);
  const names = [...config.sessions.keys()];
  const store = logStore(tools.world, () => {});
  const statuses = await statusOfEach(tools, names);
  return await Promise.all([...config.sessions.values()].map(async (entry): Promise<Chosen> => {
    const { name } = entry;
    const isNamed = named.includes(name);
    // With names, only these are meant.
    if (named.length > 0 && !isNamed) return { name, starts: false, why: "it was not named" };
    const status = statuses.get(name) ?? null;
    if (status !== null && isRunning(status)) return { name, starts: false, why: RUNS };
    if (status !== null && isBroughtBack(status)) {
      return { name, starts: false, why: `${status.engine} brings it back` };
    }
    const runs = await store.newestRuns(name);
    const last = runs.find((run) => isRunMeant(run, (owner) => !isAnothers(owner, self))) ?? null;
    return { name, ...chooseAtBoot({ restart: restartOf(entry), named: isNamed }, last) };
  }));
}

const RUNS = "it runs";

/** The policy of a session; one with mistakes is tried, so that its mistakes are told. */
function restartOf(entry: SessionEntry): string | null {
  return entry.kind === "usable" ? entry.settings.restart : "unless-stopped";
}

/** Sessions that a policy, or their names, may start at boot. */
export function mayStart(config: Config, named: readonly string[]): readonly SessionEntry[] {
  return [...config.sessions.values()].filter((entry) =>
    named.length > 0 ? named.includes(entry.name) : policyKind(restartOf(entry)) !== "no"
  );
}

async function statusOfEach(
  { sessions }: Pick<Tools, "sessions">,
  names: readonly string[],
): Promise<ReadonlyMap<string, SessionStatus>> {
  if (names.length === 0) return new Map();
  const found = await sessions().findEach("start", names, { ownOnly: true });
  return new Map(names.flatMap((name): [string, SessionStatus][] => {
    try {
      const match = foundIn(found, "start", name);
      return match.kind === "session" ? [[name, match.status]] : [];
    } catch {
      // The start will say what is wrong with it.
      return [];
    }
  }));
}

/** A session that waits for its next execution is up as well. */
function isRunning({ state, nextRestartAt }: SessionStatus): boolean {
  return state === "running" || nextRestartAt !== null;
}

/** Whether its engine has it and starts it by itself: nothing may start twice. */
function isBroughtBack({ backend, engine, managed, restartPolicy }: SessionStatus): boolean {
  return managed && engine !== null && policyKind(restartPolicy) !== "no" &&
    descriptorOf(backend).bringsBack?.(engine) === true;
}

/**
 * Starts what the boot is to start, each behind what it needs: one that fails hides no other. What a
 * session needs and the boot does not start is not waited for: its policy says that it may be away.
 */
export async function startAtBoot(
  tools: ChangeTools,
  named: readonly string[],
): Promise<{ readonly chosen: readonly Chosen[]; readonly outcomes: Outcomes<Started> }> {
  const chosen = await chooseEach(tools, named);
  const names = chosen.flatMap(({ name, starts }) => starts ? [name] : []);
  const request = { wanted: {}, all: true, wait: true, yes: true, boot: true } as const;
  if (names.length === 0) return { chosen, outcomes: [] };
  const { startInOrder } = await import("./start_in_order.ts");
  return { chosen, outcomes: (await startInOrder(tools, names, request)).named };
}

/**
 * Asks all running sessions of the config to end, since the machine goes down.
 *
 * @returns null: the machine does not go down, and nothing was done
 */
export async function stopAtShutdown(tools: ChangeTools): Promise<Outcomes<Stopped> | null> {
  if (!await isGoingDown(tools.world)) return null;
  const config = await tools.config();
  const statuses = await statusOfEach(tools, [...config.sessions.keys()]);
  const names = [...statuses].flatMap(([name, status]) =>
    isRunning(status) && !isBroughtBack(status) ? [name] : []
  );
  if (names.length === 0) return [];
  const { stopInOrder } = await import("./down.ts");
  return await stopInOrder(tools, names, { all: true, yes: true, boot: true });
}

/** How long a service manager may take to answer. */
const ANSWER_TIMEOUT_MS = 10_000;

/** Whether the machine, or the service manager of this user, is ending. */
export async function isGoingDown(world: World): Promise<boolean> {
  // A script of OpenRC gets this from it.
  if (world.env("RC_GOINGDOWN") === "YES") return true;
  const answers = await Promise.all([["--user"], []].map(async (whose) => {
    try {
      const argv = ["systemctl", ...whose, "is-system-running"];
      return (await world.exec(argv, { timeoutMs: ANSWER_TIMEOUT_MS })).stdout.trim();
    } catch {
      return "";
    }
  }));
  return answers.includes("stopping");
}
