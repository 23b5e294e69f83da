/** What podman and docker say, as facts. Pure. */
import {
  howItEnded,
  isExitCode,
  momentOf,
  OUT_OF_MEMORY,
  type PortBinding,
  type Runtime,
  type SessionState,
  type SessionStatus,
} from "../../model.ts";
import type { Answers } from "./dial.ts";
import { HTTP_OK, type Response } from "./responses.ts";
import { DEFINITION_LABEL, type DefinitionRecord, PROTECTED_LABEL, SESSION_LABEL } from "./args.ts";

/** A container as its runtime describes it. */
export interface Container {
  readonly id: string;
  readonly name: string;
  /** The runtime's own word: `running`, `exited`, `paused`, ... */
  readonly state: string;
  readonly pid: number | null;
  /** Null as long as it has not ended. */
  readonly exitCode: number | null;
  readonly createdAt: Date | null;
  readonly finishedAt: Date | null;
  readonly image: string | null;
  readonly command: readonly string[] | null;
  readonly ports: readonly PortBinding[];
  readonly labels: Readonly<Record<string, string>>;
  /** What only a closer look tells; null: it was not taken. */
  readonly details: Details | null;
}

/** What `inspect` tells of a container, and podman's list does not. */
export interface Details {
  readonly workingDir: string | null;
  readonly tty: boolean;
  readonly env: Readonly<Record<string, string>>;
  readonly outOfMemory: boolean;
  /** What the runtime itself has to say. */
  readonly error: string | null;
  /** How often its restart policy has started it again. */
  readonly restarts: number;
}

/** An answer that is none. */
export class GarbledAnswerError extends Error {
  constructor() {
    super("its answer could not be understood");
  }
}

/**
 * The containers in podman's list (`ps --format json`, podman 4 and 5).
 *
 * @throws {GarbledAnswerError}
 */
export function parsePodmanList(stdout: string): Container[] {
  return understood(() => listOf(parseJson(stdout)).map(podmanListed));
}

function podmanListed(value: unknown): Container {
  const row = fieldsOf(value);
  const [name] = listOf(row["Names"]);
  const finishedAt = row["Exited"] === true ? secondsOf(row["ExitedAt"]) : null;
  return {
    id: wordOf(row["Id"]),
    name: wordOf(name),
    state: wordOf(row["State"]),
    pid: numberOf(row["Pid"]) || null,
    exitCode: finishedAt === null ? null : exitCodeOf(row["ExitCode"]),
    createdAt: secondsOf(row["Created"]),
    finishedAt,
    image: textOf(row["Image"]) || null,
    command: wordsOf(row["Command"]),
    ports: listOf(row["Ports"]).flatMap(podmanPorts).sort(byPort),
    labels: labelsOf(row["Labels"]),
    details: null,
  };
}

const MOST_PORTS = 65_535;

/** podman's list says nothing where podman 5's `inspect` says that it is every address. */
function podmanAddress(text: string): string | null {
  return text === "" || text === "0.0.0.0" ? null : text;
}

