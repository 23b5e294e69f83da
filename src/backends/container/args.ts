/** Builds argument lists for podman and docker. Pure. */
import { encodeRecord, type RecordOf } from "../../keys/record.ts";
import type { ContainerDefinition } from "../../model.ts";
import type { Client } from "./clients.ts";
import { logOptions } from "./log_options.ts";

/** The label that makes a container a session of kstops; its value is the session's name. */
export const SESSION_LABEL = "io.kstops.session";
/** The label with the run of a container. */
export const RUN_LABEL = "io.kstops.run";
/** `true` on a session that needs a yes to be stopped. */
export const PROTECTED_LABEL = "io.kstops.protected";
/** The definition that the session was started from, as JSON: a {@link DefinitionRecord}. */
export const DEFINITION_LABEL = "io.kstops.definition";

/** What a container stores of its definition: everything but the values of its variables. */
export type DefinitionRecord = RecordOf<ContainerDefinition>;

/** podman's list of every container. */
export function listContainers({ program }: Client): string[] {
  return [program, "ps", "--all", "--no-trunc", "--format", "json"];
}

/**
 * A question that a runtime answers at once: docker asks its daemon, podman the server that it is
 * led to.
 */
export function askVersion({ program, dialect }: Client): string[] {
  // podman has no server of its own, but still asks the one that it is led to.
  const whose = dialect === "docker" ? "Server" : "Client";
  return [program, "version", "--format", `{{.${whose}.Version}}`];
}

/** Joins its standard streams to docker's daemon: `ssh://` contexts run the same (docker 18.09). */
export function dialDaemon({ program }: Client): string[] {
  return [program, "system", "dial-stdio"];
}

/** Everything about some containers, by id or by name, and about nothing else. */
export function inspectContainers({ program }: Client, ids: readonly string[]): string[] {
  return [program, "container", "inspect", "--", ...ids];
}

/** Everything about some images, by id. */
export function inspectImages({ program }: Client, ids: readonly string[]): string[] {
  return [program, "image", "inspect", "--", ...ids];
}

/** The ids of the images that names stand for here. */
export function idsOfImages({ program }: Client, images: readonly string[]): string[] {
  return [program, "image", "inspect", "--format", "{{.Id}}", "--", ...images];
}

/** What containers use now: docker takes two looks for it, podman tells what it was since their start. */
export function statsOf({ program, dialect }: Client, ids: readonly string[]): string[] {
  const format = dialect === "docker"
    ? ["--no-trunc", "--format", "{{json .}}"]
    : ["--format", "json"];
  return [program, "stats", "--no-stream", ...format, ...ids];
}

/** Everything about a network. */
export function inspectNetwork({ program }: Client, network: string): string[] {
  return [program, "network", "inspect", "--", network];
}

/** What looks at a container from within, and marks by which it can be found. */
interface Probing {
  readonly id: string;
  readonly mark: string;
}

/** Marks a program that looks at a container. */
const PROBE_VARIABLE = "KSTOPS_PROBE";

/** Runs a program in a container. */
export function execInContainer(
  { program }: Client,
  { id, mark, argv }: Probing & { readonly argv: readonly string[] },
): string[] {
  return [program, "exec", "--env", `${PROBE_VARIABLE}=${mark}`, id, ...argv];
}

/** Runs a program in a container, on the streams of the client. */
export function execHere(
  { program }: Client,
  { id, argv, hasTerminal }: {
    readonly id: string;
    readonly argv: readonly string[];
    /** Whether the program gets a terminal, as the client has one. */
    readonly hasTerminal: boolean;
  },
): string[] {
  const terminal = hasTerminal ? ["--tty", "--env", "TERM"] : [];
  return [program, "exec", "--interactive", ...terminal, id, ...argv];
}

/** Kills in a container what {@link execInContainer} ran there; needs a shell and grep. */
const END_MARKED = 'for each in /proc/[0-9]*; do grep -q "$1" "$each/environ" && ' +
  'kill -9 "${each#/proc/}"; done 2>/dev/null';

