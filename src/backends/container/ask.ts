/** Asking a container runtime, and what its answers mean. */
import { BackendUnavailableError, escapeControls, SessionStartError } from "../../errors.ts";
import type { LogStore } from "../../logs/store.ts";
import {
  ExecKilledError,
  type ExecResult,
  ProgramMissingError,
  ProgramNotStartedError,
  type World,
} from "../../world/world.ts";
import { parseAnswers } from "./answers.ts";
import { type Call, inspectContainers } from "./args.ts";
import type { Client } from "./clients.ts";
import type { Dialled } from "./dial.ts";
import { answerTimeout, type Listed, OF_CLIENTS, OF_QUESTIONS } from "./list.ts";
import { type Failure, parseFailure } from "./failure.ts";
import { GarbledAnswerError } from "./fields.ts";
import { gathering } from "../gather.ts";
import { identified } from "./origin.ts";
import { withPatience } from "./patience.ts";
import { inTurn } from "./turns.ts";
import { type Container, parseInspected, parsePodmanList } from "./parse.ts";

/** What the container backend works with. */
export interface ContainerSettings {
  readonly logs: LogStore;
  /** How long a runtime may be silent; 10 s unless told. The config may still be read. */
  readonly engineTimeoutMs?: () => Promise<number>;
  /** Tells the user that a runtime does not answer yet; missing: nobody is there to read it. */
  readonly say?: ((text: string) => void) | undefined;
}

/** The container backend at work. */
export interface Context extends ContainerSettings {
  readonly world: World;
}

/** How long a runtime that is not silent may take to do something, and to say what came of it. */
export const WORK_TIMEOUT_MS = 60_000;

/**
 * A call of a client that answers in time, whatever it answers.
 *
 * @throws {BackendUnavailableError} `backend_unavailable`
 */
export async function answerOf(
  context: Context,
  client: Client,
  call: readonly string[] | Call,
  timeoutMs: number = WORK_TIMEOUT_MS,
): Promise<ExecResult> {
  const { argv, env = {}, stdin }: Partial<Call> & Pick<Call, "argv"> = "argv" in call
    ? call
    : { argv: call };
  const options = {
    timeoutMs,
    env: { ...(client.dialect === "podman" ? OF_CLIENTS : {}), ...env },
    ...(stdin === undefined ? {} : { stdin }),
  };
  return await inTime(
    client,
    withPatience(context, client, (abort) => context.world.exec(argv, { ...options, abort })),
  );
}

async function inTime<T>(client: Client, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw troubleOf(client, error);
  }
}

/** What became of a call that did not come to an answer. */
export function troubleOf(client: Client, error: unknown): unknown {
  if (error instanceof ExecKilledError) {
    return new RuntimeUnavailableError(client, "unreachable", error.reason, { isCut: true });
  }
  // It was on PATH a moment ago.
  if (error instanceof ProgramMissingError || error instanceof ProgramNotStartedError) {
    return unavailable(client, { kind: "other", reason: error.message });
  }
  return error;
}

/** A runtime that cannot be asked. */
export class RuntimeUnavailableError extends BackendUnavailableError {
  /** Whether what it was told was cut off: what came of that is not known. */
  readonly isCut: boolean;
  constructor(
    client: Client,
    readonly kind: "not_running" | "unreachable",
    reason: string,
    { isCut = false }: { readonly isCut?: boolean } = {},
  ) {
    const { runtime, program } = client;
    super(`Cannot ask ${runtime}: ${escapeControls(reason)}`, {
      reason: escapeControls(reason),
      hint: kind === "not_running"
        ? `start it (systemctl start ${runtime}), or see why it is down`
        : `try it by hand: ${program} ps`,
      details: { engine: runtime, reason },
    });
    this.isCut = isCut;
  }
}

/**
 * What `work` comes to. Where the runtime is heard of no more in the middle of it, the error says what
 * is known of it all the same.
 */
