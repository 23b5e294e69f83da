/** The backends, each loaded on demand. A new one needs one more line here. */
import type { BackendType } from "../model.ts";
import { CONTAINER } from "./container/descriptor.ts";
import type { Descriptor } from "./descriptor.ts";
import { TMUX } from "./tmux/descriptor.ts";

/** Every backend that this version has, in the order in which they are asked. */
export const REGISTRY: Descriptor[] = [TMUX, CONTAINER];

/** The backend of that name. */
export function descriptorOf(backend: BackendType): Descriptor {
  const found = REGISTRY.find((each) => each.backend === backend);
  if (found === undefined) throw new TypeError(`there is no backend ${backend}`);
  return found;
}
