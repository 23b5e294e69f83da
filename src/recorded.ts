/** Sessions that no engine has any more, and that nobody stopped: what is recorded of them. */
import type { Session } from "./backends/backend.ts";
import { SessionAttachError } from "./errors.ts";
import { type SessionStatus, statusOf } from "./model.ts";
import type { World } from "./world.ts";
import { endOf, type Run } from "./logs/runs.ts";
import type { LogStore } from "./logs/store.ts";
import { whereIs } from "./logs/where.ts";

/** The sessions that ended, and whose end nobody has taken note of by stopping or starting them. */
export interface Recorded {
  /** The one of that name; null: it was stopped, or never ran. */
  readonly named: (name: string) => Promise<Session | null>;
  /** All but those with these names. */
  readonly others: (names: ReadonlySet<string>) => Promise<readonly Session[]>;
}

/** What is recorded in a log store. */
export function recordedIn(store: LogStore, world: World): Recorded {
  const named: Recorded["named"] = async (name) => {
    const run = await store.newestRun(name);
    // Another engine than the one that is asked now may have it still.
    if (run?.begun == null || run.begun.where !== whereIs(run.begun.engine, world)) return null;
    const status = statusOfRun(name, run);
    return status === null ? null : sessionOf({ store, now: world.now, run, status });
  };
  return {
    named,
    others: async (names) => {
      const rest = (await store.names()).filter((name) => !names.has(name));
      return (await Promise.all(rest.map(named))).filter((session) => session !== null);
    },
  };
}

/**
 * Whether what a session printed can be read. Of one that its engine has lost only what the store
 * has is left: without it nobody can say whether it printed anything.
 */
export async function hasOutput(
  store: LogStore,
  { recorded, run, status }: Session,
): Promise<boolean> {
  if (!recorded || run === null) return true;
  return await outputOfRun(store, status.name ?? "", run) !== undefined;
}

async function outputOfRun(
  store: LogStore,
  name: string,
  run: string,
): Promise<string | undefined> {
  return (await store.outputs(name)).findLast((output) => output.endsWith(`-${run}`));
}

/** The status of a session that its engine has no more; null: it was stopped, or nobody knows where it was. */
export function statusOfRun(name: string, run: Run): SessionStatus | null {
  const { begun, ended, stopped } = run;
  if (begun === null || stopped !== null) return null;
  const gone = `${begun.engine} has it no more`;
  const known = ended === null
    ? `${gone}, and nobody saw how it ended`
    : `${gone}: this was recorded`;
  const reason = ended?.reason ?? null;
  return statusOf({
    name,
    backend: begun.backend,
    state: "exited",
    ...endOf(run),
    createdAt: begun.at,
    managed: true,
    engine: begun.engine,
    socketName: begun.socketName,
    image: begun.image,
    workingDir: begun.workingDir,
    reason: reason === null ? known : `${reason}; ${known}`,
  });
}

function sessionOf(
  { store, now, run, status }: {
    readonly store: LogStore;
    readonly now: () => Date;
    readonly run: Run;
    readonly status: SessionStatus;
  },
): Session {
  const name = status.name ?? "";
  return {
    status,
    protected: false,
    recorded: true,
    run: run.id,
    stop: async () => {
      await store.record(name, { event: "stopped", run: run.id, at: now(), hadEnded: true });
      return { ...status, state: "stopped", reason: null };
    },
    attach: () =>
      Promise.reject(
        new SessionAttachError(name, "it has ended", {
          backend: status.backend,
          hint: `kstops logs ${name} shows what it printed, kstops start starts it again`,
        }),
      ),
    logs: async (options) => {
      const output = await outputOfRun(store, name, run.id);
      return output === undefined ? new Uint8Array() : await store.read(output, options);
    },
    follow: (options, abort) => store.follow(name, options, abort),
    definition: () => Promise.resolve(null),
  };
}
