/** What a start leaves alone, and what it ends first. */
import type { Session, StartOptions } from "../backends/backend.ts";
import { descriptorOf } from "../backends/registry.ts";
import { quote, SessionConfigError, SessionExistsError } from "../errors.ts";
import type { Definition, Owner } from "../model.ts";
import { isSameOwner, isStrange, type Self } from "../owner.ts";
import { existsAsAnothers } from "./elsewhere.ts";
import type { LivingRun } from "./recorded.ts";

/** What a start is for: a definition, and the config that is in force. */
export interface Starting {
  readonly definition: Definition;
  readonly self: Self;
  /** Whether to leave sessions of nobody alone, too, since no name was given (`--all`). */
  readonly ownOnly?: boolean | undefined;
}

/**
 * Whether a start must leave a session alone: it belongs neither to me nor to the owner of the
 * start.
 */
export function isInTheWay(owner: Owner, { definition, self, ownOnly = false }: Starting): boolean {
  return (ownOnly || isStrange(owner, self)) && !isSameOwner(owner, definition.owner);
}

/**
 * Makes sure that a start replaces no session of another config, not even an ended one.
 *
 * @throws {SessionExistsError} `session_exists`
 */
export function refuseStrange(sessions: readonly Session[], starting: Starting): void {
  const strange = sessions.find(({ status }) => isInTheWay(status, starting));
  if (strange !== undefined) throw existsAsAnothers(strange.status);
}

/**
 * Makes sure that the backend can execute a program again if its policy says so.
 *
 * @throws {SessionConfigError} `value_invalid`
 */
export function refusePolicy({ name, backend, restart }: Definition): void {
  const { restarts, where } = descriptorOf(backend);
  if (restarts !== null || restart === null || restart === "no") return;
  throw new SessionConfigError(
    `Cannot start ${quote(name)}: nothing executes a program again ${where({ backend })}`,
    { hint: `leave its restart policy ${quote(restart)} out` },
  );
}

/** Ends what the last run left behind, unless its program lives. */
export async function clearLastRun(
  { name, backend }: Definition,
  living: LivingRun,
  { say = () => {} }: StartOptions,
): Promise<void> {
  const { program } = living.remains;
  if (program !== null) {
    throw new SessionExistsError(name, "it is already running", {
      backend,
      hint: `look at it with kstops status ${name}, or replace it with kstops restart ${name}`,
      details: { socket_name: living.run.begun?.socketName ?? null, pid: program.pid },
    });
  }
  await living.end();
  say(`${name}: ended what its last run left behind: ${living.names}`);
}
