/** Which sessions flags mean: where they are, and whose. Pure. */
import { UsageError } from "../errors.ts";
import type { BackendType, Runtime } from "../model.ts";
import type { Selection } from "./sessions.ts";

/** Flags that choose a place, or whose session it is, as a command line or a request gives them. */
export interface PlaceFlags {
  readonly backend?: BackendType | undefined;
  readonly socket?: string | undefined;
  readonly runtime?: Runtime | undefined;
  /** The project, or the path of the config, whose session is meant. */
  readonly project?: string | undefined;
}

/**
 * The selection that the flags make.
 *
 * @throws {UsageError} `usage`: there is no such place
 */
export function selectionOf(
  { backend, socket, runtime, project, all }: PlaceFlags & { readonly all?: true | undefined },
): Selection {
  if (socket !== undefined && (backend === "container" || runtime !== undefined)) {
    throw notTogether("--socket", {
      other: runtime === undefined ? "--backend container" : "--runtime",
      only: "tmux",
    });
  }
  if (runtime !== undefined && backend === "tmux") {
    throw notTogether("--runtime", { other: "--backend tmux", only: "containers" });
  }
  return { backend, socketName: socket, runtime, project, ownOnly: all };
}

function notTogether(flag: string, { other, only }: { other: string; only: string }): UsageError {
  return new UsageError(`Cannot use ${flag} with ${other}: it is only for ${only}`, {
    hint: `leave out ${flag}, or ${other}`,
  });
}
