import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { inspect } from "node:util";
import {
  BLOCKED_ENV_KEYS,
  MAX_ENV_KEY_LENGTH,
  MAX_ENV_VALUE_LENGTH,
  MAX_ENV_VARIABLES,
  validateEnv,
} from "../../../src/validate/env.ts";

type Env = Record<string, string>;

const ACCEPTED: Record<string, Env> = {
  "no variable": {},
  "an ordinary key": { APP_ENV: "production" },
  "a lower-case key with digits": { app_1: "x" },
  "an underscore alone": { _: "x" },
  "a key of 128 characters": { ["A".repeat(MAX_ENV_KEY_LENGTH)]: "x" },
  "an empty value": { A: "" },
  "a value of 32768 characters": { A: "x".repeat(MAX_ENV_VALUE_LENGTH) },
  "a value of 32768 characters of two units each": { A: "🐍".repeat(MAX_ENV_VALUE_LENGTH) },
  "every control character but NUL in a value": { A: "\x01\t\n\r\x1b\x7f\x9b" },
  "shell syntax in a value": { A: "$(id) `id` ; rm" },
  "a blocked key in another case": { Ld_Preload: "x" },
  "a key that only begins like a blocked one": { LD_PRELOAD_2: "x" },
  "keys that are dangerous but not blocked": { PATH: "/bin", IFS: " ", NODE_PATH: "/x" },
  "properties of every JavaScript object": { constructor: "x", toString: "y" },
  "an own __proto__": JSON.parse('{"__proto__": "x"}'),
  "an object without a prototype": Object.assign(Object.create(null), { A: "x" }),
};

const REFUSED: Record<string, Env> = {
  "an empty key": { "": "x" },
  "a key of 129 characters": { ["A".repeat(MAX_ENV_KEY_LENGTH + 1)]: "x" },
  "a key that starts with a digit": { "1A": "x" },
  "a dash in a key": { "MY-VAR": "x" },
  "a dot in a key": { "MY.VAR": "x" },
  "a space in a key": { " A": "x" },
  "an equals sign in a key": { "A=B": "x" },
  "an exported function of bash": { "BASH_FUNC_x%%": "() { :; }" },
  "a final newline in a key": { "A\n": "x" },
  "NUL in a key": { "A\0": "x" },
  "a letter that is not ASCII in a key": { "É": "x" },
  "a fullwidth letter in a key": { "Ａ": "x" },
  "NUL in a value": { A: "x\0y" },
  "half of a surrogate pair in a value": { A: "x\ud800" },
  "a value of 32769 characters": { A: "x".repeat(MAX_ENV_VALUE_LENGTH + 1) },
  "a wrong variable after a right one": { A: "x", "B C": "y" },
};

for (const [what, env] of Object.entries(ACCEPTED)) {
  Deno.test(`validateEnv() accepts ${what}`, () => equal(validateEnv(env), env));
}

for (const [what, env] of Object.entries(REFUSED)) {
  Deno.test(`validateEnv() refuses ${what}`, () => {
    throws(() => validateEnv(env), { name: "SessionConfigError", code: "value_invalid" });
  });
}

for (const key of BLOCKED_ENV_KEYS) {
  Deno.test(`validateEnv() refuses ${key} unless it is listed as unsafe`, () => {
    throws(() => validateEnv({ [key]: "x" }), { code: "value_invalid", details: { key } });
    deepEqual(validateEnv({ [key]: "x" }, { unsafeKeys: ["OTHER", key] }), { [key]: "x" });
  });
}

Deno.test("validateEnv() allows only the unsafe key that is listed", () => {
  throws(() => validateEnv({ LD_AUDIT: "x", LD_PRELOAD: "y" }, { unsafeKeys: ["LD_AUDIT"] }), {
    details: { key: "LD_PRELOAD" },
  });
});

