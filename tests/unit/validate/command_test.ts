import { deepEqual, equal, throws } from "node:assert/strict";
import {
  MAX_COMMAND_LENGTH,
  splitCommand,
  validateCommand,
} from "../../../src/validate/command.ts";

const SPLIT: Record<string, [string, string[]]> = {
  "spaces and tabs": ["  python\t app.py ", ["python", "app.py"]],
  "single quotes": ["python -c 'import time; time.sleep(1)'", [
    "python",
    "-c",
    "import time; time.sleep(1)",
  ]],
  "double quotes": ['grep "(a|b)" f', ["grep", "(a|b)", "f"]],
  "quotes inside a word": [`a'b c'"d e"f`, ["ab cd ef"]],
  "the other quote inside quotes": [`a "it's" '"'`, ["a", "it's", '"']],
  "empty words": [`a '' ""`, ["a", "", ""]],
  "quotes that add nothing": ["a''b", ["ab"]],
  "a backslash before a space": ["a\\ b", ["a b"]],
  "a backslash before a letter": ["\\a\\b", ["ab"]],
  "a backslash before a backslash": ["a\\\\b", ["a\\b"]],
  "a backslash before a quote": [`it\\'s \\"`, ["it's", '"']],
  "a backslash before shell syntax": ["find . -exec ls {} \\;", [
    "find",
    ".",
    "-exec",
    "ls",
    "{}",
    ";",
  ]],
  "a backslash before a dollar sign": ["echo \\$HOME", ["echo", "$HOME"]],
  "a backslash before a tilde": ["echo \\~", ["echo", "~"]],
  "a backslash before a newline, which continues the line": ["a \\\n  b\\\nc", ["a", "bc"]],
  "a backslash in single quotes": ["'a\\b\\'", ["a\\b\\"]],
  "the four escapes of double quotes": ['"\\$ \\` \\" \\\\"', ['$ ` " \\']],
  "any other backslash in double quotes": ['"\\n \\; \\\'"', ["\\n \\; \\'"]],
  "a backslash before a newline in double quotes": ['"a\\\nb"', ["ab"]],
  "newline and tab in quotes": [`a 'b\n\tc' "d\n\te"`, ["a", "b\n\tc", "d\n\te"]],
  "a dollar sign in single quotes": ["sh -c 'echo $HOME'", ["sh", "-c", "echo $HOME"]],
  "a tilde in quotes": [`'~/a' "~/b"`, ["~/a", "~/b"]],
  "a tilde inside a word": ["a~ b=~/c", ["a~", "b=~/c"]],
  "a backquote in double quotes, which are data": ['echo "`id`"', ["echo", "`id`"]],
  "a hash, which starts no comment": ["a # b", ["a", "#", "b"]],
  "what would be globs": ["ls *.py ?[a-z]", ["ls", "*.py", "?[a-z]"]],
  "what would be braces": ["a {b,c}", ["a", "{b,c}"]],
  "what would be an assignment": ["FOO=bar python", ["FOO=bar", "python"]],
  "what would be history": ["echo hi!", ["echo", "hi!"]],
  "what would be built in": ["exec eval source", ["exec", "eval", "source"]],
  "spaces that are not ASCII, which are data": ["a\u00a0b\u2028c\u3000d", [
    "a\u00a0b\u2028c\u3000d",
  ]],
  "letters that are not ASCII": ["écho 日本 🐍", ["écho", "日本", "🐍"]],
};

for (const [what, [command, words]] of Object.entries(SPLIT)) {
  Deno.test(`splitCommand() understands ${what}`, () => {
    deepEqual(splitCommand(command), words);
    equal(validateCommand(command), command);
  });
}

Deno.test("splitCommand() finds no words in blanks", () => {
  deepEqual(splitCommand(""), []);
  deepEqual(splitCommand(" \t \\\n"), []);
});

Deno.test("splitCommand() has no limit of its own", () => {
  deepEqual(splitCommand("x".repeat(2 * MAX_COMMAND_LENGTH)), ["x".repeat(2 * MAX_COMMAND_LENGTH)]);
});

const REFUSED: Record<string, string> = {
  "a semicolon": "a; b",
  "an and": "a && b",
  "a job in the background": "a &",
  "an & inside a word": "curl http://x/?a=1&b=2",
  "a pipe": "a | b",
  "an output redirection": "a > b",
  "a > inside a word": "a->b",
  "an input redirection": "a < b",
  "a here string": "a <<< b",
  "backquotes": "a `b`",
  "an opening parenthesis": "(a",
  "a closing parenthesis": "a )",
  "a newline between words": "a\nb",
  "a final newline": "a\n",
  "a variable": "a $HOME",
  "a variable in braces": "a ${HOME}",
  "a command substitution": "a $(b)",
  "a dollar sign alone": "a $",
  "a variable in double quotes": 'a "$HOME"',
  "a dollar sign after quotes": "a 'b'$",
  "a home directory": "~/bin/a",
  "a home directory as an argument": "a ~",
  "a home directory after a continued line": "a \\\n~/b",
  "an open single quote": "a 'b",
  "an open double quote": 'a "b',
  "an open quote behind an escaped one": 'a "b\\"',
  "a final backslash": "a\\",
};

for (const [what, command] of Object.entries(REFUSED)) {
  Deno.test(`splitCommand() refuses ${what}`, () => {
    throws(() => splitCommand(command), { name: "SessionConfigError", code: "value_invalid" });
    throws(() => validateCommand(command), { code: "value_invalid" });
  });
  Deno.test(`validateCommand() accepts ${what} with shell: true`, () => {
    equal(validateCommand(command, { shell: true }), command);
  });
  Deno.test(`validateCommand() accepts ${what} inside a word of a list`, () => {
    const words = ["echo", command];
    equal(validateCommand(words), words);
  });
}

