/** The backends, each loaded when it is asked. */
import type { LogStore } from "../logs/store.ts";
import type { BackendType } from "../model.ts";
import type { World } from "../world/world.ts";
import type { Runner } from "./backend.ts";

/** What backends work with. */
interface BackendSettings {
  /** Name or path of the tmux program: the config may still be read. */
  readonly tmuxBinary: () => Promise<string>;
  readonly logs: LogStore;
  /** How long an engine may be silent: the config may still be read. */
  readonly engineTimeoutMs: () => Promise<number>;
  /** Tells the user that an engine does not answer yet; missing: nobody is there to read it. */
  readonly say?: ((text: string) => void) | undefined;
}

/** A backend, which is loaded when it is needed. */
interface Backend {
  readonly backend: BackendType;
  readonly open: (world: World, settings: BackendSettings) => Promise<Runner>;
}

/** Every backend that this version has. */
export const REGISTRY: readonly Backend[] = [
  {
    backend: "tmux",
    open: async (world, { tmuxBinary, logs, engineTimeoutMs, say }) => {
      const [{ tmuxRunner }, binary, patienceMs] = await Promise.all([
        import("./tmux/runner.ts"),
        tmuxBinary(),
        engineTimeoutMs(),
      ]);
      return tmuxRunner(world, { binary, logs, engineTimeoutMs: patienceMs, say });
    },
  },
  {
    backend: "container",
    open: async (world, { logs, engineTimeoutMs, say }) => {
      const { containerRunner } = await import("./container/runner.ts");
      return containerRunner(world, { logs, engineTimeoutMs, say });
    },
  },
];
