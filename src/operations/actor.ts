/** Who asks for operations. */
import type { World } from "../world/world.ts";
import type { Actor } from "./machine.ts";

/** The user of kstops here, as far as the environment tells. */
export function actorOf(world: World, version: string): Actor {
  const client = world.env("SSH_CONNECTION") ?? world.env("SSH_CLIENT");
  return {
    user: world.env("USER") ?? world.env("LOGNAME") ?? null,
    uid: world.uid(),
    sudoUser: world.env("SUDO_USER") ?? null,
    sshClient: client?.split(" ")[0] || null,
    tty: (world.terminal.stdinIsTerminal ? world.terminal.device() : null) ??
      world.env("SSH_TTY") ?? null,
    version,
  };
}
