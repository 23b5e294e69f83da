/** The tmux backend's descriptor. */
import { quote, TmuxNotFoundError } from "../../errors.ts";
import { isOpen, usualScope } from "../../model/place.ts";
import type { Descriptor } from "../descriptor.ts";
import { LEADS } from "./leads.ts";

/** Sessions on the tmux sockets of this user. */
export const TMUX: Descriptor = {
  backend: "tmux",
  where: ({ scope }) =>
    isOpen(scope) || scope === usualScope("tmux") ? "in tmux" : `in tmux${on(scope)}`,
  meant: ({ scope }) => `tmux${isOpen(scope) ? "" : on(scope)}`,
  open: async (world, { tmuxBinary, logs, engineTimeoutMs, say }) => {
    const [{ tmuxRunner }, binary, patienceMs] = await Promise.all([
      import("./runner.ts"),
      tmuxBinary(),
      engineTimeoutMs(),
    ]);
    return tmuxRunner(world, { binary, logs, engineTimeoutMs: patienceMs, say });
  },
  doctor: async () => (await import("./doctor.ts")).examineTmux,
  can: { attach: true, pid: true, keep: false },
  restarts: "keeper",
  ledBy: () => LEADS,
  isOver: ({ state }) => state === "exited",
  killed: "it was killed: by somebody, or by the kernel when memory ran out (dmesg tells)",
  notFound: (asked, reason, extras) =>
    new TmuxNotFoundError(`Cannot ask ${asked}: ${reason}`, extras),
};

function on(scope: string): string {
  return ` on socket ${quote(scope)}`;
}
