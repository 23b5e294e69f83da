/** Parses what podman and docker say about their containers. Pure. */
import { type Health, HEALTH_WORDS, isExitCode, momentOf, type PortBinding } from "../../model.ts";
import {
  countOf,
  entriesOf,
  type Fields,
  fieldsOf,
  GarbledAnswerError,
  isRow,
  labelsOf,
  listOf,
  numberOf,
  parseJson,
  type RowReader,
  rowReader,
  textOf,
  understood,
  wordOf,
  wordsOf,
} from "./fields.ts";

/** A container as its runtime describes it. */
export interface Container {
  /** Empty when it cannot be understood. */
  readonly id: string;
  /** The name of its session if it has one; empty when it cannot be understood. */
  readonly name: string;
  /** Its name in the runtime, if that is now another one. */
  readonly engineName?: string;
  /** The runtime's own word: `running`, `exited`, `paused`, ... Empty when it cannot be understood. */
  readonly state: string;
  readonly pid: number | null;
  /** Null until it has ended. */
  readonly exitCode: number | null;
  readonly createdAt: Date | null;
  readonly finishedAt: Date | null;
  readonly image: string | null;
  /** Null when the runtime does not tell. */
  readonly imageId: string | null;
  readonly command: readonly string[] | null;
  readonly ports: readonly PortBinding[];
  readonly labels: Readonly<Record<string, string>>;
  /** Its health, or what that was while it ran; null: it has no health check. */
  readonly health: Health | null;
  /** What only a closer look tells; null: there was none. */
  readonly details: Details | null;
  /** What cannot be understood about it, or null. */
  readonly unread: Unread | null;
}

/** What cannot be understood about a container. */
interface Unread {
  readonly reason: string;
  /** Whether its identity, its owner and its state are known all the same. */
  readonly isKnown: boolean;
}

/** What `inspect` tells about a container, but podman's list does not. */
export interface Details {
  readonly workingDir: string | null;
  readonly tty: boolean;
  readonly env: Readonly<Record<string, string>>;
  readonly outOfMemory: boolean;
  /** The runtime's own error message. */
  readonly error: string | null;
  /** When its program was last started; null: never. */
  readonly startedAt: Date | null;
  /** Whether, and when, the runtime restarts it: `no`, `always`, ...; null: unknown. */
  readonly restartPolicy: string | null;
  /** How often it is restarted after failures; 0: no limit. */
  readonly mostRestarts: number;
  /** How often its restart policy has started it again. */
  readonly restarts: number;
  /** The most memory that it may use, 0: no limit; null: unknown. */
  readonly memoryBytes: number | null;
  /** Whether its runtime removes it when it ends (`--rm`). */
  readonly removesItself: boolean;
  /** podman's file of its output, on the machine of the runtime; null: it has another log. */
  readonly logPath: string | null;
}

/** The states of a container whose program runs. */
export const IS_ALIVE: ReadonlySet<string> = new Set(["running", "stopping", "paused"]);

/** Without these fields nobody knows its identity, its owner or its state. */
const NEEDED: ReadonlySet<string> = new Set(["Id", "Name", "Names", "State", "Config", "Labels"]);

function unreadIn(reader: RowReader): Unread | null {
  const fields = reader.unread();
  if (fields.length === 0) return null;
  const last = fields.at(-1);
  const list = fields.length === 1 ? last : `${fields.slice(0, -1).join(", ")} and ${last}`;
  return {
    reason: `what the runtime says of it could not be understood: its ${list}`,
    isKnown: !fields.some((field) => NEEDED.has(field)),
  };
}

/** A container that is only known to exist. */
export function unreadable(
  { id = "", name = "", reason }: {
    readonly id?: string;
    readonly name?: string;
    readonly reason: string;
  },
): Container {
  return {
    ...{ id, name, state: "", pid: null, exitCode: null, createdAt: null, finishedAt: null },
    ...{
      image: null,
      imageId: null,
      command: null,
      ports: [],
      labels: {},
      health: null,
      details: null,
    },
    unread: { reason, isKnown: false },
  };
}

/** Why nothing is known about an existing container. */
export const NO_ROW = "what the runtime says of it could not be understood";

