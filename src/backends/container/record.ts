/** Keeps what must outlive a container: how it ended, and what it printed. */
import { SessionNotFoundError } from "../../errors.ts";
import { DEFAULT_LOG, NOBODY, OUT_OF_MEMORY } from "../../model.ts";
import type { StopOptions } from "../backend.ts";
import { RUN_LABEL } from "./args.ts";
import type { Context } from "./ask.ts";
import type { Client } from "./clients.ts";
import { lastBytesOf, UnreadableLogError } from "./logs.ts";
import { recordOf } from "./labels.ts";
import type { Container } from "./parse.ts";
import { executionsIn } from "./status.ts";

/** The run of a managed container. */
function runOf({ labels, id }: Container): string {
  return labels[RUN_LABEL] ?? id.slice(0, 12);
}

/** Keeps how a container ended, and what it printed, after it is gone. */
export async function keepEnd(
  context: Context,
  client: Client,
  container: Container,
): Promise<void> {
  await recordEnd(context, container);
  if (container.finishedAt !== null) await save(context, client, container);
}

/** Records how a container ended; one that never ran did not end. */
export async function recordEnd(context: Context, container: Container): Promise<void> {
  const { name, exitCode, finishedAt, details } = container;
  if (finishedAt === null) return;
  const again = details === null ? null : executionsIn(container, details);
  await context.logs.record(name, {
    event: "ended",
    run: runOf(container),
    at: finishedAt,
    exitCode,
    reason: details?.outOfMemory ? OUT_OF_MEMORY : null,
    ...(again === null || again.restarts === 0 ? {} : { again }),
  });
}

/** Records that a container was stopped, and when: it may be started again without kstops. */
export async function recordStop(
  { logs, world }: Context,
  container: Container,
  { hadEnded, atShutdown }: Pick<StopOptions, "atShutdown"> & { readonly hadEnded: boolean },
): Promise<void> {
  const at = container.finishedAt ?? world.now();
  const run = runOf(container);
  // The runtime asks first: it has killed a program that took longer than its time.
  const isKilled = !hadEnded && container.exitCode === 137 && !container.details?.outOfMemory;
  const forced = isKilled ? { forced: true } : {};
  const shutdown = atShutdown ? { atShutdown } : {};
  await logs.record(container.name, {
    event: "stopped",
    run,
    at,
    hadEnded,
    ...forced,
    ...shutdown,
  });
}

async function save(context: Context, client: Client, container: Container): Promise<void> {
  const record = recordOf(container);
  const policy = { ...record?.log ?? DEFAULT_LOG, NOBODY, owner: record?.owner ?? NOBODY };
  if (!policy.capture) return;
  try {
    const keepBytes = policy.maxBytes * policy.keep;
    const last = await lastBytesOf(context, client, { container, keepBytes });
    await context.logs.save(container.name, runOf(container), { ...last, ...policy });
  } catch (error) {
    // Somebody else is just removing it.
    if (error instanceof SessionNotFoundError) return;
    // An unreadable log must not keep a session in its runtime for ever.
    if (!(error instanceof UnreadableLogError)) throw error;
    context.logs.notKept(error.message);
  }
}
