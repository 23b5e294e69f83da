/** What the labels of a container say. Pure. */
import { DEFAULT_LOG } from "../../model.ts";
import {
  booleanOr,
  decodeRecord,
  numberOr,
  type Shape,
  TEXT,
  TEXT_OR_NULL,
  TEXTS_OR_NONE,
  TEXTS_OR_NULL,
} from "../record.ts";
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

const SHAPE: Shape<DefinitionRecord> = {
  image: TEXT,
  command: TEXTS_OR_NULL,
  working_dir: TEXT_OR_NULL,
  env: TEXTS_OR_NONE,
  volumes: TEXTS_OR_NONE,
  log_volume: TEXT_OR_NULL,
  ports: TEXTS_OR_NONE,
  network: TEXT_OR_NULL,
  user: TEXT_OR_NULL,
  restart: TEXT_OR_NULL,
  tty: booleanOr(true),
  run_args: TEXTS_OR_NONE,
  stop_signal: TEXT_OR_NULL,
  stop_timeout: numberOr(10),
  log_capture: booleanOr(DEFAULT_LOG.capture),
  log_max_bytes: numberOr(DEFAULT_LOG.maxBytes),
  log_keep: numberOr(DEFAULT_LOG.keep),
  project: TEXT_OR_NULL,
  config_file: TEXT_OR_NULL,
};

/** What a managed container was started from, by whatever version; null where nobody knows. */
export function recordOf(container: Container): DefinitionRecord | null {
  const text = container.labels[DEFINITION_LABEL];
  return text === undefined || !isManaged(container) ? null : decodeRecord(SHAPE, text);
}