Deno.test("validateEnv() checks an unsafe key like any other", () => {
  throws(() => validateEnv({ "A B": "x" }, { unsafeKeys: ["A B"] }), { code: "value_invalid" });
  throws(() => validateEnv({ LD_PRELOAD: "\0" }, { unsafeKeys: ["LD_PRELOAD"] }), {
    code: "value_invalid",
  });
});

Deno.test("validateEnv() accepts 100 variables and refuses 101", () => {
  const variables = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`V${index}`, "x"]));
  validateEnv(variables(MAX_ENV_VARIABLES));
  throws(() => validateEnv(variables(MAX_ENV_VARIABLES + 1)), {
    code: "value_invalid",
    message: "Cannot use 101 environment variables: at most 100 are allowed",
  });
});

const MESSAGES: [Env, string][] = [
  [{ "": "x" }, 'Cannot use "" as an environment variable: its name is empty'],
  [{ "A B": "x" }, 'Cannot use "A B" as an environment variable: its name has a space'],
  [{ "1A": "x" }, 'Cannot use "1A" as an environment variable: its name starts with a digit'],
  [
    { LD_PRELOAD: "x" },
    'Cannot use "LD_PRELOAD" as an environment variable: it can make the program load other code',
  ],
  [{ A: "\0" }, 'Cannot use "A" as an environment variable: its value has a NUL character'],
  [
    { A: "x".repeat(40000) },
    'Cannot use "A" as an environment variable: ' +
    "its value has 40000 characters, at most 32768 are allowed",
  ],
];

for (const [env, message] of MESSAGES) {
  Deno.test(`validateEnv() says: ${message}`, () => throws(() => validateEnv(env), { message }));
}

Deno.test("validateEnv() tells how to allow a blocked key", () => {
  throws(() => validateEnv({ NODE_OPTIONS: "--max-old-space-size=4096" }), {
    hint: "list NODE_OPTIONS in unsafe_env, or give --unsafe-env NODE_OPTIONS, if you mean it",
  });
});

const SECRET = "hunter2-Tr0ub4dor";
const LEAKS: Record<string, unknown> = {
  "a blocked key": { LD_PRELOAD: SECRET },
  "a wrong key": { "A B": SECRET },
  "NUL in the value": { A: `${SECRET}\0` },
  "half of a surrogate pair in the value": { A: `\udc00${SECRET}` },
  "a value that is too long": { A: SECRET.repeat(5000) },
  "a value that is no text": { A: [SECRET] },
  "a value that was written into the key": { [`TOKEN=${SECRET}`]: "" },
  "an environment that is text": `TOKEN=${SECRET}`,
  "an environment that is a list": [`TOKEN=${SECRET}`],
};

for (const [what, env] of Object.entries(LEAKS)) {
  Deno.test(`validateEnv() never shows a value: ${what}`, () => {
    throws(() => validateEnv(env as Env), (error: Error) => {
      ok(!inspect(error, { depth: Infinity, showHidden: true }).includes(SECRET));
      return true;
    });
  });
}

Deno.test("validateEnv() refuses what is not an object of texts", () => {
  const refused: [unknown, string][] = [
    [undefined, "Cannot use undefined as an environment: it must be an object of text values"],
    [null, "Cannot use null as an environment: it must be an object of text values"],
    ["A=x", "Cannot use text as an environment: it must be an object of text values"],
    [["A=x"], "Cannot use a list as an environment: it must be an object of text values"],
    [new Map(), "Cannot use an object as an environment: it must be an object of text values"],
    [{ A: 1 }, 'Cannot use "A" as an environment variable: its value must be text'],
    [{ A: null }, 'Cannot use "A" as an environment variable: its value must be text'],
  ];
  for (const [env, message] of refused) {
    throws(() => validateEnv(env as Env), { code: "value_invalid", message });
  }
});

Deno.test("validateEnv() refuses unsafe keys that are not a list of texts", () => {
  const refused: unknown[] = ["LD_PRELOAD", null, [1]];
  for (const unsafeKeys of refused) {
    throws(() => validateEnv({}, { unsafeKeys: unsafeKeys as string[] }), {
      code: "value_invalid",
    });
  }
});
