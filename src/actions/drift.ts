/** Finds out in what sessions that run differ from what the config says now. */
import type { Session } from "../backends/backend.ts";
import { OpsError } from "../errors.ts";
import { valueAt } from "../keys/paths.ts";
import { ALL_SESSION_KEYS } from "../keys/session_keys.ts";
import type { Definition, SessionStatus } from "../model.ts";
import type { Change } from "../model/change.ts";
import type { Listing } from "../sessions/sessions.ts";
import { definitionFor } from "./definitions.ts";
import { goesOn } from "./rollback.ts";
import type { Tools } from "./tools.ts";

/** The status with the keys in which the session runs something else than its definition says. */
export async function withDrift(
  tools: Tools,
  { status, session }: { readonly status: SessionStatus; readonly session: Session },
): Promise<SessionStatus> {
  const { name, managed, defined } = status;
  if (name === null || !managed || !defined || session.recorded || !goesOn(status)) return status;
  // Whoever starts it hears what is odd about its definition.
  const silent = { ...tools, warn: () => {}, verbose: false };
  try {
    const { definition } = await definitionFor(silent, name, {});
    const changes = await changesOf(session, definition);
    return { ...status, drift: changes.map(({ key }) => key) };
  } catch (error) {
    // Its definition has a mistake, or its engine does not tell: nobody knows.
    if (error instanceof OpsError) return status;
    throw error;
  }
}

/** The same for a whole list. */
export async function withDrifts(
  tools: Tools,
  { statuses, sessionOf }: Pick<Listing, "statuses" | "sessionOf">,
): Promise<readonly SessionStatus[]> {
  return await Promise.all(statuses.map(async (status) => {
    const session = sessionOf(status);
    return session === null ? status : await withDrift(tools, { status, session });
  }));
}

/**
 * In what a session differs from its definition. Of a foreign one nobody knows what it was started
 * from.
 */
export async function changesOf(session: Session, wanted: Definition): Promise<readonly Change[]> {
  const running = await session.definition();
  if (running === null) return [];
  const changes = changesBetween(running, wanted);
  if (running.backend !== wanted.backend) return changes;
  const altered = await session.altered?.() ?? [];
  return [...changes, ...altered.filter(({ key }) => changes.every((each) => each.key !== key))];
}

/**
 * In what a session differs from its definition, by the names of keys. Where it runs is no part of
 * what it is, and neither is what its caller brings along.
 */
export function changesBetween(running: Definition, wanted: Definition): readonly Change[] {
  if (running.backend !== wanted.backend) {
    return [{ key: "backend", from: running.backend, to: wanted.backend }];
  }
  return ALL_SESSION_KEYS.flatMap(([name, { part, form, field, filled }]): Change[] => {
    if (part === undefined || part.record === null) return [];
    if (form.kind === "variables") return variableChanges(name, running.env, wanted.env);
    const path = part.at ?? field;
    const [from, to] = [valueAt(running, path) ?? null, valueAt(wanted, path) ?? null];
    if (JSON.stringify(from) === JSON.stringify(to)) return [];
    const isShown = filled !== "start" || field === "image";
    return [{ key: name, from: isShown ? shown(from) : null, to: isShown ? shown(to) : null }];
  });
}

function variableChanges(
  key: string,
  running: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): Change[] {
  const names = [...new Set([...Object.keys(running), ...Object.keys(wanted)])].toSorted();
  return names.filter((name) => running[name] !== wanted[name])
    .map((name) => ({ key: `${key}.${name}`, from: null, to: null }));
}

function shown(value: unknown): string | null {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : value === null
    ? null
    : JSON.stringify(value);
}
