/** What holds of every validator, whatever it is given. */
import { deepEqual, doesNotMatch, equal, match, ok } from "node:assert/strict";
import { inspect } from "node:util";
import fc from "fast-check";
import { SessionConfigError } from "../../../src/errors.ts";
import { splitCommand, validateCommand } from "../../../src/validate/command.ts";
import { BLOCKED_ENV_KEYS, validateEnv } from "../../../src/validate/env.ts";
import { validateImageName } from "../../../src/validate/image.ts";
import { validateSessionName } from "../../../src/validate/name.ts";
import { validatePorts } from "../../../src/validate/ports.ts";
import { validateSocketName } from "../../../src/validate/socket_name.ts";
import { validateVolumes } from "../../../src/validate/volumes.ts";
import { property } from "../../support/property.ts";

/** Every validator on one text: each must give back exactly what it was given. */
const ON_TEXT: Record<string, (text: string) => boolean> = {
  "validateSessionName()": (text) => validateSessionName(text) === text,
  "validateSocketName()": (text) => validateSocketName(text) === text,
  "validateImageName()": (text) => validateImageName(text) === text,
  "validateVolumes()": (text) => isKept([text], validateVolumes),
  "validatePorts()": (text) => isKept([text], validatePorts),
  "validateEnv() of a key": (text) => isKept({ [text]: "" }, validateEnv),
  "validateEnv() of a value": (text) => isKept({ KEY: text }, validateEnv),
  "validateCommand() of a string": (text) => validateCommand(text) === text,
  "validateCommand() of a shell's string": (text) =>
    validateCommand(text, { shell: true }) === text,
  "validateCommand() of a list": (text) => isKept(["run", text], (list) => validateCommand(list)),
  "splitCommand()": (text) => splitCommand(text).every((word) => typeof word === "string"),
};

/** Every validator on anything that a caller in JavaScript may pass. */
const ON_ANYTHING: Record<string, (value: never) => unknown> = {
  "validateSessionName()": validateSessionName,
  "validateSocketName()": validateSocketName,
  "validateImageName()": validateImageName,
  "validateVolumes()": validateVolumes,
  "validatePorts()": validatePorts,
  "validateEnv()": validateEnv,
  "validateCommand()": validateCommand,
};

function isKept<T extends object>(value: T, validate: (value: T) => unknown): boolean {
  const before = structuredClone(value);
  const after = validate(value);
  deepEqual(value, before);
  return after === value;
}

/** What a terminal could be harmed by, and halves of surrogate pairs. */
const HARMFUL = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

/** The error of a refusal, checked; null where nothing was refused. */
function refusalOf(work: () => void): SessionConfigError | null {
  try {
    work();
    return null;
  } catch (error) {
    if (!(error instanceof SessionConfigError)) throw error;
    equal(error.code, "value_invalid");
    match(error.message, /^Cannot use .+: .+[^.]$/u);
    ok(error.message.length < 1000);
    doesNotMatch(error.message, HARMFUL);
    ok(error.hint);
    doesNotMatch(error.hint, HARMFUL);
    doesNotMatch(JSON.stringify(error.details), /\\ud[89a-f]/);
    return error;
  }
}

/** Texts of all kinds: any code points, any UTF-16 units, and what nearly fits some grammar. */
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme" }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
  fc.array(fc.constantFrom(0, 9, 10, 13, 27, 32, 127, 155, 0xd800, 0xdc00, 0x202e, 97, 47, 58))
    .map((units) => String.fromCharCode(...units)),
  fc.string({ unit: fc.constantFrom(..."aZ09.:/_-@[]~$\\'\"`;, \n=") }),
  fc.string({ unit: fc.constantFrom("a", "b.c", ":", "/", "@sha256:", "80", "..", "ro", "[::1]") }),
);

for (const [name, check] of Object.entries(ON_TEXT)) {
  property(`${name} gives any text back unchanged, or refuses it safely`, {
    input: text,
    holds: (value) => {
      refusalOf(() => ok(check(value)));
    },
    cases: 1500,
  });
}

for (const [name, validate] of Object.entries(ON_ANYTHING)) {
  {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withObjectString: true,
      withSet: true,
      withSparseArray: true,
      withTypedArray: true,
    });
    property(`${name} gives anything back unchanged, or refuses it safely`, {
      input: fc.oneof(anything, fc.array(anything)),
      holds: (value) => {
        refusalOf(() => ok(Object.is(validate(value as never), value)));
      },
      cases: 500,
    });
  }
}

property("validateSessionName() accepts exactly the pattern of the contract", () => {
  const unit = fc.constantFrom(..."aZ09_-.:\né\u212a");
  return {
    input: fc.oneof(text, fc.string({ unit, minLength: 1, maxLength: 70 })),
    holds: (name) => {
      const refused = refusalOf(() => validateSessionName(name)) !== null;
      equal(refused, !/^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(name));
    },
    cases: 1500,
  };
});

property("validateImageName() accepts whatever the OCI grammar can make", () => {
  const some = (characters: string, maxLength = 6) =>
    fc.string({ unit: fc.constantFrom(...characters), minLength: 1, maxLength });
  const component = fc.tuple(
    some("az09"),
    fc.array(fc.tuple(fc.constantFrom(".", "_", "__", "-", "---"), some("az09")), { maxLength: 2 }),
  ).map(([first, rest]) => first + rest.flat().join(""));
  const label = fc.tuple(some("aZ0"), some("aZ0-"), some("aZ0")).map((parts) => parts.join(""));
  const domain = fc.tuple(
    fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join(".")),
    fc.option(fc.nat({ max: 65535 }).map((port) => `:${port}`), { nil: "" }),
  ).map((parts) => `${parts.join("")}/`);
  const digest = fc.constantFrom(["sha256", 64], ["sha384", 96], ["sha512", 128] as const)
    .map(([algorithm, digits]) => `@${algorithm}:${"0f".repeat(Number(digits) / 2)}`);
  const image = fc.tuple(
    fc.option(domain, { nil: "" }),
    fc.array(component, { minLength: 1, maxLength: 3 }).map((components) => components.join("/")),
    fc.option(some("aZ0_").map((tag) => `:${tag}.-`), { nil: "" }),
    fc.option(digest, { nil: "" }),
  ).map((parts) => parts.join("")).filter((reference) => reference.length <= 256);
  return {
    input: image,
    holds: (reference) => ok(validateImageName(reference) === reference),
  };
});

