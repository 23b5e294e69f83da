import { deepEqual, throws } from "node:assert/strict";
import { parseEnvFile } from "../../../src/config/env_file.ts";

const READ: Record<string, [string, [string, string | null][]]> = {
  "nothing": ["", []],
  "values as they are, with quotes, blanks and signs": [
    "A=\"x y\" # z \nB='$HOME ${HOME}'\nC=a=b\nD=\\n",
    [["A", '"x y" # z '], ["B", "'$HOME ${HOME}'"], ["C", "a=b"], ["D", "\\n"]],
  ],
  "an empty value": ["A=", [["A", ""]]],
  "a key alone, for the environment": ["A\nB \n", [["A", null], ["B", null]]],
  "neither comments nor empty lines": ["# A=1\n\n  # B=2\n \t\n", []],
  "a key after blanks": ["  A=1", [["A", "1"]]],
  "Windows line ends and a byte order mark": ["\ufeffA=1\r\nB=2\r\n", [["A", "1"], ["B", "2"]]],
  "the last line for a key": ["A=1\nB=2\nA=3", [["B", "2"], ["A", "3"]]],
};

for (const [what, [text, expected]] of Object.entries(READ)) {
  Deno.test(`parseEnvFile() reads ${what}`, () => {
    const variables = [...parseEnvFile(text, "/x.env")];
    deepEqual(variables.map(([key, { value }]) => [key, value]), expected);
  });
}

Deno.test("parseEnvFile() knows the line of each variable", () => {
  const variables = [...parseEnvFile("# B=1\nA=1\r\n\nB\nA=2\n", "/x.env")];
  deepEqual(variables.map(([key, { line }]) => [key, line]), [["B", 4], ["A", 5]]);
});

const REFUSED: Record<string, [string, string]> = {
  "export": ["A=1\nexport TOKEN=secret", "remove export: this is no shell script"],
  "a blank before the sign": ["#\nTOKEN =secret", "write KEY=value, the key in letters"],
  "YAML": ["#\nTOKEN: secret", "write KEY=value, the key in letters"],
  "a line without a key": ["#\n=secret", "write KEY=value, the key in letters"],
};

for (const [what, [text, hint]] of Object.entries(REFUSED)) {
  Deno.test(`parseEnvFile() refuses ${what}, with the line and without the value`, () => {
    throws(() => parseEnvFile(text, "/srv/x.env"), (error: Error & { hint: string }) => {
      deepEqual(
        error.message,
        "Cannot use the env file /srv/x.env:2: the line does not begin with the name of a variable",
      );
      return error.hint.startsWith(hint) && !JSON.stringify(error).includes("secret");
    });
  });
}