/** Ends what {@link execInContainer} runs, with everything that it has started. */
export function endMarked({ program }: Client, { id, mark }: Probing): string[] {
  return [program, "exec", id, "sh", "-c", END_MARKED, "kstops", `${PROBE_VARIABLE}=${mark}`];
}

/** What {@link runContainer} needs besides the definition. */
export interface RunPlan {
  readonly definition: ContainerDefinition;
  readonly runId: string;
  /** Whether the runtime's small init is the first process: it passes signals on, and reaps. */
  readonly init: boolean;
}

/** A call and its other inputs. */
export interface Call {
  readonly argv: readonly string[];
  /** Variables of the client's own environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/**
 * Starts a container. `ps` never shows values of variables: they come in the environment of the
 * client, or on its standard input if they would change what the client does.
 */
export function runContainer({ runtime, program }: Client, plan: RunPlan): Call {
  const { definition, runId, init } = plan;
  const { name } = definition;
  const { byEnvironment, byFile } = splitVariables(definition.env);
  const lines = Object.entries(byFile).map(([key, value]) => `${key}=${value}\n`);
  const labels = {
    [SESSION_LABEL]: name,
    [RUN_LABEL]: runId,
    ...(definition.protected ? { [PROTECTED_LABEL]: "true" } : {}),
    [DEFINITION_LABEL]: encodeRecord(definition),
  };
  const argv = [
    ...[program, "run", "--detach", "--interactive"],
    ...(definition.tty ? ["--tty"] : []),
    "--pull=never",
    ...(init ? ["--init"] : []),
    ...["--name", name],
    ...Object.entries(labels).flatMap(([key, value]) => ["--label", `${key}=${value}`]),
    ...Object.keys(byEnvironment).flatMap((key) => ["--env", key]),
    ...(lines.length === 0 ? [] : ["--env-file", "/dev/stdin"]),
    ...settingsOf(runtime, definition),
  ];
  const call = { argv, env: byEnvironment };
  return lines.length === 0 ? call : { ...call, stdin: lines.join("") };
}

/** The settings of a container from its definition, without its variables, and its program. */
export function settingsOf(
  runtime: Client["runtime"],
  definition: ContainerDefinition,
): readonly string[] {
  const { network, user, restart, stopSignal, workingDir } = definition;
  return [
    ...volumesOf(definition).flatMap((volume) => ["--volume", volume]),
    ...definition.ports.flatMap((port) => ["--publish", port]),
    ...option("--workdir", workingDir),
    ...option("--network", network),
    ...option("--user", user),
    ...option("--restart", restart),
    ...option("--stop-signal", stopSignal),
    ...["--stop-timeout", String(definition.stopTimeoutSeconds)],
    ...logOptions(runtime, definition),
    ...definition.runArgs,
    ...["--", definition.image],
    ...(definition.argv ?? []),
  ];
}

/** All mounts of a definition. */
function volumesOf({ volumes, logVolume }: ContainerDefinition): readonly string[] {
  return logVolume === null ? volumes : [...volumes, logVolume];
}

function option(flag: string, value: string | null): string[] {
  return value === null ? [] : [flag, value];
}

/** Variables that change what the clients, or the programs that they call, do. */
const OF_THE_CLIENT = new RegExp(
  "^(PATH|HOME|TMPDIR|GODEBUG|GOTRACEBACK|REGISTRY_AUTH_FILE|GLIBC_TUNABLES|.*_PROXY|" +
    "(DOCKER_|BUILDKIT_|_?CONTAINER|PODMAN_|STORAGE_|XDG_|LD_|SSH_|SSL_CERT_|DBUS_|NOTIFY_|LISTEN_|" +
    "_LIBCONTAINER_|_OCI_).*)$",
  "i",
);

/** Whether a variable of that name would change what the client itself does. */
export function isOfTheClient(key: string): boolean {
  return OF_THE_CLIENT.test(key);
}

function splitVariables(env: ContainerDefinition["env"]): {
  readonly byEnvironment: Record<string, string>;
  readonly byFile: Record<string, string>;
} {
  const entries = Object.entries(env);
  return {
    byEnvironment: Object.fromEntries(entries.filter(([key]) => !isOfTheClient(key))),
    byFile: Object.fromEntries(entries.filter(([key]) => isOfTheClient(key))),
  };
}

/** Gets an image from its registry. */
export function pullImage({ program }: Client, image: string): string[] {
  return [program, "pull", "--", image];
}

/** Waits until a container ends. */
export function waitFor({ program }: Client, id: string): string[] {
  return [program, "wait", "--", id];
}

/** The ids of containers. */
export type Ids = readonly string[];

/** Asks containers to end, and kills them after so many seconds. */
export function stopContainers({ program }: Client, ids: Ids, seconds: number): string[] {
  return [program, "stop", "-t", String(seconds), "--", ...ids];
}

/** Ends and starts a container as it is; kills it after so many seconds. */
export function restartContainer({ program }: Client, id: string, seconds: number): string[] {
  return [program, "restart", "-t", String(seconds), "--", id];
}

/** Kills containers without any other signal before. */
export function killContainers({ program }: Client, ...ids: Ids): string[] {
  return [program, "kill", "--signal", "KILL", "--", ...ids];
}

/** Sends a signal to the first process of a container. */
export function signalContainer({ program }: Client, id: string, signal: string): string[] {
  return [program, "kill", "--signal", signal, "--", id];
}

/** Continues a paused container. */
export function unpauseContainer({ program }: Client, id: string): string[] {
  return [program, "unpause", "--", id];
}

/** Removes containers that do not run; running ones and volumes stay. */
export function removeContainers({ program }: Client, ...ids: Ids): string[] {
  return [program, "rm", "--", ...ids];
}

/** Ends and removes a container, in one step: nothing can start it again in between. */
export function endAndRemove({ program, dialect }: Client, id: string, seconds: number): string[] {
  const grace = dialect === "podman" ? ["--time", String(seconds)] : [];
  return [program, "rm", "--force", ...grace, "--", id];
}

/** Removes the restart policy of containers (docker; podman 5.1, one at a time). */
export function endRestartPolicies({ program }: Client, ...ids: Ids): string[] {
  return [program, "update", "--restart", "no", ...ids];
}

/** The wanted part of a container's output. */
interface LogQuestion {
  /** `Infinity`: all. */
  readonly lines: number;
  readonly since?: Date | null;
  readonly timestamps?: boolean;
  /** Whether to go on until the container ends. */
  readonly follow?: boolean;
}

/** The output of a container. */
export function containerLogs({ program }: Client, id: string, question: LogQuestion): string[] {
  const { lines, since = null, timestamps = false, follow = false } = question;
  return [
    ...[program, "logs"],
    ...(Number.isFinite(lines) ? ["--tail", String(lines)] : []),
    ...(since === null ? [] : ["--since", since.toISOString()]),
    ...(timestamps ? ["--timestamps"] : []),
    ...(follow ? ["--follow"] : []),
    ...["--", id],
  ];
}

/** The keys that give the terminal back, whatever the user's own config of the client says. */
const DETACH_KEYS = "ctrl-p,ctrl-q";

/** Hands this terminal to a container. */
export function attachContainer({ program }: Client, id: string): string[] {
  return [program, "attach", "--detach-keys", DETACH_KEYS, "--", id];
}

/**
 * Shows on this terminal what a container prints from now on. Not `attach --no-stdin`: podman then
 * has no key that ends it, and docker passes Ctrl-C on.
 */
export function watchContainer({ program }: Client, id: string): string[] {
  return [program, "logs", "--follow", "--tail", "0", "--", id];
}
