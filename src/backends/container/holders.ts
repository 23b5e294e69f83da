/** Finds who holds a port of this machine. Pure. */
import type { PortBinding } from "../../model.ts";

/** A port of this machine, at one address or at all of them. */
export interface HostPort {
  /** Null: every address. */
  readonly ip: string | null;
  readonly port: number;
  readonly protocol: PortBinding["protocol"];
}

/** The ports of this machine among some bindings, without those that the runtime has yet to choose. */
export function hostPorts(bindings: readonly PortBinding[]): readonly HostPort[] {
  return bindings.flatMap(({ hostIp, hostPort, protocol }) =>
    hostPort === null ? [] : [{ ip: hostIp, port: hostPort, protocol }]
  );
}

/** Whether two programs could not both have these ports. */
export function overlaps(a: HostPort, b: HostPort): boolean {
  if (a.port !== b.port || a.protocol !== b.protocol) return false;
  return covers(a.ip, b.ip) || covers(b.ip, a.ip) || canonical(a.ip) === canonical(b.ip);
}

/** Whether one address includes the other. `::` also includes the addresses of IPv4. */
function covers(ip: string | null, other: string | null): boolean {
  if (ip === null || ip === "::") return true;
  return ip === "0.0.0.0" && !(other ?? "").includes(":");
}

/** One spelling for each address. */
function canonical(ip: string | null): string | null {
  if (ip === null || !ip.includes(":")) return ip;
  const url = `http://[${ip}]/`;
  return URL.canParse(url) ? new URL(url).hostname : ip;
}

/** `127.0.0.1:8080/tcp`. */
export function portText({ ip, port, protocol }: HostPort): string {
  const address = ip === null ? "" : ip.includes(":") ? `[${ip}]:` : `${ip}:`;
  return `${address}${port}/${protocol}`;
}

const TABLES = ["tcp", "tcp6", "udp", "udp6"] as const;

/** Shows the sockets of this machine (Linux), with the name of the table before each. */
export const SHOW_SOCKETS: readonly string[] = [
  ...["grep", "-H", ":"],
  ...TABLES.map((table) => `/proc/net/${table}`),
];

/** TCP_LISTEN, and TCP_CLOSE, which a bound socket of UDP has (linux/include/net/tcp_states.h). */
const IS_WAITING: Readonly<Record<string, string>> = { tcp: "0A", udp: "07" };

/** The ports that programs listen on, from the output of {@link SHOW_SOCKETS} (proc(5)). */
export function parseSockets(stdout: string): readonly HostPort[] {
  return stdout.split("\n").flatMap((line) => {
    const [, protocol, address = "", port = "", state] = line.match(
      /^\/proc\/net\/(tcp|udp)6?:\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) \S+ ([0-9A-F]{2}) /,
    ) ??
      [];
    if (protocol !== "tcp" && protocol !== "udp") return [];
    if (state !== IS_WAITING[protocol]) return [];
    return [{ ip: addressOf(address), port: parseInt(port, 16), protocol }];
  });
}

/** Words of 32 bits, each in the byte order of the machine: little-endian wherever kstops runs. */
function addressOf(hex: string): string | null {
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => (word.match(/../g) ?? []).toReversed());
  if (bytes.every((byte) => byte === "00")) return hex.length === 8 ? "0.0.0.0" : "::";
  const isMapped = bytes.length === 16 && bytes.slice(0, 12).join("") === `${"00".repeat(10)}FFFF`;
  const short = isMapped ? bytes.slice(12) : bytes;
  if (short.length === 4) return short.map((byte) => parseInt(byte, 16)).join(".");
  return (short.join("").toLowerCase().match(/.{4}/g) ?? []).join(":");
}
