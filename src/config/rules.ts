/** The rules for texts, by their names in the tables of keys. */
import { SessionConfigError } from "../errors.ts";
import type { CheckName } from "../keys/form.ts";
import { RESTART_KINDS } from "../model.ts";
import { validateImageName } from "../validate/image.ts";
import { validateProjectName, validateSessionName } from "../validate/name.ts";
import { validatePorts } from "../validate/ports.ts";
import { parseAddress, parseProbeUrl, parseRegex } from "../validate/probe.ts";
import { controlProblem, type Problem, refusal, shown } from "../validate/refusal.ts";
import { oddFlags } from "../validate/run_args.ts";
import { validateSocketName } from "../validate/socket_name.ts";
import { validateVolumes } from "../validate/volumes.ts";
import type { Mistake } from "./interpolate.ts";
import { GROUP } from "./select.ts";

/** Throws {@link SessionConfigError} for a value that is not allowed. */
type Check = (value: string) => unknown;

/** The rules for one text. */
export const CHECKS: Readonly<Record<CheckName, Check>> = {
  directory: checkDirectory,
  group: checkGroup,
  image: validateImageName,
  network: checkNetwork,
  port: (port) => validatePorts([port]),
  probeAddress: parseAddress,
  probeUrl: parseProbeUrl,
  project: validateProjectName,
  regex: parseRegex,
  restart: checkRestart,
  runArgument: checkRunArg,
  sessionName: validateSessionName,
  socketName: validateSocketName,
  text: checkText,
  user: checkUser,
  volume: (volume) => validateVolumes([volume]),
};

/** The rules for a list of texts as a whole. */
const LIST_CHECKS: Partial<Record<CheckName, (values: readonly string[]) => unknown>> = {
  port: validatePorts,
  volume: validateVolumes,
};

/**
 * Throws {@link SessionConfigError} for the first value that is not allowed, or for too many
 * values.
 */
export function checkList(check: CheckName, values: readonly string[]): void {
  const whole = LIST_CHECKS[check];
  if (whole === undefined) values.forEach(CHECKS[check]);
  else whole(values);
}

/** The mistake that a check finds in a value, as a list of none or one. */
export function mistakesOf(check: Check, value: string): readonly Mistake[] {
  try {
    check(value);
    return [];
  } catch (error) {
    return [mistakeOf(error)];
  }
}

/** A validator's error without the value. */
export function mistakeOf(error: unknown): Mistake {
  if (!(error instanceof SessionConfigError)) throw error;
  return { message: reasonOf(error), hint: error.hint };
}

/** Accepts a text that is not empty and has no control characters. */
export function checkText(value: string): void {
  check(value, "a value", () => null);
}

/** Accepts an argument for the runtime, except those that kstops sets itself. */
function checkRunArg(value: string): void {
  checkText(value);
  check(value, "an argument of run", () => {
    const refused = oddFlags([value]).find(({ isRefused }) => isRefused);
    return refused === undefined ? null : { reason: refused.problem, hint: refused.hint };
  });
}

/** Accepts a directory. Nothing expands a `~`. */
export function checkDirectory(value: string): void {
  check(value, "a directory", () => {
    if (!/^~(?:\/|$)/.test(value)) return null;
    return { reason: "it starts with ~, which is not expanded here", hint: "write ${HOME}" };
  });
}

/** Accepts the name of a group, `@NAME` on a command line. */
function checkGroup(value: string): void {
  check(value, "a group", () => {
    if (GROUP.test(value)) return null;
    return {
      reason: value.startsWith("@") ? "it begins with @" : "it is not a name",
      hint: "use up to 64 letters, digits, _ and -, beginning with a letter",
    };
  });
}

/** Accepts a network in any form that docker or podman knows, but never a flag. */
export function checkNetwork(value: string): void {
  check(value, "a network", () => {
    if (/^[A-Za-z0-9]\S*$/.test(value)) return null;
    return { reason: "it is not a name", hint: "name a network, such as backend, host or none" };
  });
}

/** Accepts `NAME[:GROUP]` or `UID[:GID]`. */
export function checkUser(value: string): void {
  check(value, "a user", () => {
    if (/^[A-Za-z0-9_][A-Za-z0-9_.-]*(?::[A-Za-z0-9_][A-Za-z0-9_.-]*)?$/.test(value)) return null;
    return { reason: "it is not a user", hint: "write NAME, UID, NAME:GROUP or UID:GID" };
  });
}

const RESTART = new RegExp(`^(?:${RESTART_KINDS.join("|")}|on-failure:[0-9]{1,9})$`);

/** Accepts what both docker-run(1) and podman-run(1) know as `--restart`. */
export function checkRestart(value: string): void {
  check(value, "a restart policy", () => {
    if (RESTART.test(value)) return null;
    return {
      reason: "it is not a restart policy",
      hint: "use no, on-failure, on-failure:3, always or unless-stopped",
    };
  });
}

function check(value: string, kind: string, rule: () => Problem | null): void {
  const problem = value === ""
    ? { reason: "it is empty", hint: "give a value, or leave the key out" }
    : controlProblem(value) ?? rule();
  if (problem !== null) throw refusal(`${shown(value)} as ${kind}`, problem);
}

/**
 * The reason in a validator's error, without the value: the end of `Cannot use VALUE as a KIND:
 * REASON`.
 */
export function reasonOf(error: SessionConfigError): string {
  const [, reason] = /^Cannot use (?:.* as (?:an? )?|[0-9]+ )[a-z ]+: (.*)$/s.exec(error.message) ??
    [];
  return reason ?? error.message;
}
