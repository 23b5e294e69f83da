/** Waiting for what sessions need in other sessions. */
import { quote, SessionStartError, WaitTimeoutError } from "../errors.ts";
import type { BackendType, Condition, Definition, SessionStatus } from "../model.ts";
import { shellWord } from "../shell.ts";
import type { ChangeTools } from "./tools.ts";

/** The error of a session that was not begun, since what it needs is not there. */
export function notBegun(
  { name, backend }: { readonly name: string; readonly backend: BackendType },
  needed: { readonly name: string },
  error: unknown,
): SessionStartError {
  // A start that failed has told so itself; one that came and did not last has not.
  const why = error instanceof WaitTimeoutError || error instanceof NotMetError
    ? `: ${reasonIn(error)}`
    : ", which failed";
  return new SessionStartError(
    name,
    `it was not begun, since it needs ${quote(needed.name)}${why}`,
    {
      backend,
      hint: `mend ${needed.name}, then: kstops up`,
    },
  );
}

/** `Cannot start "db": it was stopped meanwhile`: what stands behind the name. */
function reasonIn({ message }: Error): string {
  return message.replace(/^Cannot [^"]*"[^"]*": /, "");
}

/** A condition that cannot be met any more. */
class NotMetError extends SessionStartError {}

/** Waits until a session meets a condition; each condition of a session is waited for once. */
type Conditions = (
  name: string,
  status: SessionStatus | null,
  condition: Condition,
  options?: { readonly isOptional: boolean },
) => Promise<void>;

/** How often the states of sessions are looked at while something waits for them. */
const LOOK_MS = 500;

/**
 * @param deadline the moment after which nothing is waited for, in milliseconds since 1970
 */
export function conditionsFor(
  tools: ChangeTools,
  definitions: ReadonlyMap<string, Definition>,
  deadline: number,
): Conditions {
  const waiting = new Map<string, Promise<void>>();
  const readyOf = async (
    definition: Definition,
    status: SessionStatus | null,
    isOptional: boolean,
  ): Promise<void> => {
    const { ready, name, backend } = definition;
    if (ready === null) {
      if (isOptional) return;
      throw new NotMetError(name, "it has no key ready, so nobody can tell when it is", {
        backend,
        hint: "give it ready:, or depend on it as started",
      });
    }
    if (status === null) return;
    const { untilReady } = await import("./ready.ts");
    await within(
      tools,
      untilReady(tools, ready, { definition, started: status }),
      { name, deadline, what: "ready" },
    );
  };
  return async (name, status, condition, { isOptional = false } = { isOptional: false }) => {
    const definition = definitions.get(name);
    if (condition === "started" || definition === undefined) return;
    const key = `${condition} ${name}`;
    const known = waiting.get(key);
    if (known !== undefined) return await known;
    const begun = condition === "ready" ? readyOf(definition, status, isOptional) : tools.during(
      condition === "healthy" ? "waiting until it is healthy" : "waiting until it is done",
      () => untilState(tools, definition, { condition, deadline }),
      { session: name },
    );
    // The optional wait of one that has no key is no answer for one that needs it.
    if (!(isOptional && definition.ready === null)) waiting.set(key, begun);
    return await begun;
  };
}

/** Waits until a session is healthy, or has ended with success. */
async function untilState(
  tools: ChangeTools,
  definition: Definition,
  { condition, deadline }: {
    readonly condition: "healthy" | "completed";
    readonly deadline: number;
  },
): Promise<void> {
  const { name, backend } = definition;
  const codes = [0, ...("successExitCodes" in definition ? definition.successExitCodes : [])];
  for (;;) {
    const match = await tools.sessions().find("wait for", name, { ownOnly: true });
    if (match.kind === "defined" && match.trouble !== null) throw match.trouble;
    const { status } = match;
    const hint = `kstops why ${shellWord(name)} tells more`;
    const goesOn = status.state === "running" || status.nextRestartAt !== null ||
      status.engineState === "restarting";
    if (match.kind === "defined") {
      throw new NotMetError(name, "it was stopped meanwhile", { backend });
    }
    if (condition === "healthy") {
      if (status.health === "healthy") return;
      if (!goesOn) throw new NotMetError(name, "it ended before it was healthy", { backend, hint });
      if (status.state === "running" && status.health === null) {
        throw new NotMetError(name, "it has no health check", {
          backend,
          hint: "depend on it as started or ready",
        });
      }
    } else if (!goesOn) {
      const { exitCode, signal } = status;
      if (signal === null && exitCode !== null && codes.includes(exitCode)) return;
      const how = signal !== null ? `ended by ${signal}` : `exit code ${exitCode ?? "unknown"}`;
      throw new NotMetError(name, `it was to end with success, and did not: ${how}`, {
        ...{ backend, hint },
        details: { exit_code: exitCode, signal },
      });
    }
    if (tools.world.now().getTime() >= deadline) throw late(name, condition);
    await tools.world.sleep(LOOK_MS);
  }
}

async function within<T>(
  { world }: ChangeTools,
  work: Promise<T>,
  { name, deadline, what }: {
    readonly name: string;
    readonly deadline: number;
    readonly what: string;
  },
): Promise<T> {
  if (deadline === Infinity) return await work;
  let isOver = false;
  const timer = (async (): Promise<never> => {
    while (world.now().getTime() < deadline) {
      await world.sleep(Math.min(LOOK_MS, Math.max(1, deadline - world.now().getTime())));
      if (isOver) return await new Promise(() => {});
    }
    throw late(name, what);
  })();
  try {
    return await Promise.race([work, timer]);
  } finally {
    isOver = true;
  }
}

function late(name: string, what: string): WaitTimeoutError {
  return new WaitTimeoutError(name, {
    reason: `it was not ${what} when the time was up`,
    hint: `it goes on: kstops status ${shellWord(name)} shows it`,
  });
}
