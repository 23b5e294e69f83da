/** Values that people write: names, images, ports, commands, sizes, times. */
import { deepEqual, doesNotMatch, equal, match, ok } from "node:assert/strict";
import fc from "fast-check";
import {
  checkDirectory,
  checkNetwork,
  checkRestart,
  checkText,
  checkUser,
} from "../../src/config/rules.ts";
import { portsText } from "../../src/output/screen.ts";
import { shellWord } from "../../src/shell.ts";
import { closest } from "../../src/suggest.ts";
import { splitCommand, validateCommand } from "../../src/validate/command.ts";
import { validateEnv } from "../../src/validate/env.ts";
import { validateImageName } from "../../src/validate/image.ts";
import { validateSessionName } from "../../src/validate/name.ts";
import { validatePorts } from "../../src/validate/ports.ts";
import { sinceOf } from "../../src/validate/since.ts";
import { formatSize, parseSize } from "../../src/validate/size.ts";
import { validateSocketName } from "../../src/validate/socket_name.ts";
import { validateVolumes } from "../../src/validate/volumes.ts";
import { hasNone, orRefused } from "./checks.ts";
import { broken, PLAIN, TEXT } from "./inputs.ts";
import { property } from "../support/property.ts";

const INVALID = ["value_invalid"] as const;

/** A validator of one text: what begins as a good value, and what must hold of what it lets through. */
interface Kind {
  readonly good: readonly string[];
  readonly validate: (text: string) => unknown;
  /** What no accepted value has. */
  readonly never: RegExp;
}

// deno-lint-ignore no-control-regex
const CONTROL = /[\0-\x1f\x7f-\x9f]/;

const KINDS: Readonly<Record<string, Kind>> = {
  "a name": {
    good: ["astro", "astro-prod", "A_1"],
    validate: validateSessionName,
    never: /[^A-Za-z0-9_-]|^[^A-Za-z]|.{65}/s,
  },
  "a socket name": {
    good: ["default", "bots.1", "a-b_c"],
    validate: validateSocketName,
    never: /[^A-Za-z0-9_.-]|^\.{1,2}$|.{65}/s,
  },
  "an image": {
    good: [
      "alpine:3",
      "localhost:5000/astro-bot:latest",
      `a@sha256:${"0f".repeat(32)}`,
      "[::1]:5/a",
    ],
    validate: validateImageName,
    never: /[^A-Za-z0-9._/:@[\]-]|^-|\/\/|.{257}/s,
  },
  "a port": {
    good: ["80", "8080:80/udp", "127.0.0.1:8081:8080", "[::1]:1-3:4-6", ":80"],
    validate: (text) => validatePorts([text]),
    never: /[^A-Za-z0-9.:/[\]-]|[0-9]{6}|^-/,
  },
  "a volume": {
    good: ["./data:/app/data", "cache:/cache:ro,z", "/srv:/srv", ".:/x", "/t"],
    validate: (text) => validateVolumes([text]),
    never: new RegExp(`${CONTROL.source}|(?:^|[:/])\\.\\.(?:[:/]|$)|^-|:/*$`),
  },
  "a key of a variable": {
    good: ["MODE", "_x1", "PATH"],
    validate: (text) => validateEnv({ [text]: "" }),
    never: /[^A-Za-z0-9_]|^[0-9]|^$|^LD_PRELOAD$/,
  },
  "a command": {
    good: ["python -m bot", `sh -c 'echo "a b"'`, 'a\\ b "c\\$d"', "x ''"],
    validate: (text) => validateCommand(text),
    never: /(?![\t\n])[\p{Cc}\p{Cs}]|^[ \t]*$/u,
  },
  "a directory": {
    good: ["/opt/astro", ".", "a b"],
    validate: checkDirectory,
    never: new RegExp(`${CONTROL.source}|^~(?:/|$)|^$`),
  },
  "a text": { good: ["a", "a b"], validate: checkText, never: new RegExp(`${CONTROL.source}|^$`) },
  "a network": { good: ["backend", "host", "a:b"], validate: checkNetwork, never: /^-|\s|^$/ },
  "a user": { good: ["1000:1000", "app", "a.b:c"], validate: checkUser, never: /^-|\s|^$|::/ },
  "a restart policy": {
    good: ["no", "on-failure:3", "always"],
    validate: checkRestart,
    never: /\s|^-|[0-9]{10}/,
  },
};

