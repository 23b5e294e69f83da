/** The backends, one line each. A backend is loaded when it is first needed. */
import type { LogStore } from "../logs/store.ts";
import type { BackendType } from "../model.ts";
import type { World } from "../world.ts";
import type { Runner } from "./backend.ts";

/** What backends work with. */
export interface BackendSettings {
  /** Name or path of the tmux program. */
  readonly tmuxBinary: string;
  readonly logs: LogStore;
}

type Make = (world: World, settings: BackendSettings) => Promise<Runner>;

/** Every backend that this version has. */
export const REGISTRY: Readonly<Partial<Record<BackendType, Make>>> = {
  tmux: async (world, { tmuxBinary, logs }) =>
    (await import("./tmux/runner.ts")).tmuxRunner(world, { binary: tmuxBinary, logs }),
};