property("validatePorts() accepts whatever its grammar can make", () => {
  const port = fc.integer({ min: 1, max: 65535 });
  const range = fc.tuple(port, port, fc.nat({ max: 1000 })).map(([host, container, more]) => {
    const length = Math.min(more, 65535 - Math.max(host, container));
    return `${host}-${host + length}:${container}-${container + length}`;
  });
  const entry = fc.tuple(
    fc.oneof(fc.constant(""), fc.ipV4().map((ip) => `${ip}:`), fc.ipV6().map((ip) => `[${ip}]:`)),
    fc.oneof(range, fc.tuple(port, port).map((pair) => pair.join(":")), port.map((p) => `:${p}`)),
    fc.constantFrom("", "/tcp", "/udp", "/sctp"),
  ).map((parts) => parts.join(""));
  return {
    input: entry,
    holds: (value) => ok(validatePorts([value])[0] === value),
    cases: 1000,
  };
});

/** Ways to write one character of a word so that it stands for itself, as POSIX has them. */
const WRITTEN: readonly ((character: string) => string)[] = [
  (character) => character === "\n" ? "'\n'" : `\\${character}`,
  (character) => '$`"\\'.includes(character) ? `"\\${character}"` : `"${character}"`,
  (character) => /^[\w./=:,%+@-]$/.test(character) ? character : single(character),
];

function single(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

property("splitCommand() gives back words that were quoted in any way", () => {
  const character = fc.oneof(
    fc.constantFrom(..."ab \t\n'\"\\$`;&|<>()~#*=!"),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }).map((grapheme) => [...grapheme][0]!)
      .filter((point) => !/\p{Cc}/u.test(point)),
  );
  const written = fc.tuple(character, fc.nat({ max: WRITTEN.length - 1 }));
  const word = fc.oneof(
    fc.array(written).map((characters) => ({
      word: characters.map(([point]) => point).join(""),
      // The empty quotes make a word also of none, and keep a first ~ from being special.
      text: "''" + characters.map(([point, way]) => WRITTEN[way]!(point)).join(""),
    })),
    fc.array(character).map((characters) => ({
      word: characters.join(""),
      text: single(characters.join("")),
    })),
  );
  const blank = fc.constantFrom(" ", "\t", "  ", " \\\n");
  return {
    input: fc.array(fc.tuple(word, blank)),
    holds: (parts) => {
      const command = parts.map(([{ text }, blank]) => text + blank).join("");
      deepEqual(splitCommand(command), parts.map(([{ word }]) => word));
    },
    cases: 1000,
  };
});

property("the words of an accepted string are an accepted list", {
  input: text,
  holds: (command) => {
    if (refusalOf(() => validateCommand(command)) !== null) return;
    const words = splitCommand(command);
    equal(validateCommand(words), words);
  },
  cases: 3000,
});

property("validateEnv() never shows a value, whatever is wrong", () => {
  const secret = fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 24 })
    .map((digits) => `s3cret${digits}`);
  const broken = fc.tuple(
    secret,
    fc.constantFrom("\0", "\ud800", "x".repeat(32768), ""),
    fc.boolean(),
  ).map(([marker, wrong, after]) => ({
    marker,
    value: after ? marker + wrong : wrong + marker,
  }));
  const key = fc.oneof(text, fc.constantFrom("KEY", "A B", ...BLOCKED_ENV_KEYS));
  const shape = fc.constantFrom(
    (key: string, value: string): unknown => ({ [key]: value }),
    (key: string, value: string): unknown => ({ [key]: [value] }),
    (key: string, value: string): unknown => ({ [`${key}=${value}`]: "" }),
    (key: string, value: string): unknown => [`${key}=${value}`],
    (key: string, value: string): unknown => `${key}=${value}`,
  );
  return {
    input: fc.tuple(key, broken, shape),
    holds: ([key, { marker, value }, shape]) => {
      const error = refusalOf(() => validateEnv(shape(key, value) as Record<string, string>));
      if (error === null) return;
      ok(!inspect(error, { depth: Infinity, showHidden: true }).includes(marker));
    },
    cases: 500,
  };
});

// A megabyte takes some 50 ms when the work is linear, and many minutes when it is quadratic: nobody
// would wait for the end of such a test.
const HOSTILE_LENGTH = 1_000_000;

for (
  const unit of [
    "a",
    "a.",
    "a-",
    "_",
    "/",
    "../",
    ":",
    "1-",
    "[",
    "[:",
    ",",
    "\\",
    "' ",
    '"',
    "🐍",
    "\0",
  ]
) {
  Deno.test(`a megabyte of ${JSON.stringify(unit)} is answered`, () => {
    const hostile = unit.repeat(HOSTILE_LENGTH / unit.length);
    for (const value of [hostile, `/a:/${hostile}`, `/a:/b:${hostile}`, `a${hostile}!`]) {
      for (const check of Object.values(ON_TEXT)) refusalOf(() => ok(check(value)));
    }
  });
}
