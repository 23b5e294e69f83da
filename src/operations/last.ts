/** What kstops last did to a session. Pure. */
import type { SessionStatus } from "../model.ts";
import type { Operation } from "./machine.ts";
import { placeName } from "./operate.ts";

/**
 * The operations on just that session, in the order in which they were given. One of the same name at
 * another place is another one; of an operation that ended before it had found its session, and of a
 * session that is only defined, nobody knows the place.
 */
export function operationsOn(
  { name, state, backend, engine, socketName }: SessionStatus,
  operations: readonly Operation[],
): readonly Operation[] {
  const here = state === "defined" || backend === null
    ? null
    : placeName({ backend, engine, socketName });
  return operations.filter(({ session, place }) =>
    session === name && (place === null || here === null || place === here)
  );
}
