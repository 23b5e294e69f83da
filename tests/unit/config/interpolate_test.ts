import { deepEqual, equal } from "node:assert/strict";
import * as fc from "fast-check";
import {
  interpolate,
  interpolateCommand,
  maskVariables,
  shellText,
  spellingMistakes,
} from "../../../src/config/interpolate.ts";
import { splitCommand } from "../../../src/validate/command.ts";
import { property } from "../../support/property.ts";

const ENV: Record<string, string> = {
  NAME: "value",
  EMPTY: "",
  NESTED: "${NAME}",
  WORDS: "two words; rm -rf 'x",
};
const lookup = (name: string) => ENV[name];

const FILLED: Record<string, [string, string]> = {
  "a variable": ["${NAME}", "value"],
  "a variable inside of text": ["a${NAME}b${NAME}", "avaluebvalue"],
  "an empty variable": ["[${EMPTY}]", "[]"],
  "a default for an unset one": ["${NONE:-a b}", "a b"],
  "a default for an empty one": ["${EMPTY:-x}", "x"],
  "no default for a set one": ["${NAME:-x}", "value"],
  "an empty default": ["[${NONE:-}]", "[]"],
  "a message for a set one": ["${NAME:?oops}", "value"],
  "an escaped brace": ["$${NAME}", "${NAME}"],
  "a dollar before an escaped brace": ["$$${NAME}", "$${NAME}"],
  "nothing inside of a value": ["${NESTED}", "${NAME}"],
  "nothing else: a dollar": ["$NAME $(date) $$ $1 $", "$NAME $(date) $$ $1 $"],
  "a default up to the first brace": ["${NONE:-a}b}", "ab}"],
};

for (const [what, [text, expected]] of Object.entries(FILLED)) {
  Deno.test(`interpolate() fills in ${what}`, () => {
    deepEqual(interpolate(text, lookup).mistakes, []);
    equal(interpolate(text, lookup).text, expected);
  });
}

Deno.test("interpolate() says what came from the environment, and not defaults", () => {
  deepEqual(interpolate("${NAME} ${NONE:-x} ${EMPTY} ${WORDS}", lookup).secrets, [
    "value",
    "two words; rm -rf 'x",
  ]);
});

Deno.test("interpolate() names an unset variable", () => {
  deepEqual(interpolate("a${NONE}b", lookup), {
    text: "ab",
    secrets: [],
    mistakes: [{
      message: "the variable NONE is not set",
      hint: "set it, write ${NONE:-default}, or $${ for a literal ${",
      spot: { offset: 1, text: "${" },
    }],
  });
});

Deno.test("interpolate() gives the message of an unset or empty variable", () => {
  deepEqual(
    interpolate("${NONE:?see the wiki}${EMPTY:?}", lookup).mistakes.map(({ message }) => message),
    ["the variable NONE is not set: see the wiki", "the variable EMPTY is not set"],
  );
});

const NESTED: Record<string, [string, string, readonly string[]]> = {
  "a variable": ["${NONE:-${NAME}}", "value", ["value"]],
  "a variable with text around it": ["${NONE:-a-${NAME}-b}c", "a-value-bc", ["value"]],
  "a variable with a default": ["${NONE:-${EMPTY:-c}}", "c", []],
  "two variables": ["${NONE:-${NAME}/${NAME}}", "value/value", ["value", "value"]],
  "a literal": ["${NONE:-$${NAME}}", "${NAME}", []],
  "a variable that is not looked at": ["${NAME:-${NONE}}", "value", ["value"]],
};

for (const [what, [text, filled, secrets]] of Object.entries(NESTED)) {
  Deno.test(`interpolate() fills in a default that has ${what}`, () => {
    deepEqual(interpolate(text, lookup), { text: filled, secrets, mistakes: [] });
  });
}

Deno.test("interpolate() says of a default only what counts", () => {
  deepEqual(
    interpolate("${NONE:-${EMPTY:?set EMPTY} and ${NONE}}", lookup).mistakes.map(({ message }) =>
      message
    ),
    ["the variable EMPTY is not set: set EMPTY", "the variable NONE is not set"],
  );
});

Deno.test("a shell gets the variables of defaults, too, and expands them by itself", () => {
  const text = shellText("echo ${NONE:-${NAME}} ${EMPTY:-$${HOME}}", lookup);
  deepEqual(text, {
    text: "echo ${NONE:-${NAME}} ${EMPTY:-${HOME}}",
    names: ["NONE", "NAME", "EMPTY"],
    mistakes: [],
  });
});

Deno.test("a default with a variable is one word of a command", () => {
  const words = interpolateCommand("run ${NONE:-${WORDS}} x", { lookup, split: splitCommand });
  deepEqual(words.words, ["run", "two words; rm -rf 'x", "x"]);
});

