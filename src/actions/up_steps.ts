/**
 * What has to be done so that the sessions of a config run as it defines them, and in which order.
 * Pure: `plan` shows these steps, and `up` does exactly them.
 */
import { type Dependency, withNeeds } from "../config/dependencies.ts";
import type { OpsError } from "../errors.ts";
import type { BackendType, SessionStatus } from "../model.ts";
import { type Change, changesText } from "../model/change.ts";
import { goesOn } from "./rollback.ts";
import { endedText } from "./words.ts";

/**
 * What a step does. `blocked`: nobody can tell what there is, or it cannot be started so; nothing is
 * done.
 */
export const ACTIONS = ["start", "restart", "stop", "keep", "blocked"] as const;
/** What a step does with its session. */
export type Action = typeof ACTIONS[number];

/** One step of a plan. */
export interface Step {
  readonly name: string;
  readonly backend: BackendType;
  readonly action: Action;
  /** Why, in words. */
  readonly cause: string;
  /** What differs; only of a `restart`, or of a `keep` that would have been one. */
  readonly changes: readonly Change[];
  /** The sessions of the plan that have to come before. */
  readonly needs: readonly Dependency[];
  /** The state before the step; null: nothing was there. */
  readonly status: SessionStatus | null;
  /** Of `blocked`: why. */
  readonly trouble: OpsError | null;
  /** Keys of the config that do not apply where it is to run. */
  readonly leftOut: readonly string[];
}

/** A session of the config, and what was seen of it. */
export interface Wanted {
  readonly name: string;
  readonly backend: BackendType;
  readonly needs: readonly Dependency[];
  /** Whether it is done once it has ended with success. */
  readonly isTask: boolean;
  readonly successCodes: readonly number[];
  /** Null: it is in no engine. */
  readonly status: SessionStatus | null;
  /** In what it differs from its definition. */
  readonly changes: readonly Change[];
  /** Why its engine does not tell, or it cannot be started so; null: neither. */
  readonly trouble: OpsError | null;
  /** Keys of the config that do not apply where it is to run. */
  readonly leftOut: readonly string[];
}

/**
 * The steps in the order of work: first what is in no config any more ends, then each session comes
 * behind those that it needs.
 *
 * @param leftOver sessions that this config started and does not define any more
 * @param options.restart whether sessions that differ are restarted
 */
export function planSteps(
  wanted: readonly Wanted[],
  leftOver: readonly SessionStatus[],
  { restart }: { readonly restart: boolean },
): readonly Step[] {
  const all = new Map(wanted.map((each) => [each.name, each]));
  const needs = new Map(wanted.map(({ name, needs }) => [name, needs]));
  const ordered = withNeeds(wanted.map(({ name }) => name), needs);
  return [
    ...leftOver.map((status): Step => ({
      name: status.name ?? "",
      backend: status.backend,
      action: "stop",
      cause: "the config does not define it any more",
      ...{ changes: [], needs: [], status, trouble: null, leftOut: [] },
    })),
    ...ordered.flatMap((name) => {
      const each = all.get(name);
      return each === undefined ? [] : [stepOf(each, { restart, isThere: (n) => all.has(n) })];
    }),
  ];
}

function stepOf(
  wanted: Wanted,
  { restart, isThere }: {
    readonly restart: boolean;
    readonly isThere: (name: string) => boolean;
  },
): Step {
  const { name, backend, status, changes, trouble, leftOut } = wanted;
  const needs = wanted.needs.filter((need) => isThere(need.name));
  const step = (action: Action, cause: string): Step => ({
    ...{ name, backend, action, cause, needs, status, trouble, leftOut },
    changes: action === "restart" || action === "keep" ? changes : [],
  });
  if (trouble !== null) return step("blocked", troubleText(trouble));
  if (status === null || status.state === "defined") return step("start", "it does not run");
  const isChanged = changes.length > 0;
  if (goesOn(status)) {
    if (!isChanged) return step("keep", "it runs as it is defined");
    return restart
      ? step("restart", `changed: ${changesText(changes)}`)
      : step("keep", `it runs with another definition: ${changesText(changes)}`);
  }
  const isDone = wanted.isTask && status.state === "exited" && status.signal === null &&
    status.exitCode !== null && wanted.successCodes.includes(status.exitCode);
  if (isDone && !isChanged) return step("keep", "it is done");
  if (isDone && !restart) return step("keep", `it is done, as it was: ${changesText(changes)}`);
  if (status.state !== "exited") return step("start", "it does not run");
  const ended = endedText(status);
  return step("start", isChanged ? `${ended}; changed: ${changesText(changes)}` : ended);
}

/** `its engine cannot be asked`, or what its definition lacks. */
function troubleText({ code, message }: OpsError): string {
  if (code === "backend_unavailable" || code === "backend_not_found") {
    return "its engine cannot be asked";
  }
  return message.replace(/^Cannot start "[^"]*": /, "it cannot be started so: ");
}

/** Whether a step changes anything. */
export function isChange({ action }: Step): boolean {
  return action === "start" || action === "restart" || action === "stop";
}