export async function withKnown<T>(
  client: Client,
  { known, name }: { readonly known: string; readonly name: string },
  work: Promise<T>,
): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof RuntimeUnavailableError && isCutOff(error))) throw error;
    throw new BackendUnavailableError(`${error.message}; ${known}`, {
      reason: `${error.reason}; ${known}`,
      hint: `once ${client.runtime} answers again, kstops status ${name} tells`,
      details: error.details,
      cause: error,
    });
  }
}

/** Whether a runtime fell silent over what it was told, so that what came of that is not known. */
export function isCutOff(error: unknown): boolean {
  return error instanceof RuntimeUnavailableError
    ? error.isCut
    : error instanceof BackendUnavailableError && isCutOff(error.cause);
}

/** A runtime that cannot be asked, and what it said. */
export function unavailable(client: Client, failure: Failure): RuntimeUnavailableError {
  const kind = failure.kind === "not_running" ? "not_running" : "unreachable";
  return new RuntimeUnavailableError(client, kind, failure.reason);
}

/** What `parse` makes of an answer; one that it cannot read is the runtime in trouble. */
export function understood<T>(client: Client, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof GarbledAnswerError)) throw error;
    throw unavailable(client, { kind: "other", reason: error.message });
  }
}

/**
 * Every container of a runtime, in at most two child processes however many there are. podman tells
 * nearly all in its list; docker's daemon is asked for the rest by the same child process.
 *
 * @param asked its list, as it answers the first call; what only a closer look tells is wanted of the
 * containers of those names
 * @throws {BackendUnavailableError} `backend_unavailable`
 */
export async function askAll(
  context: Context,
  client: Client,
  { answer, names }: { readonly answer: Promise<Listed>; readonly names: readonly string[] },
): Promise<readonly Container[]> {
  const list = await inTime(client, answer);
  const identify = (containers: readonly Container[]) =>
    identified(
      client,
      containers,
      (call) => answerOf(context, client, call, answerTimeout(client)),
    );
  if ("responses" in list) return await identify(containersIn(client, list));
  if (list.code !== 0) throw unavailable(client, parseFailure(list.stderr));
  const listed = await identify(understood(client, () => parsePodmanList(list.stdout)));
  const closer = listed.filter((each) =>
    each.id !== "" && (names.includes(each.name) || mayBeKilled(each))
  );
  const seen = await askAbout(context, client, closer.map(({ id }) => id), answerTimeout(client));
  // The closer look came later: it is the newer truth.
  return listed.map((container) =>
    seen.find(({ id, unread }) => id === container.id && unread?.isKnown !== false) ?? container
  );
}

/** The containers of docker's daemon. How its client ended matters only where they are not told whole. */
function containersIn(client: Client, dialled: Dialled): readonly Container[] {
  const parsed = understood(client, () => parseAnswers(dialled));
  if ("containers" in parsed) return parsed.containers;
  const { code, stderr } = dialled;
  if (parsed.refusal !== null) throw unavailable(client, parsed.refusal);
  if (code !== 0) throw unavailable(client, parseFailure(stderr));
  throw unavailable(client, { kind: "other", reason: new GarbledAnswerError().message });
}

/** podman's list does not say why SIGKILL ended a program: for want of memory, or otherwise. */
function mayBeKilled({ exitCode }: Container): boolean {
  return exitCode === 137;
}

/** A closer look at some containers; those that have gone are left out. */
export async function askAbout(
  context: Context,
  client: Client,
  ids: readonly string[],
  timeoutMs: number = WORK_TIMEOUT_MS,
): Promise<readonly Container[]> {
  if (ids.length === 0) return [];
  const containers = await inTurn(
    context.world,
    () => inspect(context, client, { names: ids, timeoutMs }),
  );
  return await identified(client, containers, (call) => answerOf(context, client, call, timeoutMs));
}

