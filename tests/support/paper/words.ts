/**
 * The words of a third backend, which keeps its sessions in plain files. With them, all of the program
 * is compiled as if there were three: what is a closed pair of words does not compile.
 */
import { BACKENDS, type BackendType, type Engine, ENGINES } from "../../../src/model.ts";
import type { TmuxDefinition } from "../../../src/model.ts";

/** What a session on paper is started from. */
export interface PaperDefinition extends Omit<TmuxDefinition, "backend" | "socketName"> {
  readonly backend: "paper";
}

declare module "../../../src/model.ts" {
  interface Definitions {
    readonly paper: PaperDefinition;
  }
  interface Engines {
    readonly paper: true;
  }
}

/** Makes the words known to what reads records. */
export function addWords(): void {
  (BACKENDS as BackendType[]).push("paper");
  (ENGINES as Engine[]).push("paper");
}
