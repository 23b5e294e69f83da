/** What `doctor` finds: one sentence for each check. Pure. */
import type { Json } from "../errors.ts";

/**
 * The result of a check, best first. `skipped`: there is nothing to check here. `warning`: kstops
 * works, but a part of it will not. `failure`: something wanted cannot work.
 */
export const LEVELS = ["ok", "skipped", "warning", "failure"] as const;
/** The result of a check. */
export type Level = typeof LEVELS[number];

/** The facts of a finding, for scripts. */
export type Details = { readonly [key: string]: Json };

/** What one check found. */
export interface Finding {
  /** The lasting name of the check, such as `tmux.version`. */
  readonly check: string;
  readonly level: Level;
  /** The observation, in one line. */
  readonly message: string;
  /** What to do about it; a command begins with `run: `. Null: nothing. */
  readonly fix: string | null;
  readonly details: Details;
}

/** Nothing is wrong. */
export function ok(check: string, message: string, details: Details = {}): Finding {
  return { check, level: "ok", message, fix: null, details };
}

/** There is nothing to check. */
export function skipped(check: string, message: string, more: Partial<Finding> = {}): Finding {
  return { check, level: "skipped", message, fix: null, details: {}, ...more };
}

/** Something is wrong. */
export function wrong(
  level: "warning" | "failure",
  check: string,
  { message, fix, details = {} }: {
    readonly message: string;
    readonly fix: string;
    readonly details?: Details;
  },
): Finding {
  return { check, level, message, fix, details };
}

/** Whether everything that is wanted can work. */
export function isWell(findings: readonly Finding[]): boolean {
  return findings.every(({ level }) => level !== "failure");
}

/** The answer of a program that was asked. */
export type Answer<T> =
  | { readonly kind: "answered"; readonly value: T; readonly milliseconds: number }
  | { readonly kind: "failed"; readonly reason: string; readonly milliseconds: number };

/** Names in a sentence; a few are enough. */
export function namesText(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_NAMES).join(", ");
  return names.length > SHOWN_NAMES ? `${shown} and ${names.length - SHOWN_NAMES} more` : shown;
}

const SHOWN_NAMES = 5;

/** `1 session`, `2 sessions`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** A text from an engine or a variable, without the password of an address in it. */
export function withoutPassword(text: string): string {
  return text.replaceAll(/(\w:\/\/)[^/@\s"']+@/g, "$1***@");
}