/** What a runtime tells of some containers. */
async function inspect(
  context: Context,
  client: Client,
  { names, timeoutMs }: { readonly names: readonly string[]; readonly timeoutMs: number },
): Promise<readonly Container[]> {
  const question = { argv: inspectContainers(client, names), env: OF_QUESTIONS };
  const answer = await answerOf(context, client, question, timeoutMs);
  if (answer.code !== 0) {
    const failure = parseFailure(answer.stderr);
    if (failure.kind !== "not_found") throw unavailable(client, failure);
  }
  return understood(client, () => parseInspected(answer.stdout));
}

/**
 * The container of that id as it is now; null: it is gone.
 *
 * @throws {BackendUnavailableError} `backend_unavailable`; also where the answer about it cannot be read
 */
export async function askOne(
  context: Context,
  client: Client,
  id: string,
): Promise<Container | null> {
  const answer = await lookAt(context, client, id);
  return only(client, answer, (each) => each.id === id);
}

/**
 * The container that the runtime calls exactly so; null: there is none.
 *
 * @throws {BackendUnavailableError} `backend_unavailable`; also where the answer about it cannot be read
 */
export async function askByName(
  context: Context,
  client: Client,
  name: string,
): Promise<Container | null> {
  const answer = await lookAt(context, client, name);
  // The runtime takes it for the beginning of an id, too.
  return only(client, answer, (each) => (each.engineName ?? each.name) === name);
}

const LOOKS = gathering<string, readonly Container[]>();
const MOST_LOOKS = 100;

/**
 * A closer look at what has an id or a name, by a client that takes the same look at others. Of those
 * one works at a time: it needs no turn, and what has just been made is not proved last of all.
 */
async function lookAt(
  context: Context,
  client: Client,
  name: string,
): Promise<readonly Container[]> {
  const ask = (names: readonly string[]) =>
    inspect(context, client, { names, timeoutMs: WORK_TIMEOUT_MS });
  const found = await LOOKS(context.world, name, {
    key: client.program,
    most: MOST_LOOKS,
    work: async (batch) => {
      const names = [...new Set(batch.map(({ item }) => item))];
      const all = await ask(names).catch((error) => {
        // It may be one of them that makes the others unreadable.
        if (names.length === 1 || !isOfOne(error)) throw error;
        return [];
      });
      await Promise.all(batch.map(async ({ item, done }) => {
        const own = names.length === 1
          ? all
          : all.filter(({ id, name, unread }) =>
            (id === item || name === item) && unread?.isKnown !== false
          );
        // What is missing among others may be one that cannot be read.
        const isClear = names.length === 1 || own.length === 1;
        await (isClear ? Promise.resolve(own) : ask([item])).then(done.resolve, done.reject);
      }));
    },
  });
  // Each by itself: beside others it may show itself to be a copy, which only a survey tells.
  return await identified(client, found, (call) => answerOf(context, client, call));
}

/** Whether a runtime that has answered has only something to say of what it was asked about. */
function isOfOne(error: unknown): boolean {
  return error instanceof RuntimeUnavailableError && error.kind !== "not_running" && !error.isCut;
}

/** The container that is meant. One that cannot be read is not one that has gone. */
function only(
  client: Client,
  answer: readonly Container[],
  isMeant: (container: Container) => boolean,
): Container | null {
  const found = answer.find(isMeant) ?? answer.find(({ id, name }) => id === "" || name === "");
  if (found?.unread?.isKnown === false) throw unreadable(client, found.unread.reason);
  return found ?? null;
}

/** What is to be done cannot be done without knowing what it would be done to. */
export function unreadable(client: Client, reason: string): RuntimeUnavailableError {
  return unavailable(client, { kind: "other", reason });
}

/** A start that failed, with what the runtime said. */
export function startError(name: string, reason: string, hint?: string): SessionStartError {
  return new SessionStartError(name, escapeControls(reason), {
    backend: "container",
    ...(hint === undefined ? {} : { hint }),
  });
}