const WORD = fc.oneof(
  PLAIN,
  TEXT.map((text) => text.replaceAll(/(?![\t\n])[\p{Cc}\p{Cs}]/gu, "")),
);
const SECRET = fc.stringMatching(/^s3cret[0-9a-f]{12}$/);
const NOW = new Date("2026-06-01T00:00:00Z");
const BOUNDS = { least: 0, most: 1024 ** 4 };

for (const [what, { good, validate, never }] of Object.entries(KINDS)) {
  property(`value: ${what}`, {
    input: fc.oneof(TEXT, broken(fc.constantFrom(...good))),
    holds: (text) => {
      const accepted = orRefused(() => {
        validate(text);
        return text;
      }, INVALID);
      if (accepted !== null) doesNotMatch(accepted, never);
      if (good.includes(text)) equal(accepted, text);
    },
    cases: 200,
  });
}
property("value: a command splits into the words that it was quoted from", {
  input: fc.array(WORD, { minLength: 1, maxLength: 4 }),
  holds: (words) => deepEqual(splitCommand(words.map(shellWord).join(" ")), words),
  cases: 200,
});
property("value: ports of an engine are ports of a config", {
  input: fc.array(
    fc.record({
      hostIp: fc.oneof(fc.constantFrom(null, "", "::", "0.0.0.0"), fc.ipV4(), fc.ipV6()),
      hostPort: fc.option(fc.integer({ min: 1, max: 65535 }), { nil: null }),
      containerPort: fc.integer({ min: 1, max: 65535 }),
      protocol: fc.constantFrom("tcp", "udp", "sctp"),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  holds: (ports) => {
    validatePorts(portsText(ports).split(", "));
  },
});
property("value: variables never show their values", {
  input: fc.tuple(TEXT, SECRET, TEXT),
  holds: ([key, secret, more]) => {
    for (const env of [{ [key]: secret + more }, { [`${key}=${secret}`]: more }]) {
      orRefused(() => validateEnv(env), INVALID, [secret]);
    }
    hasNone(key, []);
  },
});
property("value: a size", {
  input: fc.oneof(TEXT, broken(fc.constantFrom("10MiB", "512k", "65536", "1 GB"))),
  holds: (text) => {
    const bytes = orRefused(() => parseSize(text, BOUNDS), INVALID);
    if (bytes === null) return;
    ok(Number.isSafeInteger(bytes) && bytes >= BOUNDS.least && bytes <= BOUNDS.most);
    equal(parseSize(formatSize(bytes), BOUNDS), bytes);
  },
});
property("value: a size is written so that it is read back", {
  input: fc.oneof(
    fc.nat({ max: 2 ** 31 - 1 }),
    fc.tuple(fc.nat({ max: 1000 }), fc.nat({ max: 3 })).map(([n, power]) => n * 1024 ** power),
  ),
  holds: (bytes) => equal(parseSize(formatSize(bytes), BOUNDS), bytes),
  cases: 50,
});
property("value: since when", {
  input: fc.oneof(
    TEXT,
    fc.string({ unit: fc.constantFrom(..."0129smhdw-T:Z+. ") }),
    broken(fc.constantFrom("10m", "1h30m", "2026-01-02", "2026-01-02T03:04:05.1Z", "1w")),
  ),
  holds: (text) => {
    const since = sinceOf(text, NOW);
    if (since === null) return;
    // The runtimes are told it.
    match(since.toISOString(), /^\d{4}-/);
    ok(since.getTime() >= 0);
    ok(/^[\d:TZwdhms .+-]+$/.test(text), text);
  },
  once: ["999999999w", "9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00+10:00"],
});
property("value: since when, in lengths of time", {
  input: fc.record({
    h: fc.nat({ max: 9999 }),
    m: fc.nat({ max: 9999 }),
    s: fc.nat({ max: 9999 }),
  }),
  holds: ({ h, m, s }) => {
    const since = sinceOf(`${h}h${m}m${s}s`, NOW);
    equal(NOW.getTime() - (since?.getTime() ?? NaN), (h * 3600 + m * 60 + s) * 1000);
  },
  cases: 50,
});
property("value: what was probably meant is one of what there is", {
  input: fc.tuple(TEXT, fc.array(TEXT, { maxLength: 5 })),
  holds: ([word, known]) => {
    const near = closest(word, known);
    ok(near === null || known.includes(near));
  },
});
