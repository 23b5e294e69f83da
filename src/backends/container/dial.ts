/**
 * Asks docker's daemon about everything, with one child process. `docker system dial-stdio`
 * connects to the daemon as that client does for every command (context, TLS, SSH), and joins its
 * standard streams to the connection, which speaks HTTP ([Engine API]). The client's own list tells
 * neither pids nor times, so a second client would have to ask about one container after the other.
 *
 * [Engine API]: https://docs.docker.com/reference/api/engine/
 */
import type { ExecResult, World } from "../../world/world.ts";
import { dialDaemon } from "./args.ts";
import type { Client } from "./clients.ts";
import { HTTP_OK, type Response, responseReader } from "./responses.ts";

/** The answers of a daemon. */
export interface Answers {
  /** The ids of all containers that can be read; null: there was no list. */
  readonly ids: readonly string[] | null;
  /** Its list of them, then each of them, as far as answers came. */
  readonly responses: readonly Response[];
}

/** The answers of a daemon, and how the client ended. */
export type Dialled = Answers & ExecResult;

/** How much of the client's own messages is kept, for when something goes wrong. */
const KEPT_BYTES = 16 * 1024;

/** Asks for the list of containers, then about each of them. */
export async function dial(
  world: World,
  client: Client,
  options: {
    readonly timeoutMs: number;
    readonly env: Readonly<Record<string, string>>;
    readonly abort: AbortSignal;
  },
): Promise<Dialled> {
  const reader = responseReader();
  const responses: Response[] = [];
  let ids: readonly string[] | null = null;
  const listed = Promise.withResolvers<void>();
  const garbage = new AbortController();
  const hear = (bytes: Uint8Array): void => {
    const next = reader.add(bytes);
    const [first] = next ?? [];
    if (first !== undefined && responses.length === 0) ids = idsIn(first);
    responses.push(...next ?? []);
    if (next === null) garbage.abort();
    if (responses.length > 0) listed.resolve();
  };
  async function* questions(): AsyncGenerator<string> {
    yield request("/containers/json?all=1");
    await listed.promise;
    const last = ids?.at(-1);
    // All requests at once. After the last one the daemon hangs up, and the client ends.
    yield (ids ?? []).map((id) => request(`/containers/${id}/json`, { isLast: id === last })).join(
      "",
    );
  }
  try {
    const ended = await world.exec(dialDaemon(client), {
      ...options,
      stdin: questions(),
      onOutput: (bytes, stream) => stream === "stdout" && hear(bytes),
      keepBytes: KEPT_BYTES,
      abort: AbortSignal.any([options.abort, garbage.signal]),
    });
    return { ...ended, ids, responses };
  } catch (error) {
    if (!garbage.signal.aborted) throw error;
    return { code: 0, stdout: "", stderr: "", ids, responses };
  } finally {
    // The client may have ended without a list.
    listed.resolve();
  }
}

/** Without a version: the parts of the answers that we read are the same in all versions. */
function request(path: string, { isLast } = { isLast: false }): string {
  const lines = [`GET ${path} HTTP/1.1`, "Host: docker", ...isLast ? ["Connection: close"] : []];
  return lines.map((line) => `${line}\r\n`).join("") + "\r\n";
}

/** The ids in a list of containers; null: it is not a list. Unreadable ids are left out. */
function idsIn({ status, body }: Response): readonly string[] | null {
  if (status !== HTTP_OK) return null;
  try {
    const rows: unknown = JSON.parse(body);
    return Array.isArray(rows) ? rows.map(idIn).filter((id) => id !== null) : null;
  } catch {
    return null;
  }
}

/** The id of a container in that list; null: it cannot be read. */
export function idIn(row: unknown): string | null {
  const id: unknown = typeof row === "object" && row !== null && "Id" in row ? row.Id : null;
  return typeof id === "string" && /^[0-9a-f]{64}$/.test(id) ? id : null;
}
