/** Tells one engine from another of the same kind. */
import type { World } from "../world/world.ts";

/**
 * Which engine of a kind is asked here, as a text to compare: `host 1000 TMUX_TMPDIR=/run/t`. An
 * engine asked elsewhere (on another machine with the same home, by another user, over another
 * socket) knows nothing of the sessions of this one.
 *
 * @param ledBy the variables that lead a client to another engine than usual
 */
export function whereIs(
  ledBy: readonly string[],
  { hostname, uid, env }: Pick<World, "hostname" | "uid" | "env">,
): string {
  const led = ledBy.flatMap((name) => env(name) ? [`${name}=${env(name)}`] : []);
  return [hostname(), uid() ?? "-", ...led].join(" ");
}

/**
 * Whether an engine described by {@link whereIs} is on this machine and of this user, whatever
 * leads to it.
 */
export function isOfThisMachine(
  where: string,
  { hostname, uid }: Pick<World, "hostname" | "uid">,
): boolean {
  const here = `${hostname()} ${uid() ?? "-"}`;
  return where === here || where.startsWith(`${here} `);
}
