import { deepEqual, equal, throws } from "node:assert/strict";
import { MAX_NAME_LENGTH, validateSessionName } from "../../../src/validate/name.ts";

const ACCEPTED: Record<string, string> = {
  "one letter": "a",
  "upper case": "MyBot",
  "digits, - and _ after the letter": "my-bot_01",
  "64 characters": "a".repeat(MAX_NAME_LENGTH),
  "a trailing dash": "a-",
  "a word that tmux knows as a pane position": "bottom",
  "a property of every JavaScript object": "constructor",
};

const REFUSED: Record<string, string> = {
  "empty": "",
  "65 characters": "a".repeat(MAX_NAME_LENGTH + 1),
  "a leading digit": "1bot",
  "a leading underscore": "_bot",
  "a leading dash, which looks like a flag": "-bot",
  "a dot, which tmux rewrites": "bot.v2",
  "a colon, which separates a window in tmux": "bot:1",
  "tmux's exact match": "=bot",
  "tmux's session id": "$1",
  "tmux's window id": "@1",
  "tmux's pane id": "%1",
  "a space": "my bot",
  "a slash": "../bot",
  "a final newline, which Python's $ lets through": "bot\n",
  "a leading newline": "\nbot",
  "NUL": "bot\0",
  "a letter that is not ASCII": "böt",
  "a digit that is not ASCII": "bot٣",
  "the Kelvin sign, which a case-insensitive match takes for k": "\u212aot",
  "a zero-width space": "bot\u200b",
  "half of a surrogate pair": "bot\ud800",
};

for (const [what, name] of Object.entries(ACCEPTED)) {
  Deno.test(`validateSessionName() accepts ${what}`, () => {
    equal(validateSessionName(name), name);
  });
}

for (const [what, name] of Object.entries(REFUSED)) {
  Deno.test(`validateSessionName() refuses ${what}`, () => {
    throws(() => validateSessionName(name), { name: "SessionConfigError", code: "value_invalid" });
  });
}

const MESSAGES: Record<string, string> = {
  "": 'Cannot use "" as a session name: it is empty',
  "bot.v2": 'Cannot use "bot.v2" as a session name: it has "."',
  "bot\n": 'Cannot use "bot\\n" as a session name: it has a newline',
  "my bot": 'Cannot use "my bot" as a session name: it has a space',
  "a\x1b[31m": 'Cannot use "a\\x1b[31m" as a session name: it has the control character U+001B',
  "bot\u200b": 'Cannot use "bot\u200b" as a session name: it has U+200B',
  "böt": 'Cannot use "böt" as a session name: it has "ö" (U+00F6)',
  "bot\ud800": 'Cannot use "bot\ufffd" as a session name: it has half of a surrogate pair',
  "1bot": 'Cannot use "1bot" as a session name: it does not start with a letter',
  ["a".repeat(70)]: `Cannot use "${
    "a".repeat(60)
  }…" as a session name: it has 70 characters, at most 64 are allowed`,
  ["🐍".repeat(65)]: `Cannot use "${
    "🐍".repeat(60)
  }…" as a session name: it has 65 characters, at most 64 are allowed`,
};

for (const [name, message] of Object.entries(MESSAGES)) {
  Deno.test(`validateSessionName() says: ${message}`, () => {
    throws(() => validateSessionName(name), { message });
  });
}

Deno.test("validateSessionName() says in the hint what to write", () => {
  throws(() => validateSessionName("1"), {
    hint: "use letters, digits, - and _, and start with a letter",
  });
});

Deno.test("validateSessionName() counts code points, not UTF-16 units", () => {
  // 33 snakes are 66 units: what is wrong with them is not their number.
  throws(() => validateSessionName("🐍".repeat(33)), { message: /it has "🐍" \(U\+1F40D\)$/ });
});

Deno.test("validateSessionName() refuses what is not text, and shows only its type", () => {
  const subjects: [unknown, string][] = [
    [undefined, "undefined"],
    [null, "null"],
    [7, "a number"],
    [true, "a boolean"],
    [["a"], "a list"],
    [{}, "an object"],
    [new String("bot"), "an object"],
    [Symbol("bot"), "a symbol"],
    [Object.create(null), "an object"],
  ];
  const messages = subjects.map(([value]) => {
    try {
      return validateSessionName(value as string);
    } catch (error) {
      return (error as Error).message;
    }
  });
  deepEqual(
    messages,
    subjects.map(([, subject]) => `Cannot use ${subject} as a session name: it must be text`),
  );
});
