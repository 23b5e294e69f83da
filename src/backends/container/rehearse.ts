/**
 * Finds out whether a container could start while the one that it replaces still runs. Loaded on
 * demand.
 */
import { escapeControls, quote, SessionStartError } from "../../errors.ts";
import type { ContainerDefinition } from "../../model.ts";
import {
  ExecKilledError,
  ProgramMissingError,
  ProgramNotStartedError,
  type World,
} from "../../world/world.ts";
import type { RehearsalOptions, Session } from "../backend.ts";
import { inspectContainers, inspectNetwork } from "./args.ts";
import {
  answerOf,
  askAbout,
  askAll,
  type Context,
  startError,
  troubleOf,
  understood,
  WORK_TIMEOUT_MS,
} from "./ask.ts";
import { type Client, isRemote } from "./clients.ts";
import { make, refuseStranger } from "./create.ts";
import { parseFailure } from "./failure.ts";
import {
  type HostPort,
  hostPorts,
  overlaps,
  parseSockets,
  portText,
  SHOW_SOCKETS,
} from "./holders.ts";
import { list } from "./list.ts";
import { type Container, IS_ALIVE, parseInspected, parseNetworks } from "./parse.ts";
import { makeLogDirectory, prepare } from "./prepare.ts";
import { isThat } from "./start.ts";
import { createTrial, isAbandoned, removeTrial, trialId } from "./trial.ts";

/** Tries out whether a session could start: see `Runner.rehearse`. */
export async function rehearse(
  context: Context,
  definition: ContainerDefinition,
  options: RehearsalOptions,
): Promise<void> {
  const { world } = context;
  const { replaced, say } = options;
  const { name } = definition;
  const client = await prepare(context, definition);
  await makeLogDirectory(world, definition);
  const all = await askAll(context, client, { answer: list(context, client), names: [] });
  await sweep(context, client, all);
  const others = all.filter((each) => !isThat(client, each, replaced));
  const namesake = others.find((each) => (each.engineName ?? each.name) === name);
  if (namesake !== undefined) refuseStranger(client, namesake, name);
  const old = all.find((each) => isThat(client, each, replaced)) ?? null;
  const trial = await tryOut(context, client, { definition, say, old });
  await checkNetworks(context, client, { name, networks: trial.networks });
  const wanted = trial.networks.includes("host") ? [] : hostPorts(trial.container.ports);
  refuseTaken(client, { name, wanted, others });
  const sharesHost = replaced !== null && isOnHost(replaced, trial.networksOfOld);
  if (wanted.length === 0 || sharesHost || await isRemote(world, client)) return;
  await refuseListeners(context, { name, wanted, replaced });
}

/** Removes the trials of kstops processes that could no longer do so themselves. */
async function sweep(
  context: Context,
  client: Client,
  containers: readonly Container[],
): Promise<void> {
  const now = context.world.now();
  const abandoned = containers.filter((each) => isAbandoned(each, now));
  for (const each of abandoned) await answerOf(context, client, removeTrial(client, trialId(each)));
}

/** The result of a trial. */
interface Trial {
  readonly container: Container;
  /** The names of the networks that it would join. */
  readonly networks: readonly string[];
  /** Networks of the replaced container; null: it is not one of this runtime. */
  readonly networksOfOld: readonly string[] | null;
}

/** Makes the runtime create the container under another name, and removes it again. */
async function tryOut(
  context: Context,
  client: Client,
  { definition, say, old }: {
    readonly definition: ContainerDefinition;
    readonly say: (text: string) => void;
    readonly old: Container | null;
  },
): Promise<Trial> {
  const { name } = definition;
  const runId = context.world.randomId();
  try {
    const id = await make(context, client, {
      definition,
      say,
      call: (init) => createTrial(client, { definition, runId, init }),
      outcome: "nothing was touched",
      known: "nothing was touched",
    });
    const ids = old === null ? [id] : [id, old.id];
    const { stdout } = await answerOf(context, client, inspectContainers(client, ids));
    const [containers, networks] = understood(
      client,
      () => [parseInspected(stdout), parseNetworks(stdout)],
    );
    const container = containers.find((each) => each.id === id);
    if (container === undefined) throw startError(name, "somebody removed its trial", "try again");
    return {
      container,
      networks: networks.get(id) ?? [],
      networksOfOld: old === null ? null : networks.get(old.id) ?? null,
    };
  } finally {
    await takeAway(context, client, { runId, name, say });
  }
}

async function takeAway(
  { world }: Context,
  client: Client,
  { runId, name, say }: {
    readonly runId: string;
    readonly name: string;
    readonly say: (text: string) => void;
  },
): Promise<void> {
  const argv = removeTrial(client, runId);
  const left = (reason: string) =>
    say(`${name}: the container of its trial is left, remove it: ${argv.join(" ")} (${reason})`);
  try {
    const { code, stderr } = await world.exec(argv, { timeoutMs: WORK_TIMEOUT_MS, cleanUp: true });
    const failure = parseFailure(stderr);
    if (code !== 0 && failure.kind !== "not_found") left(escapeControls(failure.reason));
  } catch (error) {
    const trouble = troubleOf(client, error);
    if (!(trouble instanceof Error)) throw trouble;
    left(escapeControls(trouble.message));
  }
}

