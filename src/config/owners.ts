/** Whose files and directories are as good as my own. */
import type { World } from "../world/world.ts";

/** Users who could run commands as me anyway: me, root, and under sudo who called it. Null: all. */
export function trustedOwners(world: World): readonly number[] | null {
  const me = world.uid();
  if (me === null) return null;
  const sudo = world.env("SUDO_UID") ?? "";
  return me === 0 && /^[0-9]+$/.test(sudo) ? [me, Number(sudo)] : [me, 0];
}
