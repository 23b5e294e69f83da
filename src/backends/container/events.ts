/** What podman and docker say by themselves of containers, as it happens. */
import { isExitCode, momentOf } from "../../model.ts";
import type { EngineEvent } from "../backend.ts";
import { RUN_LABEL, SESSION_LABEL } from "./args.ts";
import type { Context } from "./ask.ts";
import { type Client, findClients } from "./clients.ts";
import { OF_CLIENTS } from "./list.ts";

/** How long it takes until a runtime is asked again that has fallen silent: its daemon may start anew. */
const AGAIN_MS = 1000;

/** Tells what happens to containers of ours on every runtime, until it is aborted. */
export async function watch(
  context: Context,
  tell: (event: EngineEvent) => void,
  abort: AbortSignal,
): Promise<void> {
  const clients = await findClients(context.world);
  await Promise.all(clients.map((client) => watchOne(context, client, { tell, abort })));
}

interface Watching {
  readonly tell: (event: EngineEvent) => void;
  readonly abort: AbortSignal;
}

async function watchOne(
  { world }: Context,
  client: Client,
  { tell, abort }: Watching,
): Promise<void> {
  const read = eventReader(client);
  let last = world.now();
  while (!abort.aborted) {
    let held = "";
    const decoder = new TextDecoder();
    await world.execBytes(eventsArgv(client, last), {
      timeoutMs: Infinity,
      env: OF_CLIENTS,
      abort,
      keepBytes: 0,
      onOutput: (bytes, stream) => {
        if (stream === "stderr") return;
        const lines = (held + decoder.decode(bytes, { stream: true })).split("\n");
        held = lines.pop() ?? "";
        for (const event of lines.flatMap((line) => read(line) ?? [])) {
          if (event.at > last) last = event.at;
          tell(event);
        }
      },
    }).catch(() => {
      // It cannot be asked now; whoever asks for its sessions is told why.
    });
    if (!abort.aborted) await world.sleep(AGAIN_MS);
  }
}

/** The call that shows events since a time, and goes on. */
function eventsArgv({ program, dialect }: Client, since: Date): readonly string[] {
  const format = dialect === "docker" ? "{{json .}}" : "json";
  const seconds = (since.getTime() / 1000).toFixed(3);
  return [program, "events", "--format", format, "--filter", "type=container", "--since", seconds];
}

/**
 * Reads lines of `events`, each event once: what is asked for again after a time comes twice. The
 * first start of a container is the start of its session, which the story of its run tells.
 */
export function eventReader({ runtime, dialect }: Client): (line: string) => EngineEvent | null {
  const parse = dialect === "docker" ? parseDocker : parsePodman;
  const created = new Set<string>();
  const told: string[] = [];
  return (line) => {
    const found = parse(line);
    if (found === null || told.includes(found.key)) return null;
    told.push(found.key);
    if (told.length > MOST_TOLD) told.shift();
    const { id, action, session, run, at, exitCode } = found;
    if (action === "create") created.add(id);
    if (action === "start" && created.delete(id)) return null;
    if (action !== "start" && action !== "die") return null;
    const event = action === "start" ? "restarted" : "exited";
    return { event, session, run, engine: runtime, at, exitCode };
  };
}

/** How many events are remembered, to tell none twice. */
const MOST_TOLD = 256;

/** An event of a container of ours. */
interface Found {
  /** The same for one and the same event. */
  readonly key: string;
  readonly id: string;
  readonly action: string;
  readonly session: string;
  readonly run: string;
  readonly at: Date;
  readonly exitCode: number | null;
}

type Fields = Readonly<Record<string, unknown>>;

function parseDocker(line: string): Found | null {
  const { Action: action, Actor: actor, timeNano, time } = fieldsOf(line);
  const { ID: id, Attributes: attributes } = fieldsIn(actor);
  const ms = typeof timeNano === "number" ? timeNano / 1e6 : Number(time) * 1000;
  return found({ id, action, attributes, ms, exitCode: Number(fieldsIn(attributes)["exitCode"]) });
}

function parsePodman(line: string): Found | null {
  const { ID: id, Status, Attributes: attributes, Time, ContainerExitCode } = fieldsOf(line);
  const action = Status === "died" ? "die" : Status;
  const ms = typeof Time === "string" ? Date.parse(Time) : NaN;
  // It leaves out what is 0.
  return found({ id, action, attributes, ms, exitCode: Number(ContainerExitCode ?? 0) });
}

function found(
  { id, action, attributes, ms, exitCode }: Fields & {
    readonly ms: number;
    readonly exitCode: number;
  },
): Found | null {
  const { [SESSION_LABEL]: session, [RUN_LABEL]: run } = fieldsIn(attributes);
  const at = momentOf(ms);
  if (typeof id !== "string" || typeof action !== "string" || at === null) return null;
  if (typeof session !== "string" || typeof run !== "string") return null;
  const code = action === "die" && isExitCode(exitCode) ? exitCode : null;
  return { key: `${id} ${action} ${ms}`, id, action, session, run, at, exitCode: code };
}

function fieldsOf(line: string): Fields {
  try {
    return fieldsIn(JSON.parse(line));
  } catch {
    // Not an event, but a word of the program to its user.
    return {};
  }
}

function fieldsIn(value: unknown): Fields {
  return typeof value === "object" && value !== null ? value as Fields : {};
}
