/** Reads the labels of a container. Pure. */
import { decodeRecord } from "../../keys/record.ts";
import { DEFINITION_LABEL, type DefinitionRecord, PROTECTED_LABEL, SESSION_LABEL } from "./args.ts";
import type { Container } from "./parse.ts";

/** Whether kstops created it: its label says so, for this very name (see `origin.ts`). */
export function isManaged({ name, labels }: Pick<Container, "name" | "labels">): boolean {
  return name !== "" && labels[SESSION_LABEL] === name;
}

/** Whether the container itself says that stopping it needs a yes. */
export function isProtected(container: Container): boolean {
  return isManaged(container) && container.labels[PROTECTED_LABEL] === "true";
}

/**
 * The definition that a managed container was started from, by any version of kstops; null:
 * unknown.
 */
export function recordOf(container: Container): DefinitionRecord | null {
  const text = container.labels[DEFINITION_LABEL];
  return text === undefined || !isManaged(container) ? null : decodeRecord(text, "container");
}
