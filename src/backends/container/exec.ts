/** Running a program beside that of a container, on this terminal. Loaded when one is. */
import { execHere } from "./args.ts";
import type { Context } from "./ask.ts";
import type { Client } from "./clients.ts";
import { OF_CLIENTS } from "./list.ts";
import type { Container } from "./parse.ts";

/**
 * Runs a program in a container, with its environment and in its directory.
 *
 * @returns its exit code, as the runtime's client passes it on
 */
export async function exec(
  { world }: Context,
  client: Client,
  { container: { id }, argv }: { readonly container: Container; readonly argv: readonly string[] },
): Promise<number> {
  const { stdinIsTerminal, stdoutIsTerminal } = world.terminal;
  const hasTerminal = stdinIsTerminal && stdoutIsTerminal;
  const words = execHere(client, { id, argv, hasTerminal });
  const env = client.dialect === "podman" ? OF_CLIENTS : {};
  return (await world.interact(words, { env, showError: true }).ended).code;
}
