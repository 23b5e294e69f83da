/** The backends, one line each. */
import type { LogStore } from "../logs/store.ts";
import type { World } from "../world.ts";
import type { Runner } from "./backend.ts";
import { containerRunner } from "./container/runner.ts";
import { tmuxRunner } from "./tmux/runner.ts";

/** What backends work with. */
export interface BackendSettings {
  /** Name or path of the tmux program. */
  readonly tmuxBinary: string;
  readonly logs: LogStore;
}

/** Makes every backend that this version has. */
export const REGISTRY: readonly ((world: World, settings: BackendSettings) => Runner)[] = [
  (world, { tmuxBinary, logs }) => tmuxRunner(world, { binary: tmuxBinary, logs }),
  (world, { logs }) => containerRunner(world, { logs }),
];
