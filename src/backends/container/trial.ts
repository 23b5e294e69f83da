/**
 * A container that is created to see whether the runtime would create another one like it. It never
 * runs, has none of the marks of a session, and is removed at once. Pure.
 */
import { type Call, type RunPlan, settingsOf } from "./args.ts";
import type { Client } from "./clients.ts";
import type { Container } from "./parse.ts";

/** The label of such a container; its value is also the end of its name. */
const TRIAL_LABEL = "io.kstops.trial";

/** The name of the trial of that id. */
function trialName(id: string): string {
  return `kstops-trial-${id}`;
}

/** Whether a container is a trial. A container that has run is not, whatever its label says. */
export function isTrial({ name, engineName, state, labels }: Container): boolean {
  const id = labels[TRIAL_LABEL];
  return id !== undefined && (engineName ?? name) === trialName(id) && NEVER_RAN.has(state);
}

/** At this age the trial of another process must be a leftover: its kstops was killed. */
const ABANDONED_MS = 120_000;

/** Whether a container is a trial that nobody removes any more. */
export function isAbandoned(container: Container, now: Date): boolean {
  const { createdAt } = container;
  return isTrial(container) && createdAt !== null &&
    now.getTime() - createdAt.getTime() > ABANDONED_MS;
}

/** The runtimes' states of containers that have not run, or that are being removed. */
const NEVER_RAN: ReadonlySet<string> = new Set([
  "created",
  "configured",
  "initialized",
  "removing",
]);

/** Creates the trial of a definition. It needs no variables, and nothing may start it by itself. */
export function createTrial({ runtime, program }: Client, plan: RunPlan): Call {
  const { definition, runId, init } = plan;
  const runArgs = withoutTraces(definition.runArgs);
  const restart = definition.restart === null ? null : harmless(definition.restart);
  const argv = [
    ...[program, "create", "--interactive"],
    ...(definition.tty ? ["--tty"] : []),
    "--pull=never",
    ...(init ? ["--init"] : []),
    ...["--name", trialName(runId), "--label", `${TRIAL_LABEL}=${runId}`],
    ...settingsOf(runtime, { ...definition, restart, runArgs }),
  ];
  return { argv, env: {} };
}

/** Removes the trial of that id, with the volumes that only it has. */
export function removeTrial({ program }: Client, id: string): string[] {
  return [program, "rm", "--force", "--volumes", "--", trialName(id)];
}

/** The id of a trial. */
export function trialId({ labels }: Container): string {
  return labels[TRIAL_LABEL] ?? "";
}

/**
 * A restart policy that the runtime accepts or refuses like the given one, but that starts nothing
 * which has never run: docker's daemon starts a container with `always`, however it was created.
 */
function harmless(policy: string): string {
  return /^(always|unless-stopped)$/.test(policy) ? "on-failure" : policy;
}

/** Flags that create a file, which would be in the way of the start itself. */
const MAKES_SOMETHING: ReadonlySet<string> = new Set(["--cidfile"]);

/** Flags that `run` has but `create` does not (docker 20.10 to 28, podman 4.3). */
const ONLY_RUN: ReadonlySet<string> = new Set([
  ...["--detach-keys", "--passwd", "--preserve-fds", "--rmi", "--sig-proxy"],
]);
/** Those of them that take a separate word as their value. */
const ONLY_RUN_WITH_VALUE: ReadonlySet<string> = new Set(["--detach-keys", "--preserve-fds"]);

/**
 * The same arguments for the runtime, without those that leave something behind, or that only a
 * start has.
 */
function withoutTraces(runArgs: readonly string[]): readonly string[] {
  const kept: string[] = [];
  for (let index = 0; index < runArgs.length; index++) {
    const word = runArgs[index] ?? "";
    const [flag = ""] = word.split("=");
    const hasOwnWord = word === flag;
    const value = hasOwnWord ? runArgs[index + 1] ?? "" : word.slice(flag.length + 1);
    if (ONLY_RUN.has(flag)) {
      if (hasOwnWord && ONLY_RUN_WITH_VALUE.has(flag)) index++;
    } else if (flag === "--restart") {
      kept.push(`${flag}=${harmless(value)}`);
      if (hasOwnWord) index++;
    } else if (MAKES_SOMETHING.has(flag) || (flag === "--pod" && value.startsWith("new:"))) {
      if (hasOwnWord) index++;
    } else {
      kept.push(word);
    }
  }
  return kept;
}