/** The runtimes, and podman's own list and `inspect`, have orders of their own. */
function byPort(a: PortBinding, b: PortBinding): number {
  return a.containerPort - b.containerPort || compare(a.protocol, b.protocol) ||
    compare(a.hostIp ?? "", b.hostIp ?? "") || (a.hostPort ?? 0) - (b.hostPort ?? 0);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** One entry may stand for a range. */
function podmanPorts(value: unknown): PortBinding[] {
  const port = fieldsOf(value);
  const first = numberOf(port["container_port"]);
  const host = numberOf(port["host_port"]);
  const length = Math.min(Math.max(1, numberOf(port["range"])), MOST_PORTS);
  return Array.from({ length }, (_, index) => ({
    hostIp: podmanAddress(textOf(port["host_ip"])),
    hostPort: host === 0 ? null : host + index,
    containerPort: first + index,
    protocol: protocolOf(textOf(port["protocol"])),
  }));
}

function secondsOf(value: unknown): Date | null {
  const seconds = numberOf(value);
  return seconds > 0 ? momentOf(seconds * 1000) : null;
}

/** The runtimes say -1, or what no program can end with, where they lost it. */
function exitCodeOf(value: unknown): number | null {
  const code = numberOf(value);
  return isExitCode(code) ? code : null;
}

/** What the answers of docker's daemon come to. */
export type Described =
  | { readonly containers: readonly Container[] }
  /** It does not tell; null: its answers are not whole. */
  | { readonly refusal: Failure | null };

/**
 * Reads what docker's daemon answered. A container that has gone since the list is missing.
 *
 * @throws {GarbledAnswerError}
 */
export function parseAnswers({ ids, responses }: Answers): Described {
  const [list, ...described] = responses;
  if (list === undefined) return { refusal: null };
  const found = described.filter(({ status }) => status !== HTTP_NOT_FOUND);
  const refused = [list, ...found].find(({ status }) => status !== HTTP_OK);
  if (refused !== undefined) return { refusal: refusalIn(refused) };
  if (ids === null) throw new GarbledAnswerError();
  if (described.length !== ids.length) return { refusal: null };
  return { containers: understood(() => found.map(({ body }) => inspected(JSON.parse(body)))) };
}

const HTTP_NOT_FOUND = 404;

/** `{"message": "..."}`; what stands between us and the daemon has words of its own. */
function refusalIn({ status, body }: Response): Failure {
  try {
    return parseFailure(wordOf(fieldsOf(JSON.parse(body))["message"]));
  } catch {
    return { kind: "other", reason: `it answered with the HTTP status ${status}` };
  }
}

/**
 * The containers that `inspect` describes, of both runtimes. One that has gone meanwhile is missing.
 *
 * @throws {GarbledAnswerError}
 */
export function parseInspected(stdout: string): Container[] {
  return understood(() => listOf(parseJson(stdout)).map(inspected));
}

function inspected(value: unknown): Container {
  const whole = fieldsOf(value);
  const state = fieldsOf(whole["State"]);
  const config = fieldsOf(whole["Config"]);
  const finishedAt = timeOf(state["FinishedAt"]);
  const word = wordOf(state["Status"]);
  const hasEnded = finishedAt !== null && !IS_ALIVE.has(word);
  return {
    id: wordOf(whole["Id"]),
    name: wordOf(whole["Name"]).replace(/^\//, ""),
    state: word,
    pid: numberOf(state["Pid"]) || null,
    exitCode: hasEnded ? exitCodeOf(state["ExitCode"]) : null,
    createdAt: timeOf(whole["Created"]),
    finishedAt: hasEnded ? finishedAt : null,
    // What was asked for (docker's own `Image` is an id).
    image: textOf(whole["ImageName"] ?? config["Image"]) || null,
    command: commandOf(whole, config),
    ports: portsOf(whole).sort(byPort),
    labels: labelsOf(config["Labels"]),
    details: {
      workingDir: textOf(config["WorkingDir"]) || "/",
      tty: config["Tty"] === true,
      env: variablesOf(config["Env"]),
      outOfMemory: state["OOMKilled"] === true,
      error: textOf(state["Error"]) || null,
      restarts: numberOf(whole["RestartCount"]),
    },
  };
}

type Fields = Readonly<Record<string, unknown>>;

/** Only podman's `inspect` has that key. */
function isOfPodman(whole: Fields): boolean {
  return "ImageName" in whole;
}

/**
 * What docker runs is `Path` and `Args`. podman 4.3 repeats a command of one word there, and puts its
 * init before the command; its list knows the command alone.
 */
function commandOf(whole: Fields, config: Fields): readonly string[] | null {
  if (isOfPodman(whole)) return wordsOf(config["Cmd"]);
  const path = textOf(whole["Path"]);
  return path === "" ? null : [path, ...listOf(whole["Args"]).map(textOf)];
}

/** `{"80/tcp": [{"HostIp": "", "HostPort": "8080"}], "81/tcp": null}`. */
function portsOf(whole: Fields): PortBinding[] {
  const addressOf = isOfPodman(whole) ? podmanAddress : (text: string) => text || null;
  const running = entriesOf(fieldsOf(whole["NetworkSettings"] ?? {})["Ports"]);
  // A container that does not run has no ports; these it would get again.
  const wanted = entriesOf(fieldsOf(whole["HostConfig"] ?? {})["PortBindings"]);
  const entries = running.length > 0 ? running : wanted;
  return entries.flatMap(([key, bindings]) => {
    const [port = "", protocol = "tcp"] = key.split("/");
    const containerPort = portOf(port);
    if (containerPort === null) throw new GarbledAnswerError();
    return listOf(bindings).map((each) => {
      const binding = fieldsOf(each);
      return {
        hostIp: addressOf(textOf(binding["HostIp"])),
        hostPort: portOf(textOf(binding["HostPort"])),
        containerPort,
        protocol: protocolOf(protocol),
      };
    });
  });
}

/** Null: there is none, or the runtime has yet to choose one. */
function portOf(text: string): number | null {
  return /^[0-9]{1,5}$/.test(text) ? Number(text) || null : null;
}

function variablesOf(value: unknown): Record<string, string> {
  return Object.fromEntries(
    listOf(value).map(textOf).map((entry): [string, string] => {
      const equals = entry.indexOf("=");
      return equals === -1 ? [entry, ""] : [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
}

/** A time in RFC 3339, with up to nanoseconds; the year 1 is never. */
function timeOf(value: unknown): Date | null {
  const text = textOf(value).replace(/(\.\d{3})\d*/, "$1");
  return momentOf(Date.parse(text));
}

function protocolOf(text: string): PortBinding["protocol"] {
  return text === "udp" || text === "sctp" ? text : "tcp";
}

// --- JSON that may be anything -------------------------------------------------------------------

// What is missing or null is unknown: older and newer versions have other keys. What has another type
// than it should is garbage, and so is a container without an id, a name or a state.

function understood<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof GarbledAnswerError || error instanceof SyntaxError
      ? new GarbledAnswerError()
      : error;
  }
}

function parseJson(text: string): unknown {
  // podman 4 says nothing at all where it has no container.
  return text.trim() === "" ? [] : JSON.parse(text);
}

function fieldsOf(value: unknown): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new GarbledAnswerError();
  }
  return value as Fields;
}

function entriesOf(value: unknown): [string, unknown][] {
  return value == null ? [] : Object.entries(fieldsOf(value));
}

function listOf(value: unknown): readonly unknown[] {
  if (value == null) return [];
  if (!Array.isArray(value)) throw new GarbledAnswerError();
  return value;
}

function wordsOf(value: unknown): readonly string[] | null {
  return value == null ? null : listOf(value).map(textOf);
}

function textOf(value: unknown): string {
  if (value == null) return "";
  if (typeof value !== "string") throw new GarbledAnswerError();
  return value;
}

/** A text that has to be there. */
function wordOf(value: unknown): string {
  const text = textOf(value);
  if (text === "") throw new GarbledAnswerError();
  return text;
}

function numberOf(value: unknown): number {
  if (value == null) return 0;
  if (!Number.isSafeInteger(value)) throw new GarbledAnswerError();
  return Number(value);
}

function labelsOf(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(entriesOf(value).map(([key, text]) => [key, textOf(text)]));
}

// --- status --------------------------------------------------------------------------------------

/** The words for a container whose program runs. */
const IS_ALIVE = new Set(["running", "stopping", "paused"]);

/** The state that a runtime's word means; null: nobody knows that word. */
function stateOf({ state, finishedAt }: Container): SessionState | null {
  switch (state) {
    case "running":
    // podman has asked it to end, and it has not yet.
    case "stopping":
      return "running";
    case "exited":
    // podman 4, for a moment: ended, and not yet cleaned up.
    case "stopped":
    // Ended, and its restart policy waits before it starts it again.
    case "restarting":
      return "exited";
    case "dead":
    case "removing":
      return finishedAt === null ? "stopped" : "exited";
    case "paused":
    case "created":
    case "configured":
    case "initialized":
      return "stopped";
    default:
      return null;
  }
}

/** The session that a container is. */
export function statusOfContainer(
  container: Container,
  { runtime, kept }: {
    readonly runtime: Runtime;
    /** Whether it is known that kstops stopped it. */
    readonly kept: boolean;
  },
): SessionStatus {
  const { id, name, pid, exitCode, image, ports, details } = container;
  // podman's list knows only seconds: one and the same time must not have two values.
  const time = runtime === "podman" ? inSeconds : (date: Date | null) => date;
  const record = recordOf(container);
  const known = stateOf(container);
  const state = known === "exited" && kept ? "stopped" : known ?? "unknown";
  const isAlive = IS_ALIVE.has(container.state);
  const ended = exitCode === null || isAlive ? null : howItEnded(exitCode);
  return {
    name,
    backend: "container",
    state,
    // podman 4 keeps it for a container that ended while nobody looked after it.
    pid: isAlive ? pid : null,
    exitCode: ended?.exitCode ?? null,
    signal: ended?.signal ?? null,
    createdAt: time(container.createdAt),
    finishedAt: time(container.finishedAt),
    managed: isManaged(container),
    defined: false,
    engine: runtime,
    engineState: container.state,
    socketName: null,
    windowCount: null,
    attached: null,
    id,
    image,
    ports,
    // What was asked for: a runtime puts its entry point and its init before it.
    command: record === null ? container.command : record.command ?? container.command,
    workingDir: record?.working_dir ?? details?.workingDir ?? null,
    reason: known === null
      ? `${runtime} calls its state ${container.state}, which this version of kstops does not know`
      : reasonOf(container, runtime),
    leftovers: null,
  };
}

function inSeconds(date: Date | null): Date | null {
  return date === null ? null : new Date(Math.floor(date.getTime() / 1000) * 1000);
}

function reasonOf({ state, details }: Container, runtime: Runtime): string | null {
  if (details?.outOfMemory) return OUT_OF_MEMORY;
  if (state === "restarting") {
    return `${runtime} starts it again and again (${details?.restarts ?? 0} times so far)`;
  }
  return details?.error ?? null;
}

/** Whether kstops created it: its label says so, and for that very name. */
export function isManaged({ name, labels }: Container): boolean {
  return labels[SESSION_LABEL] === name;
}

/** Whether the container itself says that stopping it needs a yes. */
export function isProtected(container: Container): boolean {
  return isManaged(container) && container.labels[PROTECTED_LABEL] === "true";
}

/** What a managed container was started from; null where nobody knows. */
export function recordOf(container: Container): DefinitionRecord | null {
  const text = container.labels[DEFINITION_LABEL];
  if (text === undefined || !isManaged(container)) return null;
  try {
    const record = fieldsOf(JSON.parse(text));
    // Anybody can write a label.
    const isWhole = Object.entries(RECORD_SHAPE).every(([key, is]) => is(record[key]));
    return isWhole ? record as unknown as DefinitionRecord : null;
  } catch {
    return null;
  }
}

const RECORD_SHAPE: Readonly<Record<keyof DefinitionRecord, (value: unknown) => boolean>> = {
  image: isText,
  command: (value) => value === null || isTexts(value),
  working_dir: isTextOrNull,
  env: isTexts,
  volumes: isTexts,
  log_volume: isTextOrNull,
  ports: isTexts,
  network: isTextOrNull,
  user: isTextOrNull,
  restart: isTextOrNull,
  run_args: isTexts,
  stop_signal: isTextOrNull,
  stop_timeout: isNumber,
  log_capture: (value) => typeof value === "boolean",
  log_max_bytes: isNumber,
  log_keep: isNumber,
};

function isNumber(value: unknown): boolean {
  return typeof value === "number";
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function isTextOrNull(value: unknown): boolean {
  return value === null || isText(value);
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every(isText);
}

// --- failures ------------------------------------------------------------------------------------

/** Why a call failed. */
export interface Failure {
  readonly kind:
    /** No daemon is there to ask. */
    | "not_running"
    /** There is no such container. */
    | "not_found"
    | "name_taken"
    | "no_image"
    /** The runtime lacks the small init that it was told to use. */
    | "no_init"
    /** Its log driver gives nothing back. */
    | "no_log"
    | "other";
  /** In one line. */
  readonly reason: string;
}

/** Reads what a client said when it failed. */
export function parseFailure(stderr: string): Failure {
  const reason = reasonIn(stderr);
  return { kind: kindOf(stderr), reason };
}

const KINDS: readonly (readonly [Failure["kind"], RegExp])[] = [
  // Somebody is there, and does not let us in; podman says that it cannot connect then, too.
  ["other", /permission denied while trying to connect|connect: permission denied/i],
  [
    "not_running",
    // The second is that of docker 29; the last is said when its streams are asked for.
    /is the docker daemon running|if the daemon is running|cannot connect to podman|connection refused|raw stream connection: dial unix .*: no such file/i,
  ],
  ["name_taken", /name "[^"]*" is already in use/i],
  ["no_init", /(docker-init|catatonit)\b.{0,200}?(not found|no such file)|init binary/i],
  ["no_log", /logging driver does not support reading|container is not logging output/i],
  ["no_image", /no such image|image not known|unable to find image|not present locally/i],
  ["not_found", /no such container|no container with name or ID|marked for removal/i],
];

function kindOf(stderr: string): Failure["kind"] {
  return KINDS.find(([, pattern]) => pattern.test(stderr))?.[0] ?? "other";
}

/** The line that tells: without the client's own prefixes, and its advice to read the help. */
function reasonIn(stderr: string): string {
  const lines = stderr.split("\n").map((line) => line.trim()).filter((line) =>
    line !== "" && !/^(See|Run|Try|Usage:|WARNING:) /.test(line) &&
    !/^time=\S+ level=(warning|info)/.test(line)
  );
  const said = lines.find((line) => /^(docker: )?Error\b/.test(line)) ??
    lines.find((line) => /error/i.test(line)) ?? lines.at(-1) ?? "";
  const reason = logged(said)
    .replace(/^(docker: )?(Error response from daemon: |Error: )*/, "")
    .replace(/^failed to open the raw stream connection: /, "Cannot connect to the Docker daemon: ")
    .replace(/^(runc: |crun: )/, "")
    .replace(/^(failed to create (shim task|task for container): )+/, "")
    .replace(/^OCI runtime create failed: runc create failed: /, "")
    .replace(/^runc create failed: /, "")
    .replace(/(: unknown|: OCI runtime attempted to invoke a command that was not found)\.?$/, "")
    .replace(/: OCI permission denied\.?$/, "")
    .replace(/\.$/, "");
  return reason === "" ? "it said nothing" : reason;
}

/** The message of a line of podman's log: `time="…" level=error msg="…"`. */
function logged(line: string): string {
  const [, quoted] = line.match(/^time=\S+ level=\S+ msg=("(?:[^"\\]|\\.)*")/) ?? [];
  if (quoted === undefined) return line;
  try {
    return String(JSON.parse(quoted)).replaceAll(/\s*\n\s*/g, " ").trim();
  } catch {
    return quoted.slice(1, -1);
  }
}

/**
 * What the runtime's init prints when it cannot execute the program (tini 0.19, catatonit 0.1):
 * nothing of it was the program's.
 */
export function neverExecuted(output: string): string | null {
  const [line = "", ...rest] = output.trim().split(/\r?\n/);
  if (rest.length > 0) return null;
  const tini = line.match(/^\[FATAL tini \(\d+\)\] exec (.*) failed: (.*)$/);
  if (tini) return tini[2] ?? "";
  const catatonit = line.match(/^ERROR \(catatonit:\d+\): failed to exec \S+: (.*)$/);
  return catatonit?.[1] ?? null;
}