/** Networks that docker always has, or that are not networks of its own. */
const ALWAYS_THERE: ReadonlySet<string> = new Set(["", "default", "bridge", "host", "none"]);

/** What the runtimes themselves check only when they start a container. */
async function checkNetworks(
  context: Context,
  client: Client,
  { name, networks }: { readonly name: string; readonly networks: readonly string[] },
): Promise<void> {
  for (const network of networks) {
    const [, other] = network.match(/^container:(.+)$/) ?? [];
    if (other !== undefined) {
      const [found] = await askAbout(context, client, [other]);
      if (found !== undefined && IS_ALIVE.has(found.state)) continue;
      const called = found?.engineName ?? found?.name ?? other;
      const reason = `the container ${quote(called)}, whose network it shares, does not run`;
      throw startError(name, reason, "start that one first");
    }
    // podman has already looked for it when it made the trial.
    if (client.dialect !== "docker" || ALWAYS_THERE.has(network)) continue;
    const answer = await answerOf(context, client, inspectNetwork(client, network));
    if (answer.code === 0) continue;
    const { reason } = parseFailure(answer.stderr);
    throw startError(name, reason, `create it: ${client.program} network create ${network}`);
  }
}

interface Wanted {
  readonly name: string;
  readonly wanted: readonly HostPort[];
}

/** @throws {SessionStartError} `start_failed`: another container of the runtime has one of the ports */
function refuseTaken(
  { runtime }: Client,
  { name, wanted, others }: Wanted & { readonly others: readonly Container[] },
): void {
  for (const other of others.filter(({ state }) => IS_ALIVE.has(state) || state === "restarting")) {
    const taken = wanted.find((port) =>
      hostPorts(other.ports).some((each) => overlaps(port, each))
    );
    if (taken === undefined) continue;
    const holder = other.engineName ?? other.name;
    throw portTaken(name, taken, {
      by: `the ${runtime} container ${quote(holder)}`,
      hint: "choose another port, or stop that container first",
      holder,
    });
  }
}

/** @throws {SessionStartError} `start_failed`: a program of this machine has one of the ports */
async function refuseListeners(
  { world }: Context,
  { name, wanted, replaced }: Wanted & { readonly replaced: Session | null },
): Promise<void> {
  if (world.operatingSystem !== "linux") return;
  const freed = replaced !== null && mayListen(replaced)
    ? hostPorts(replaced.status.ports ?? [])
    : [];
  const held = (await listeners(world)).filter((each) =>
    !freed.some((port) => overlaps(port, each))
  );
  const taken = wanted.find((port) => held.some((each) => overlaps(port, each)));
  if (taken === undefined) return;
  const flag = taken.protocol === "udp" ? "-lunp" : "-ltnp";
  throw portTaken(name, taken, {
    by: "another program of this machine",
    hint: `see which one: ss ${flag} 'sport = :${taken.port}'; or choose another port`,
    holder: null,
  });
}

/** The ports that programs of this machine listen on; none when they cannot be found out. */
async function listeners({ exec }: World): Promise<readonly HostPort[]> {
  try {
    // Without IPv6 some of the tables are missing, which is fine.
    return parseSockets((await exec(SHOW_SOCKETS, { timeoutMs: WORK_TIMEOUT_MS })).stdout);
  } catch (error) {
    const isUnknown = error instanceof ProgramMissingError ||
      error instanceof ProgramNotStartedError || error instanceof ExecKilledError;
    if (isUnknown) return [];
    throw error;
  }
}

/**
 * Whether a session may have its ports now: a paused one keeps them, and a restart loop takes them
 * again and again.
 */
function mayListen({ status: { state, engineState } }: Session): boolean {
  return state === "running" || engineState === "paused" || engineState === "restarting";
}

/**
 * Whether the replaced session uses the ports of the machine itself, so that they cannot be told
 * from those of other programs.
 */
function isOnHost(session: Session, networks: readonly string[] | null): boolean {
  if (!mayListen(session)) return false;
  const { status } = session;
  if (status.backend === "tmux") return true;
  return networks === null ? (status.ports ?? []).length === 0 : networks.includes("host");
}

function portTaken(
  name: string,
  port: HostPort,
  { by, hint, holder }: {
    readonly by: string;
    readonly hint: string;
    readonly holder: string | null;
  },
): SessionStartError {
  return new SessionStartError(name, `its port ${portText(port)} is taken by ${by}`, {
    backend: "container",
    hint,
    details: {
      host_ip: port.ip,
      host_port: port.port,
      protocol: port.protocol,
      container: holder,
    },
  });
}