const CONTROLS: Record<string, string> = {
  "NUL": "\0",
  "a carriage return": "\r",
  "a vertical tab": "\v",
  "escape": "\x1b",
  "DEL": "\x7f",
  "the C1 control sequence introducer": "\x9b",
  "half of a surrogate pair": "\udc00",
};

for (const [what, control] of Object.entries(CONTROLS)) {
  Deno.test(`validateCommand() refuses ${what} everywhere`, () => {
    const refused = { name: "SessionConfigError", code: "value_invalid" };
    for (const text of [`a${control}b`, `a 'b${control}'`, `a "${control}"`, `a \\${control}`]) {
      throws(() => validateCommand(text), refused);
      throws(() => splitCommand(text), refused);
      throws(() => validateCommand(text, { shell: true }), refused);
      throws(() => validateCommand(["a", text]), refused);
    }
  });
}

Deno.test("validateCommand() refuses a string in which there is nothing to run", () => {
  for (const command of ["", " ", "\t ", "\\\n", "''", '"" a']) {
    throws(() => validateCommand(command), { code: "value_invalid" });
  }
  for (const command of ["", " \t\n"]) {
    throws(() => validateCommand(command, { shell: true }), { code: "value_invalid" });
  }
});

Deno.test("validateCommand() refuses a list in which there is nothing to run", () => {
  throws(() => validateCommand([]), { code: "value_invalid" });
  throws(() => validateCommand(["", "a"]), { code: "value_invalid" });
});

Deno.test("validateCommand() accepts a list with empty words, tabs and newlines after the program", () => {
  const words = ["a", "", "b\tc\n", "\n"];
  equal(validateCommand(words), words);
});

Deno.test("validateCommand() refuses a list together with shell: true", () => {
  throws(() => validateCommand(["echo", "a | b"], { shell: true }), {
    message: "Cannot use a list of words as a command: shell: true takes one string",
  });
});

for (const unit of ["x", "é", "🐍"]) {
  Deno.test(`validateCommand() accepts 4096 times ${unit} and refuses 4097`, () => {
    const longest = unit.repeat(MAX_COMMAND_LENGTH);
    const refused = {
      code: "value_invalid",
      message: /: it has 4097 characters, at most 4096 are allowed$/,
    };
    validateCommand(longest);
    validateCommand(longest, { shell: true });
    validateCommand([longest]);
    throws(() => validateCommand(longest + unit), refused);
    throws(() => validateCommand(longest + unit, { shell: true }), refused);
    throws(() => validateCommand([longest + unit]), refused);
  });
}

Deno.test("validateCommand() counts the words of a list and one space between each two", () => {
  const half = "x".repeat(MAX_COMMAND_LENGTH / 2);
  validateCommand([half, half.slice(1)]);
  throws(() => validateCommand([half, half]), { message: /it has 4097 characters/ });
  throws(() => validateCommand(["a", ...Array(5000).fill("")]), {
    message: "Cannot use 5001 words of a command: at most 4096 are allowed",
  });
});

const MESSAGES: Record<string, string> = {
  "a; b": 'Cannot use "a; b" as a command: it has ";" outside quotes, at character 2',
  "🐍 | b": 'Cannot use "🐍 | b" as a command: it has "|" outside quotes, at character 3',
  "a\nb": 'Cannot use "a\\nb" as a command: it has a newline outside quotes, at character 2',
  'a "$B"': 'Cannot use "a "$B"" as a command: it has "$" outside single quotes, at character 4',
  "~/a": 'Cannot use "~/a" as a command: ' +
    'it has a word that starts with "~" outside quotes, at character 1',
  "a 'b": 'Cannot use "a \'b" as a command: a single quote is not closed, at character 3',
  'a "b': 'Cannot use "a "b" as a command: a double quote is not closed, at character 3',
  "a\\": 'Cannot use "a\\" as a command: it ends with a backslash',
  "a\r": 'Cannot use "a\\r" as a command: it has a carriage return',
  "": 'Cannot use "" as a command: there is nothing to run',
  "'' a": "Cannot use \"'' a\" as a command: its first word, the program, is empty",
};

for (const [command, message] of Object.entries(MESSAGES)) {
  Deno.test(`validateCommand() says: ${message}`, () => {
    throws(() => validateCommand(command), { message });
  });
}

Deno.test("validateCommand() tells the three ways out of shell syntax", () => {
  throws(() => validateCommand("a | b"), {
    hint: "quote it, write it as a list of words, or ask for a shell (--shell, shell: true)",
  });
});

Deno.test("validateCommand() shows no word of a list, which may be an interpolated secret", () => {
  throws(() => validateCommand(["run", "hunter2\0"]), {
    message: "Cannot use a list of words as a command: word 2 has a NUL character",
    details: { index: 1 },
  });
});

Deno.test("validateCommand() refuses what is neither text nor a list of texts", () => {
  const refused: [unknown, string][] = [
    [undefined, "Cannot use undefined as a command: it must be text"],
    [null, "Cannot use null as a command: it must be text"],
    [{ 0: "a", length: 1 }, "Cannot use an object as a command: it must be text"],
    [["a", 1], "Cannot use a number as a word of a command: it must be text"],
    [Array(2), "Cannot use undefined as a word of a command: it must be text"],
  ];
  for (const [command, message] of refused) {
    throws(() => validateCommand(command as string), { code: "value_invalid", message });
    throws(() => splitCommand(command as string), { code: "value_invalid" });
  }
});
