import { equal, throws } from "node:assert/strict";
import { MAX_PORTS } from "../../../src/model.ts";
import { validatePorts } from "../../../src/validate/ports.ts";

const ACCEPTED: Record<string, string> = {
  "a container port": "80",
  "the lowest port": "1",
  "the highest port": "65535",
  "leading zeros, up to five digits": "00080",
  "a host port": "8080:80",
  "an empty host port, which the runtime chooses": ":80",
  "tcp": "80/tcp",
  "udp": "53:53/udp",
  "sctp": "80:80/sctp",
  "a protocol in upper case, as docker does": "53:53/UDP",
  "an IPv4 address": "127.0.0.1:8080:80",
  "an IPv4 address without a host port": "127.0.0.1::80",
  "all addresses": "0.0.0.0:80:80",
  "an IPv6 address": "[2001:db8::1]:8080:80",
  "an IPv6 address in full": "[2001:DB8:0:0:8:800:200c:417a]:80:80",
  "an IPv6 address that ends in IPv4": "[::ffff:192.0.2.1]:80:80/tcp",
  "all IPv6 addresses": "[::]:80:80",
  "an IPv6 address without a host port": "[::1]::80",
  "a container range": "8000-8010",
  "ranges of equal length": "8000-8010:9000-9010/udp",
  "a container range with an empty host port": "127.0.0.1::8000-8010",
  "a range of one": "80-80:80",
};

const REFUSED: Record<string, string> = {
  "empty": "",
  "port 0": "0",
  "port 65536": "65536",
  "a number of six digits": "000080",
  "a host port 0": "0:80",
  "a word": "http",
  "a sign": "+80",
  "a negative number": "-80",
  "a hexadecimal number": "0x50",
  "an exponent": "8e1",
  "fullwidth digits": "８０",
  "Arabic-Indic digits": "٨٠",
  "a leading space": " 80",
  "an empty container port": "80:",
  "only a colon": ":",
  "an empty protocol": "80/",
  "an unknown protocol": "80/icmp",
  "two protocols": "80/tcp/udp",
  "a host protocol": "80/tcp:80",
  "a host name": "localhost:8080:80",
  "an empty address": ":8080:80",
  "an address without a port": "127.0.0.1:80",
  "an address alone": "127.0.0.1",
  "too many parts": "1:2:3:4",
  "an octet above 255": "256.0.0.1:80:80",
  "an octet with a leading zero": "127.0.0.01:80:80",
  "three octets": "127.0.1:80:80",
  "five octets": "127.0.0.0.1:80:80",
  "an IPv6 address without brackets": "::1:8080:80",
  "an IPv4 address in brackets": "[127.0.0.1]:80:80",
  "empty brackets": "[]:80:80",
  "an open bracket": "[::1:80:80",
  "brackets without a port": "[::1]",
  "brackets with a container port only": "[::1]:80",
  "too many parts after brackets": "[::1]:80:80:80",
  "an IPv6 zone": "[fe80::1%eth0]:80:80",
  "an IPv6 address of seven groups": "[1:2:3:4:5:6:7]:80:80",
  "an IPv6 address of nine groups": "[1:2:3:4:5:6:7:8:9]:80:80",
  "an IPv6 address of eight groups and ::": "[1:2:3:4::5:6:7:8]:80:80",
  "an IPv6 address with :: twice": "[1::2::3]:80:80",
  "an IPv6 address with :::": "[1:::2]:80:80",
  "an IPv6 group of five digits": "[12345::]:80:80",
  "an IPv6 address with a leading colon": "[:1:2:3:4:5:6:7]:80:80",
  "an IPv6 address with IPv4 in the middle": "[::1.2.3.4:1]:80:80",
  "an IPv6 address with IPv4 before ::": "[1.2.3.4::]:80:80",
  "a backward range": "8010-8000",
  "a range of three": "8000-8005-8010",
  "an open range": "8000-",
  "a range without a start": "-8010",
  "a range beyond 65535": "65530-65540",
  "a host range that is longer": "8000-8010:80",
  "a container range that is longer": "8000:80-90",
  "ranges of different length": "8000-8010:9000-9009",
  "a final newline": "8080:80\n",
  "NUL": "80\0",
  "shell syntax": "80;reboot",
};

for (const [what, port] of Object.entries(ACCEPTED)) {
  Deno.test(`validatePorts() accepts ${what}`, () => {
    const list = [port];
    equal(validatePorts(list), list);
  });
}

for (const [what, port] of Object.entries(REFUSED)) {
  Deno.test(`validatePorts() refuses ${what}`, () => {
    throws(() => validatePorts([port]), { name: "SessionConfigError", code: "value_invalid" });
  });
}

Deno.test("validatePorts() accepts no port and 50 ports, and refuses 51", () => {
  validatePorts([]);
  validatePorts(Array(MAX_PORTS).fill("80"));
  throws(() => validatePorts(Array(MAX_PORTS + 1).fill("80")), {
    code: "value_invalid",
    message: "Cannot use 51 ports: at most 50 are allowed",
  });
});

const MESSAGES: Record<string, string> = {
  "70000:80": 'Cannot use "70000:80" as a port: 70000 is not a port',
  "http": 'Cannot use "http" as a port: "http" is not a port',
  "80:": 'Cannot use "80:" as a port: a port number is missing',
  "80/icmp": 'Cannot use "80/icmp" as a port: "icmp" is not a protocol',
  "localhost:80:80": 'Cannot use "localhost:80:80" as a port: "localhost" is not an IP address',
  "[::g]:80:80": 'Cannot use "[::g]:80:80" as a port: "::g" is not an IPv6 address',
  "80-90:80": 'Cannot use "80-90:80" as a port: 80-90 and 80 are not equally long',
  "90-80": 'Cannot use "90-80" as a port: the range 90-80 runs backwards',
  "80\n": 'Cannot use "80\\n" as a port: it has a newline',
};

for (const [port, message] of Object.entries(MESSAGES)) {
  Deno.test(`validatePorts() says: ${message}`, () => {
    throws(() => validatePorts([port]), { message });
  });
}

Deno.test("validatePorts() tells which port it refuses", () => {
  throws(() => validatePorts(["80", "x"]), { details: { index: 1 } });
});

Deno.test("validatePorts() refuses what is not a list of texts", () => {
  const refused: [unknown, string][] = [
    [null, "Cannot use null as ports: it must be a list"],
    ["80", 'Cannot use "80" as ports: it must be a list'],
    [[80], "Cannot use a number as a port: it must be text"],
  ];
  for (const [list, message] of refused) {
    throws(() => validatePorts(list as string[]), { code: "value_invalid", message });
  }
});
