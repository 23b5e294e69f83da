/** Ports of containers. */
import { controlProblem, type Problem, requireEach, shorten } from "./refusal.ts";
import { quote } from "../errors.ts";
import { MAX_PORTS } from "../model.ts";

/** Highest port number; the lowest is 1. */
const MAX_PORT = 65535;

const PROTOCOLS: readonly string[] = ["tcp", "udp", "sctp"];

const FORM_HINT = "write CONTAINER, HOST:CONTAINER or IP:HOST:CONTAINER, such as 127.0.0.1:8080:80";
const IP_HINT = "give an IP address; IPv6 goes in brackets: [::1]:8080:80";

/**
 * Published ports, at most 50, each `[IP:][HOST]:CONTAINER[/tcp|udp|sctp]` or `CONTAINER`.
 *
 * Numbers are 1 to 65535 in one to five ASCII digits; without HOST the runtime chooses one. `A-B` is
 * a range, and both sides must be of equal length. IPv6 goes in brackets. As in docker, the protocol
 * may be in any case, and the same port may occur twice.
 *
 * ```ts
 * validatePorts(["127.0.0.1:8081:8080", "53:53/udp"]); // the same list
 * ```
 *
 * @returns the list, unchanged
 * @throws {SessionConfigError} `value_invalid`; `details.index` tells which of them
 */
export function validatePorts<T extends readonly string[]>(list: T): T {
  requireEach(list, { one: "a port", many: "ports", limit: MAX_PORTS, problem: portProblem });
  return list;
}

function portProblem(entry: string): Problem | null {
  if (entry === "") return { reason: "it is empty", hint: FORM_HINT };
  const control = controlProblem(entry);
  if (control !== null) return control;
  const slash = entry.indexOf("/");
  if (slash !== -1) {
    const protocol = entry.slice(slash + 1);
    if (!PROTOCOLS.includes(protocol.toLowerCase())) {
      return {
        reason: `${quote(shorten(protocol))} is not a protocol`,
        hint: `use one of /${PROTOCOLS.join(" /")}`,
      };
    }
  }
  return addressProblem(slash === -1 ? entry : entry.slice(0, slash));
}

function addressProblem(address: string): Problem | null {
  if (address.startsWith("[")) {
    const end = address.indexOf("]:");
    if (end === -1) return { reason: "its bracket is not closed by ]:", hint: IP_HINT };
    const ip = address.slice(1, end);
    if (!isIpv6(ip)) {
      return { reason: `${quote(shorten(ip))} is not an IPv6 address`, hint: IP_HINT };
    }
    const [host, container, ...more] = address.slice(end + 2).split(":");
    if (host === undefined || container === undefined || more.length > 0) {
      return { reason: "after an IP it needs HOST:CONTAINER", hint: FORM_HINT };
    }
    return pairProblem(host, container);
  }
  const [first = "", second, third, ...more] = address.split(":");
  if (more.length > 0) return { reason: "it has too many parts", hint: IP_HINT };
  if (second === undefined) return rangeProblem(first);
  if (third === undefined) return pairProblem(first, second);
  if (!isIpv4(first)) {
    return { reason: `${quote(shorten(first))} is not an IP address`, hint: IP_HINT };
  }
  return pairProblem(second, third);
}

/** The host's side may be empty: the runtime then chooses. */
function pairProblem(host: string, container: string): Problem | null {
  const problem = (host === "" ? null : rangeProblem(host)) ?? rangeProblem(container);
  if (problem !== null || host === "") return problem;
  if (rangeLength(host) === rangeLength(container)) return null;
  return {
    reason: `${host} and ${container} are not equally long`,
    hint: "give both sides the same number of ports",
  };
}

function rangeProblem(range: string): Problem | null {
  const [first = "", last = first, ...more] = range.split("-");
  if (more.length > 0) {
    return { reason: `${quote(shorten(range))} is not a range`, hint: FORM_HINT };
  }
  const problem = numberProblem(first) ?? numberProblem(last);
  if (problem !== null || Number(first) <= Number(last)) return problem;
  return { reason: `the range ${range} runs backwards`, hint: `write ${last}-${first}` };
}

function numberProblem(port: string): Problem | null {
  if (!/^[0-9]{1,5}$/.test(port)) {
    const reason = port === ""
      ? "a port number is missing"
      : `${quote(shorten(port))} is not a port`;
    return { reason, hint: FORM_HINT };
  }
  if (Number(port) >= 1 && Number(port) <= MAX_PORT) return null;
  return { reason: `${port} is not a port`, hint: `use 1 to ${MAX_PORT}` };
}

/** The number of ports in a correct range. */
function rangeLength(range: string): number {
  const [first = "", last = first] = range.split("-");
  return Number(last) - Number(first) + 1;
}

/** As Go's `net.ParseIP`, which docker and podman use: no leading zeros. */
function isIpv4(text: string): boolean {
  const octets = text.length > "255.255.255.255".length ? [] : text.split(".");
  return octets.length === 4 &&
    octets.every((octet) => /^(?:0|[1-9][0-9]{0,2})$/.test(octet) && Number(octet) <= 255);
}

/** RFC 4291 section 2.2, all three forms; no zone, as in Go's `net.ParseIP`. */
function isIpv6(text: string): boolean {
  const halves = text.length > "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255".length
    ? []
    : text.split("::");
  if (halves.length < 1 || halves.length > 2) return false;
  const groups = halves.flatMap((half) => half === "" ? [] : half.split(":"));
  const last = groups.at(-1) ?? "";
  const endsInIpv4 = text.endsWith(last) && isIpv4(last);
  const hex = endsInIpv4 ? groups.slice(0, -1) : groups;
  if (!hex.every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group))) return false;
  const count = groups.length + (endsInIpv4 ? 1 : 0);
  return halves.length === 2 ? count <= 7 : count === 8;
}
