/** Telling one engine from another of the same kind. */
import type { World } from "../world/world.ts";

/**
 * Which engine of all those of that kind is asked here, as a text to compare: `host 1000 TMUX_TMPDIR=/run/t`.
 * One that is asked elsewhere (on another machine with the same home, by another user, over another
 * socket) says nothing about the sessions of this one.
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

/** Whether an engine told by {@link whereIs} is one of this machine and user, whatever leads to it. */
export function isOfThisMachine(
  where: string,
  { hostname, uid }: Pick<World, "hostname" | "uid">,
): boolean {
  const here = `${hostname()} ${uid() ?? "-"}`;
  return where === here || where.startsWith(`${here} `);
}
