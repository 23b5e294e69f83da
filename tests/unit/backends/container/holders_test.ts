import { deepEqual, equal } from "node:assert/strict";
import {
  type HostPort,
  hostPorts,
  overlaps,
  parseSockets,
  portText,
} from "../../../../src/backends/container/holders.ts";

const at = (ip: string | null, port = 80, protocol: HostPort["protocol"] = "tcp"): HostPort => ({
  ip,
  port,
  protocol,
});

const REST = "00000000:00000000 00:00000000 00000000     0        0 10095336 1 0 100 0 0 10 0";

Deno.test("what programs wait at is read from the tables of sockets", () => {
  const zero = "0".repeat(32);
  const lines = [
    `/proc/net/tcp:   0: 0100007F:46B3 00000000:0000 0A ${REST}`,
    `/proc/net/tcp:   1: 00000000:46B4 00000000:0000 0A ${REST}`,
    // A connection, which keeps nobody from listening.
    `/proc/net/tcp:   2: 0100007F:46B3 0100007F:A000 01 ${REST}`,
    `/proc/net/tcp6:   0: ${zero}:1F90 ${zero}:0000 0A ${REST}`,
    `/proc/net/tcp6:   1: 000000000000000000000000${"01000000"}:0050 ${zero}:0000 0A ${REST}`,
    `/proc/net/tcp6:   2: 0000000000000000FFFF0000${"0100007F"}:0051 ${zero}:0000 0A ${REST}`,
    `/proc/net/udp: 2602: 00000000:46B5 00000000:0000 07 ${REST}`,
    `/proc/net/udp6: 2602: ${zero}:46B5 ${zero}:0000 07 ${REST}`,
    `/proc/net/udp:  12: 0100007F:0035 0100007F:A001 01 ${REST}`,
    "grep: /proc/net/tcp6: No such file or directory",
    "",
  ];
  deepEqual(parseSockets(lines.join("\n")), [
    at("127.0.0.1", 18099),
    at("0.0.0.0", 18100),
    at("::", 8080),
    at("0000:0000:0000:0000:0000:0000:0000:0001", 80),
    at("127.0.0.1", 81),
    at("0.0.0.0", 18101, "udp"),
    at("::", 18101, "udp"),
  ]);
});

const PAIRS: readonly (readonly [HostPort, HostPort, boolean])[] = [
  [at(null), at(null), true],
  [at(null), at("127.0.0.1"), true],
  [at(null), at("::1"), true],
  [at("0.0.0.0"), at("127.0.0.1"), true],
  [at("0.0.0.0"), at("::1"), false],
  [at("::"), at("127.0.0.1"), true],
  [at("127.0.0.1"), at("127.0.0.1"), true],
  [at("127.0.0.1"), at("127.0.0.2"), false],
  [at("127.0.0.1"), at("::1"), false],
  [at("::1"), at("0000:0000:0000:0000:0000:0000:0000:0001"), true],
  [at("fe80::1%eth0"), at("fe80::1%eth0"), true],
  [at(null, 80), at(null, 81), false],
  [at(null, 53, "tcp"), at(null, 53, "udp"), false],
];
for (const [one, other, expected] of PAIRS) {
  const title = `${portText(one)} and ${portText(other)}`;
  Deno.test(`${title} ${expected ? "exclude each other" : "go together"}`, () => {
    equal(overlaps(one, other), expected);
    equal(overlaps(other, one), expected);
  });
}

Deno.test("a port that the runtime chooses is in nobody's way", () => {
  const binding = { hostIp: null, containerPort: 80, protocol: "tcp" } as const;
  deepEqual(
    hostPorts([{ ...binding, hostPort: null }, { ...binding, hostPort: 8080 }]).map(portText),
    ["8080/tcp"],
  );
  equal(portText(at("::1", 53, "udp")), "[::1]:53/udp");
});