/**
 * The containers in podman's list (`ps --format json`, podman 4 and 5). An unreadable one is still
 * listed.
 *
 * @throws {GarbledAnswerError} it is not a list
 */
export function parsePodmanList(stdout: string): Container[] {
  return understood(() => listOf(parseJson(stdout))).map((row) =>
    isRow(row) ? podmanListed(fieldsOf(row)) : unreadable({ reason: NO_ROW })
  );
}

function podmanListed(row: Fields): Container {
  const reader = rowReader();
  const { read } = reader;
  const time = (field: string) => read(field, () => secondsOf(row[field]), null);
  const finishedAt = row["Exited"] === true ? time("ExitedAt") : null;
  return {
    id: read("Id", () => wordOf(row["Id"]), ""),
    name: read("Names", () => wordOf(listOf(row["Names"])[0]), ""),
    state: read("State", () => wordOf(row["State"]), ""),
    pid: read("Pid", () => numberOf(row["Pid"]) || null, null),
    exitCode: finishedAt === null
      ? null
      : read("ExitCode", () => exitCodeOf(row["ExitCode"]), null),
    createdAt: time("Created"),
    finishedAt,
    image: read("Image", () => textOf(row["Image"]) || null, null),
    imageId: read("ImageID", () => withoutPrefix(textOf(row["ImageID"])) || null, null),
    command: read("Command", () => wordsOf(row["Command"]), null),
    ports: read("Ports", () => listOf(row["Ports"]).flatMap(podmanPorts).sort(byPort), []),
    labels: read("Labels", () => labelsOf(row["Labels"]), {}),
    health: read("Status", () => healthOf(/\(([a-z]+)\)$/.exec(textOf(row["Status"]))?.[1]), null),
    details: null,
    unread: unreadIn(reader),
  };
}

/** The health of a container, in the words of both runtimes; `none` or nothing: it has no check. */
function healthOf(word: unknown): Health | null {
  const text = textOf(word);
  if (text === "" || text === "none") return null;
  return HEALTH_WORDS.find((known) => known === text) ?? "unknown";
}

/** The id of an image; docker puts the kind of its hash before it. */
export function withoutPrefix(id: string): string {
  return id.replace(/^sha256:/, "");
}

const MOST_PORTS = 65_535;

/** podman's list has nothing where podman 5's `inspect` names every address. */
function podmanAddress(text: string): string | null {
  return text === "" || text === "0.0.0.0" ? null : text;
}

/** The runtimes, and podman's own list and `inspect`, sort differently. */
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

/** When the runtimes have lost it, they report -1, or a code that no program can end with. */
function exitCodeOf(value: unknown): number | null {
  const code = numberOf(value);
  return isExitCode(code) ? code : null;
}

/**
 * The containers that `inspect` describes, of both runtimes. One that has gone meanwhile is
 * missing; an unreadable one is still listed.
 *
 * @throws {GarbledAnswerError} it is not a list
 */
export function parseInspected(stdout: string): Container[] {
  return understood(() => listOf(parseJson(stdout))).map((row) =>
    isRow(row) ? inspected(fieldsOf(row)) : unreadable({ reason: NO_ROW })
  );
}

