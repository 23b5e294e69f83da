import { deepEqual, equal, match, throws } from "node:assert/strict";
import * as fc from "fast-check";
import { SessionConfigError } from "../../../src/errors.ts";
import {
  isLoopback,
  parseAddress,
  parseProbeUrl,
  parseRegex,
} from "../../../src/validate/probe.ts";
import { property } from "../../support/property.ts";

const OF_THIS_MACHINE = ["127.0.0.1", "127.255.0.9", "localhost", "LOCALHOST", "::1", "[::1]"];
const OF_OTHERS = [
  ...["example.org", "10.0.0.1", "0.0.0.0", "::", "128.0.0.1", "127.0.0", "127.0.0.256"],
  ...["127.0.0.1.example.org", "localhost.example.org", "localhost.", "[::2]", "a127.0.0.1"],
];
for (const host of OF_THIS_MACHINE) {
  Deno.test(`${host} is this machine`, () => equal(isLoopback(host), true));
}
for (const host of OF_OTHERS) {
  Deno.test(`${host} is another machine`, () => equal(isLoopback(host), false));
}

Deno.test("an address is a host and a port of this machine", () => {
  deepEqual(parseAddress("127.0.0.1:8080"), { host: "127.0.0.1", port: 8080 });
  deepEqual(parseAddress("localhost:65535"), { host: "localhost", port: 65535 });
  deepEqual(parseAddress("[::1]:1"), { host: "::1", port: 1 });
});

const NO_ADDRESSES: Readonly<Record<string, RegExp>> = {
  "8080": /it must be HOST:PORT$/,
  ":8080": /it must be HOST:PORT$/,
  "127.0.0.1": /it must be HOST:PORT$/,
  "::1:80": /it must be HOST:PORT$/,
  "http://localhost:80": /it must be HOST:PORT$/,
  "localhost:0": /its port must be 1 to 65535$/,
  "localhost:65536": /its port must be 1 to 65535$/,
  "db:5432": /it is not on this machine$/,
  "localhost:80\n": /it has a newline$/,
};
for (const [text, message] of Object.entries(NO_ADDRESSES)) {
  Deno.test(`${JSON.stringify(text)} is no address`, () => {
    throws(() => parseAddress(text), (error: unknown) => isRefusal(error, message));
  });
}

Deno.test("a url of this machine may be written in any way", () => {
  equal(parseProbeUrl("http://127.1:80/a?b#c").hostname, "127.0.0.1");
  equal(parseProbeUrl("https://[::1]/").hostname, "[::1]");
  equal(parseProbeUrl("HTTP://LocalHost:8080/ready").host, "localhost:8080");
});

const NO_URLS: Readonly<Record<string, RegExp>> = {
  "": /must begin with http/,
  "127.0.0.1:80": /must begin with http/,
  "ftp://localhost/": /must begin with http/,
  "file:///etc/passwd": /must begin with http/,
  "http://example.org/": /it is not on this machine$/,
  "http://127.0.0.1@example.org/": /it has a user or a password$/,
  "http://me:pw@localhost/": /it has a user or a password$/,
  "http://localhost/\u0000": /it has a NUL character$/,
};
for (const [text, message] of Object.entries(NO_URLS)) {
  Deno.test(`${JSON.stringify(text)} is no url of this machine`, () => {
    throws(() => parseProbeUrl(text), (error: unknown) => isRefusal(error, message));
  });
}

Deno.test("a pattern is a regular expression", () => {
  match("now listening on 80", parseRegex("listening on \\d+$"));
  throws(() => parseRegex("("), (error: unknown) => isRefusal(error, /Unterminated group$/));
  throws(() => parseRegex(""), (error: unknown) => isRefusal(error, /it is empty$/));
});

property("what is taken for an address or a url is on this machine", () => ({
  input: fc.oneof(fc.string(), fc.webUrl(), fc.domain().map((host) => `${host}:80`)),
  holds: (text) => {
    for (const parse of [parseAddress, parseProbeUrl]) {
      try {
        const found = parse(text);
        equal(
          isLoopback("host" in found && !("href" in found) ? found.host : found.hostname),
          true,
        );
      } catch (error) {
        equal(error instanceof SessionConfigError, true);
      }
    }
  },
}));

function isRefusal(error: unknown, message: RegExp): boolean {
  return error instanceof SessionConfigError && message.test(error.message);
}
