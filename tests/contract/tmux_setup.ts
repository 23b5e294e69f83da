/** The tmux backend in the private corner of a test. */
import { tmuxRunner } from "../../src/backends/tmux/runner.ts";
import { logStore } from "../../src/logs/store.ts";
import type { TmuxDefinition } from "../../src/model.ts";
import type { World } from "../../src/world/world.ts";
import { tmuxDefinition } from "../support/definitions.ts";
import type { SuiteTest } from "./suite.ts";

/** What is known of the tmux backend besides what every backend has. */
export interface TmuxSetup extends SuiteTest {
  readonly define: (
    wanted: Pick<TmuxDefinition, "name" | "argv"> & Partial<TmuxDefinition>,
  ) => TmuxDefinition;
  /** What the log store has warned of. */
  readonly warnings: readonly string[];
}

/** A runner, its logs, and definitions for it. */
export function setUpTmux(world: World, settings: { readonly binary?: string } = {}): TmuxSetup {
  const warnings: string[] = [];
  const logs = logStore(world, (text) => warnings.push(text));
  const directory = world.workingDirectory();
  return {
    runner: tmuxRunner(world, { binary: settings.binary ?? "tmux", logs }),
    logs,
    directory,
    warnings,
    define: (wanted) => tmuxDefinition({ workingDir: directory, ...wanted }),
  };
}
