import { equal, throws } from "node:assert/strict";
import { MAX_SOCKET_NAME_LENGTH, validateSocketName } from "../../../src/validate/socket_name.ts";

const ACCEPTED: Record<string, string> = {
  "tmux's own name": "default",
  "one character": "0",
  "dots, dashes and underscores anywhere": "_bots.prod-1.",
  "a leading dash": "-bots",
  "three dots, which are no directory": "...",
  "64 characters": "s".repeat(MAX_SOCKET_NAME_LENGTH),
};

const REFUSED: Record<string, string> = {
  "empty": "",
  "65 characters": "s".repeat(MAX_SOCKET_NAME_LENGTH + 1),
  "this directory": ".",
  "the parent directory": "..",
  "a path": "/tmp/tmux-0/default",
  "a space": "my bots",
  "a final newline": "bots\n",
  "NUL": "bots\0",
  "a letter that is not ASCII": "bóts",
};

for (const [what, name] of Object.entries(ACCEPTED)) {
  Deno.test(`validateSocketName() accepts ${what}`, () => equal(validateSocketName(name), name));
}

for (const [what, name] of Object.entries(REFUSED)) {
  Deno.test(`validateSocketName() refuses ${what}`, () => {
    throws(() => validateSocketName(name), { name: "SessionConfigError", code: "value_invalid" });
  });
}

Deno.test("validateSocketName() tells who gives a path to give a name", () => {
  throws(() => validateSocketName("/tmp/x"), {
    message: 'Cannot use "/tmp/x" as a tmux socket name: it has "/"',
    hint: "give the name of the socket, not the path of its file",
  });
});

Deno.test("validateSocketName() refuses what is not text", () => {
  throws(() => validateSocketName(null as unknown as string), {
    code: "value_invalid",
    message: "Cannot use null as a tmux socket name: it must be text",
  });
});
