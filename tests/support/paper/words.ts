/**
 * The words of a third backend, which keeps its sessions in plain files. With them the whole
 * program is compiled as if there were three: code that treats the words as a closed pair does not
 * compile.
 */
import { BACKENDS, type BackendType, type Engine, ENGINES } from "../../../src/model.ts";
import type { TmuxDefinition } from "../../../src/model.ts";

/** The definition of a session on paper. */
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

/** Adds the words for the readers of records. */
export function addWords(): void {
  (BACKENDS as BackendType[]).push("paper");
  (ENGINES as Engine[]).push("paper");
}
