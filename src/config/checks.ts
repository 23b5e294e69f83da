/** The rules for texts, by the names that the tables of keys have for them. */
import { SessionConfigError } from "../errors.ts";
import type { CheckName } from "../keys/form.ts";
import { validateImageName } from "../validate/image.ts";
import { validateProjectName } from "../validate/name.ts";
import { validatePorts } from "../validate/ports.ts";
import { validateSocketName } from "../validate/socket_name.ts";
import { validateVolumes } from "../validate/volumes.ts";
import type { Mistake } from "./interpolate.ts";
import {
  checkDirectory,
  checkNetwork,
  checkRestart,
  checkRunArg,
  checkText,
  checkUser,
  reasonOf,
} from "./rules.ts";

/** Throws {@link SessionConfigError} for a value that is not allowed. */
export type Check = (value: string) => unknown;

/** What a text has to please. */
export const CHECKS: Readonly<Record<CheckName, Check>> = {
  directory: checkDirectory,
  image: validateImageName,
  network: checkNetwork,
  port: (port) => validatePorts([port]),
  project: validateProjectName,
  restart: checkRestart,
  runArgument: checkRunArg,
  socketName: validateSocketName,
  text: checkText,
  user: checkUser,
  volume: (volume) => validateVolumes([volume]),
};

/** What a list of texts has to please as a whole. */
const LIST_CHECKS: Partial<Record<CheckName, (values: readonly string[]) => unknown>> = {
  port: validatePorts,
  volume: validateVolumes,
};

/** Throws {@link SessionConfigError} for the first of the values that is not allowed, or their number. */
export function checkList(check: CheckName, values: readonly string[]): void {
  const whole = LIST_CHECKS[check];
  if (whole === undefined) values.forEach(CHECKS[check]);
  else whole(values);
}

/** What a check has against a value: nothing, or one thing. */
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
