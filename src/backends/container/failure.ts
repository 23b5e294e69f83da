/** Finds in a client's own words why it failed. Pure. */

/** Why a call failed. */
export interface Failure {
  readonly kind:
    /** There is no daemon to ask. */
    | "not_running"
    /** There is no such container. */
    | "not_found"
    | "name_taken"
    | "no_image"
    /** The registry of an image does not answer, or not properly. */
    | "no_registry"
    /** The runtime lacks the small init that it was told to use. */
    | "no_init"
    /** Its log driver cannot return the output. */
    | "no_log"
    | "other";
  /** In one line. */
  readonly reason: string;
}

/** Parses the message of a client that failed. */
export function parseFailure(stderr: string): Failure {
  const reason = reasonIn(stderr);
  return { kind: kindOf(stderr), reason };
}

const KINDS: readonly (readonly [Failure["kind"], RegExp])[] = [
  // The daemon is there, but refuses access; podman then also says that it cannot connect.
  ["other", /permission denied while trying to connect|connect: permission denied/i],
  // The client or its daemon asked another server, which may have refused the connection. A daemon
  // is also asked by HTTP, but never for /v2/.
  [
    "no_registry",
    /pinging container registry|initializing source docker:|Get "?https?:\/\/[^\s"]*\/v2\//i,
  ],
  [
    "not_running",
    // The second is from docker 29; the last comes when its streams are requested.
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

/** The decisive line, without the client's prefixes and its advice to read the help. */
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
 * The message of the runtime's init that it cannot execute the program (tini 0.19, catatonit 0.1),
 * if that is all output: then nothing of it came from the program.
 */
export function neverExecuted(output: string): string | null {
  const [line = "", ...rest] = output.trim().split(/\r?\n/);
  if (rest.length > 0) return null;
  const tini = line.match(/^\[FATAL tini \(\d+\)\] exec (.*) failed: (.*)$/);
  if (tini) return tini[2] ?? "";
  const catatonit = line.match(/^ERROR \(catatonit:\d+\): failed to exec \S+: (.*)$/);
  return catatonit?.[1] ?? null;
}