const MISSPELLED: Record<string, string> = {
  "no name": "${}",
  "no end": "${NAME",
  "a name with a digit first": "${1A}",
  "a name with a dash": "${A-B}",
  "a sign without a colon": "${A-x}",
  "blanks": "${ A }",
  "a shell's substring": "${A:1}",
  "a default with no end": "${A:-${B}",
  "a default with what is no variable": "${A:-${-}}",
  "defaults of defaults without end": `${"${A:-".repeat(60)}x${"}".repeat(60)}`,
};

for (const [what, text] of Object.entries(MISSPELLED)) {
  Deno.test(`spellingMistakes() reports ${what}, without the text`, () => {
    const mistakes = spellingMistakes(`secret ${text}`);
    equal(mistakes.length, 1);
    equal(JSON.stringify(mistakes).includes("secret"), false);
  });
}

Deno.test("spellingMistakes() reads hostile text in one pass", () => {
  equal(spellingMistakes("${A:-".repeat(500_000)).length, 1);
  equal(spellingMistakes("${A:-".repeat(500_000) + "}").length, 1);
  equal(spellingMistakes("${}".repeat(1000)).length, 1000);
});

property("interpolate() changes no text without a dollar sign", {
  input: fc.string({ unit: "binary" }),
  holds: (text) => {
    const plain = text.replaceAll("$", "");
    deepEqual(interpolate(plain, lookup), { text: plain, secrets: [], mistakes: [] });
  },
});

property("interpolate() gives back every text whose braces were escaped", {
  input: fc.stringMatching(/^[${}A:\-? ]*$/),
  holds: (text) => {
    equal(interpolate(text.replaceAll("${", () => "$${"), lookup).text, text);
  },
});

property("maskVariables() leaves no variable", {
  input: fc.stringMatching(/^(\$?\$\{A\}|[a-z\ue000$ ])*$/),
  holds: (text) => equal(maskVariables(text).includes("${"), false),
});

Deno.test("maskVariables() leaves all other text", () => {
  equal(maskVariables("a ${A}b $${ c").replace(/\ue000[0-9]+\ue000/g, "_"), "a _b _ c");
});

const WORDS: Record<string, [string, string[]]> = {
  "a value that is never split": ["run ${WORDS} x", ["run", "two words; rm -rf 'x", "x"]],
  "a value inside of a word": ["--a=${WORDS}b", ["--a=two words; rm -rf 'xb"]],
  "a value between single quotes": ["echo 'a ${NAME}'", ["echo", "a value"]],
  "a value between double quotes": ['echo "a ${NAME}"', ["echo", "a value"]],
  "a default with blanks and quotes": ["echo ${NONE:-a 'b}", ["echo", "a 'b"]],
  "an empty value, which stays a word": ["echo ${EMPTY}", ["echo", ""]],
  "a quoted dollar sign before a value": ["echo '$'${NAME}", ["echo", "$value"]],
  "quotes that only look like a variable when they are gone": ["echo '$''{NAME}'", [
    "echo",
    "${NAME}",
  ]],
  "a value in two words": ["a${NAME} ${NAME}b", ["avalue", "valueb"]],
  "characters of the private use area": ["echo \ue0000\ue000${NAME}", [
    "echo",
    "\ue0000\ue000value",
  ]],
  "an escaped brace": ["sh -c 'echo $${HOME}'", ["sh", "-c", "echo ${HOME}"]],
  "an escaped brace outside of quotes": ["echo $${HOME}", ["echo", "${HOME}"]],
};

for (const [what, [text, words]] of Object.entries(WORDS)) {
  Deno.test(`interpolateCommand() keeps words together: ${what}`, () => {
    const found = interpolateCommand(text, { lookup, split: splitCommand });
    deepEqual(found.words, words);
    deepEqual(found.mistakes, []);
  });
}

property("interpolateCommand() gives as many words as there are without values", {
  input: fc.string({ unit: "binary" }),
  holds: (value) => {
    const found = interpolateCommand("a ${X} b${X}", { lookup: () => value, split: splitCommand });
    deepEqual(found.words, ["a", value, `b${value}`]);
  },
});

Deno.test("shellText() leaves the variables to the shell", () => {
  deepEqual(shellText('echo "${NAME}" ${NONE:-x} $${i} ${NAME}', lookup), {
    text: 'echo "${NAME}" ${NONE:-x} ${i} ${NAME}',
    names: ["NAME", "NONE"],
    mistakes: [],
  });
});

Deno.test("shellText() names an unset variable", () => {
  equal(shellText("echo ${NONE}", lookup).mistakes[0]?.message, "the variable NONE is not set");
});
