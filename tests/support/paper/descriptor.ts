/** The paper backend's descriptor. */
import type { Descriptor } from "../../../src/backends/descriptor.ts";
import { BackendNotFoundError } from "../../../src/errors.ts";
import { ok } from "../../../src/model/finding.ts";
import "./words.ts";

/** Sessions whose programs are processes without any engine, and whose records are plain files. */
export const PAPER: Descriptor = {
  backend: "paper",
  where: () => "on paper",
  meant: () => "paper",
  open: async (world, { logs }) => {
    const { paperRunner } = await import("./runner.ts");
    return paperRunner(world, { logs });
  },
  doctor: () =>
    Promise.resolve(() => Promise.resolve({ findings: [ok("paper", "there is paper")] })),
  can: { attach: false, pid: true, keep: false },
  restarts: null,
  ledBy: () => [],
  isOver: ({ state }) => state === "exited",
  killed: "it was killed",
  notFound: (asked, reason, extras) =>
    new BackendNotFoundError(`Cannot ask ${asked}: ${reason}`, extras),
};
