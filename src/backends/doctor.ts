/**
 * What a backend contributes to the doctor, and how to ask programs, none of which can keep it
 * waiting.
 */
import type { Engine } from "../model.ts";
import type { Answer, Finding } from "../model/finding.ts";
import {
  ExecKilledError,
  type ExecOptions,
  ProgramMissingError,
  type World,
} from "../world/world.ts";

/** What to examine a backend for. */
export interface Examination {
  /** Name or path of the tmux program, as given in the config. */
  readonly tmuxBinary: string;
  /** The name of this user. */
  readonly user: Promise<string>;
  /** What needs the backend, given its installed engines, preferred one first. */
  readonly needs: (installed: readonly Engine[]) => Needs;
}

/** What needs a backend, in words; null or missing: nothing. */
export interface Needs {
  /** What needs it with any of its engines. */
  readonly any: string | null;
  readonly of: Readonly<Partial<Record<Engine, string | null>>>;
  /** The scopes that the config names, such as tmux sockets. */
  readonly scopes: readonly string[];
}

/** The result. */
export interface Examined {
  readonly findings: readonly Finding[];
  /** The servers of its sessions that run as processes of this user; missing: it has none. */
  readonly servers?: readonly { readonly socketName: string; readonly pid: number }[];
  /** Whether it may have sessions in servers that could not be asked. */
  readonly isPartial?: boolean;
  /** Whether podman runs containers as this user. */
  readonly rootlessPodman?: boolean;
}

/** How long a program may take. */
const ANSWER_TIMEOUT_MS = 5000;

/** How to ask a program, and how to read its answer. */
export interface Question<T> extends Pick<ExecOptions, "env"> {
  /** Its output as a value; undefined: it cannot be read. */
  readonly read: (stdout: string) => T | undefined;
  /** The meaning of its failure: a value, or the reason; missing: its last line is the reason. */
  readonly failed?: (stderr: string) => { readonly value: T } | { readonly reason: string };
}

/**
 * Runs a program and waits for its answer for a limited time. Never throws for what the program
 * does.
 */
export async function ask<T>(
  world: World,
  argv: readonly string[],
  { env = {}, read, failed = lastLine }: Question<T>,
): Promise<Answer<T>> {
  const began = world.now().getTime();
  const milliseconds = (): number => world.now().getTime() - began;
  try {
    // The output must not be in the user's language.
    const options = { timeoutMs: ANSWER_TIMEOUT_MS, env: { ...env, LC_ALL: "C" } };
    const { code, stdout, stderr } = await world.exec(argv, options);
    if (code !== 0) {
      const outcome = failed(stderr);
      return "value" in outcome
        ? { kind: "answered", value: outcome.value, milliseconds: milliseconds() }
        : { kind: "failed", reason: outcome.reason, milliseconds: milliseconds() };
    }
    const value = read(stdout);
    return value === undefined
      ? { kind: "failed", reason: unreadable(stdout), milliseconds: milliseconds() }
      : { kind: "answered", value, milliseconds: milliseconds() };
  } catch (error) {
    return { kind: "failed", reason: reasonOf(error), milliseconds: milliseconds() };
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof ExecKilledError) return error.reason;
  if (error instanceof ProgramMissingError) return error.message;
  throw error;
}

function lastLine(stderr: string): { readonly reason: string } {
  const lines = stderr.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const last = lines.at(-1) ?? "it failed without saying why";
  // The form in which podman and docker log errors: `time="…" level=error msg="…"`.
  return { reason: /\bmsg="((?:[^"\\]|\\.)*)"/.exec(last)?.[1] ?? last };
}

function unreadable(stdout: string): string {
  const line = stdout.trim().split("\n")[0] ?? "";
  return line === "" ? "it said nothing" : `unexpected answer: ${line.slice(0, 80)}`;
}
