/** What is asked whether a session is ready: addresses of this machine, and regular expressions. Pure. */
import { controlProblem, type Problem, refusal, shown } from "./refusal.ts";

/** A host and a port of this machine. */
export interface Address {
  /** Without brackets: `127.0.0.1`, `::1` or `localhost`. */
  readonly host: string;
  readonly port: number;
}

const LOOPBACK_HINT = "kstops reaches this machine alone: 127.0.0.1, ::1 or localhost";

/** Whether a host is this machine itself: `127.0.0.0/8`, `::1` (also in brackets) or `localhost`. */
export function isLoopback(host: string): boolean {
  if (/^(?:localhost|\[?::1\]?)$/i.test(host)) return true;
  const parts = /^127\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(host)?.slice(1);
  return parts !== undefined && parts.every((part) => Number(part) <= 255);
}

/**
 * An address such as `127.0.0.1:8080`, `localhost:80` or `[::1]:443`.
 *
 * @throws {SessionConfigError} `value_invalid`: it is none, or not of this machine
 */
export function parseAddress(text: string): Address {
  const [, inBrackets, plain, digits] = /^(?:\[([^\]]*)\]|([^:\s]*)):(\d{1,5})$/.exec(text) ?? [];
  const host = inBrackets ?? plain;
  const port = Number(digits);
  const refuse = (problem: Problem) => refusal(`${shown(text)} as an address`, problem);
  const control = controlProblem(text);
  if (control !== null) throw refuse(control);
  if (host === undefined || host === "") {
    throw refuse({ reason: "it must be HOST:PORT", hint: "write it like 127.0.0.1:8080" });
  }
  if (port < 1 || port > 65535) {
    throw refuse({ reason: "its port must be 1 to 65535", hint: "write it like 127.0.0.1:8080" });
  }
  if (!isLoopback(host)) {
    throw refuse({ reason: "it is not on this machine", hint: LOOPBACK_HINT });
  }
  return { host, port };
}

/**
 * An address of the web such as `http://127.0.0.1:8080/ready`.
 *
 * @throws {SessionConfigError} `value_invalid`: it is none, or not of this machine
 */
export function parseProbeUrl(text: string): URL {
  const refuse = (problem: Problem) => refusal(`${shown(text)} as a url`, problem);
  const control = controlProblem(text);
  if (control !== null) throw refuse(control);
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw refuse({
      reason: "it must begin with http:// or https://",
      hint: "write it like http://127.0.0.1:8080/ready",
    });
  }
  if (url.username !== "" || url.password !== "") {
    throw refuse({
      reason: "it has a user or a password",
      hint: "use an address that needs none, or a command",
    });
  }
  if (!isLoopback(url.hostname)) {
    throw refuse({ reason: "it is not on this machine", hint: LOOPBACK_HINT });
  }
  return url;
}

/**
 * A regular expression of JavaScript.
 *
 * @throws {SessionConfigError} `value_invalid`: it is none
 */
export function parseRegex(text: string): RegExp {
  const refuse = (problem: Problem) => refusal(`${shown(text)} as a pattern`, problem);
  const control = controlProblem(text);
  if (control !== null) throw refuse(control);
  if (text === "") {
    throw refuse({ reason: "it is empty", hint: "write what its output has to say" });
  }
  try {
    return new RegExp(text);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw refuse({
      reason: `it is no regular expression: ${said.replace(/^.*: /, "")}`,
      hint: "write a backslash before a character that is meant as it is",
    });
  }
}
