/** The container backend's descriptor. */
import { ContainerRuntimeNotFoundError } from "../../errors.ts";
import { RUNTIMES } from "../../model.ts";
import { isOpen, type PlaceSelector } from "../../model/place.ts";
import type { Descriptor } from "../descriptor.ts";
import { LEADS } from "./leads.ts";

/** Containers of podman and docker. */
export const CONTAINER: Descriptor = {
  backend: "container",
  where: (place) => `as ${meant(place)}`,
  meant,
  open: async (world, { logs, engineTimeoutMs, say }) => {
    const { containerRunner } = await import("./runner.ts");
    return containerRunner(world, { logs, engineTimeoutMs, say });
  },
  doctor: async () => (await import("./doctor.ts")).examineContainers,
  can: { attach: true, pid: false, keep: true },
  restarts: "engine",
  // podman has no daemon that could.
  bringsBack: (engine) => engine === "docker",
  ledBy: (engine) => RUNTIMES.flatMap((runtime) => runtime === engine ? LEADS[runtime] : []),
  isOver: ({ state, engineState }) =>
    (state === "exited" || state === "stopped") && OVER.has(engineState ?? ""),
  killed: "it was killed; its runtime does not say that memory ran out",
  notFound: (_, reason, extras) =>
    new ContainerRuntimeNotFoundError(`Cannot look for containers: ${reason}`, extras),
};

/** The engines' states of ended containers. */
const OVER: ReadonlySet<string> = new Set(["exited", "stopped", "dead"]);

function meant({ engine }: PlaceSelector): string {
  return `a container${isOpen(engine) ? "" : ` of ${engine}`}`;
}