/** The container that `inspect` describes, in the words of either runtime. */
export function inspected(whole: Fields): Container {
  const reader = rowReader();
  const { read } = reader;
  const state = read("State", () => fieldsOf(whole["State"]), {});
  const config = read("Config", () => fieldsOf(whole["Config"]), {});
  const host = read("HostConfig", () => fieldsOf(whole["HostConfig"] ?? {}), {});
  const time = (field: string, of: Fields) => read(field, () => timeOf(of[field]), null);
  const finishedAt = time("FinishedAt", state);
  const word = read("State", () => wordOf(state["Status"]), "");
  const hasEnded = finishedAt !== null && !IS_ALIVE.has(word);
  return {
    id: read("Id", () => wordOf(whole["Id"]), ""),
    name: read("Name", () => wordOf(textOf(whole["Name"]).replace(/^\//, "")), ""),
    state: word,
    pid: read("Pid", () => numberOf(state["Pid"]) || null, null),
    exitCode: hasEnded ? read("ExitCode", () => exitCodeOf(state["ExitCode"]), null) : null,
    createdAt: time("Created", whole),
    finishedAt: hasEnded ? finishedAt : null,
    // The requested name (docker's own `Image` is an id).
    image: read("Image", () => textOf(whole["ImageName"] ?? config["Image"]) || null, null),
    imageId: read("Image", () => withoutPrefix(textOf(whole["Image"])) || null, null),
    command: read("Command", () => commandOf(whole, config), null),
    ports: read("Ports", () => portsOf(whole, host).sort(byPort), []),
    labels: read("Labels", () => labelsOf(config["Labels"]), {}),
    // Without a check docker leaves it out. podman before 4.0 had another name for it.
    health: read(
      "Health",
      () => healthOf(fieldsOf(state["Health"] ?? state["Healthcheck"] ?? {})["Status"]),
      null,
    ),
    details: {
      workingDir: read("WorkingDir", () => textOf(config["WorkingDir"]) || "/", null),
      tty: config["Tty"] === true,
      env: read("Env", () => variablesOf(config["Env"]), {}),
      outOfMemory: state["OOMKilled"] === true,
      error: read("Error", () => textOf(state["Error"]) || null, null),
      startedAt: time("StartedAt", state),
      restartPolicy: read(
        "RestartPolicy",
        () => textOf(fieldsOf(host["RestartPolicy"] ?? {})["Name"]) || null,
        null,
      ),
      mostRestarts: read(
        "RestartPolicy",
        () => countOf(fieldsOf(host["RestartPolicy"] ?? {})["MaximumRetryCount"]),
        0,
      ),
      restarts: read("RestartCount", () => countOf(whole["RestartCount"]), 0),
      memoryBytes: read("Memory", () => countOf(host["Memory"]), null),
      removesItself: host["AutoRemove"] === true,
      logPath: read("LogConfig", () => logPathOf(fieldsOf(host["LogConfig"] ?? {})), null),
    },
    unread: unreadIn(reader),
  };
}

/**
 * The networks of the containers that `inspect` describes, by container id: their names, `host`,
 * `container:ID` and the like.
 *
 * @throws {GarbledAnswerError}
 */
export function parseNetworks(stdout: string): ReadonlyMap<string, readonly string[]> {
  return understood(() =>
    new Map(
      listOf(parseJson(stdout)).map((row) => {
        const whole = fieldsOf(row);
        const mode = textOf(fieldsOf(whole["HostConfig"] ?? {})["NetworkMode"]);
        const joined = fieldsOf(fieldsOf(whole["NetworkSettings"] ?? {})["Networks"] ?? {});
        return [textOf(whole["Id"]), [...new Set([mode, ...Object.keys(joined)])]];
      }),
    )
  );
}

function logPathOf({ Type: type, Path: path }: Fields): string | null {
  const text = textOf(path);
  return textOf(type) === "k8s-file" && text.startsWith("/") ? text : null;
}

/** Only podman's `inspect` has that key. */
function isOfPodman(whole: Fields): boolean {
  return "ImageName" in whole;
}

/**
 * docker runs `Path` with `Args`. podman 4.3 repeats a command of one word there, and puts its init
 * before the command; its list has only the command.
 */
function commandOf(whole: Fields, config: Fields): readonly string[] | null {
  if (isOfPodman(whole)) return wordsOf(config["Cmd"]);
  const path = textOf(whole["Path"]);
  return path === "" ? null : [path, ...listOf(whole["Args"]).map(textOf)];
}

/** `{"80/tcp": [{"HostIp": "", "HostPort": "8080"}], "81/tcp": null}`. */
function portsOf(whole: Fields, host: Fields): PortBinding[] {
  const addressOf = isOfPodman(whole) ? podmanAddress : (text: string) => text || null;
  const running = entriesOf(fieldsOf(whole["NetworkSettings"] ?? {})["Ports"]);
  // A container that does not run has no ports; these are the ones that it would get again.
  const wanted = entriesOf(host["PortBindings"]);
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

/** A time in RFC 3339, with up to nanoseconds; the year 1 means never. */
function timeOf(value: unknown): Date | null {
  const text = textOf(value).replace(/(\.\d{3})\d*/, "$1");
  return momentOf(Date.parse(text));
}

function protocolOf(text: string): PortBinding["protocol"] {
  return text === "udp" || text === "sctp" ? text : "tcp";
}
