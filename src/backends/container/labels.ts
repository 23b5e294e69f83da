/** What the labels of a container say. Pure. */
import { decodeRecord } from "../../keys/record.ts";
import { DEFINITION_LABEL, type DefinitionRecord, PROTECTED_LABEL, SESSION_LABEL } from "./args.ts";
import type { Container } from "./parse.ts";

/** Whether kstops created it: its label says so, and for that very name (see `origin.ts`). */
export function isManaged({ name, labels }: Pick<Container, "name" | "labels">): boolean {
  return name !== "" && labels[SESSION_LABEL] === name;
}

/** Whether the container itself says that stopping it needs a yes. */
export function isProtected(container: Container): boolean {
  return isManaged(container) && container.labels[PROTECTED_LABEL] === "true";
}

/** What a managed container was started from, by whatever version; null where nobody knows. */
export function recordOf(container: Container): DefinitionRecord | null {
  const text = container.labels[DEFINITION_LABEL];
  return text === undefined || !isManaged(container) ? null : decodeRecord(text, "container");
}
