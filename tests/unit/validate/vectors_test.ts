/** The verdicts that are shared between implementations, where they are at hand beside this tree. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { SessionConfigError } from "../../../src/errors.ts";
import { splitCommand, validateCommand } from "../../../src/validate/command.ts";
import { validateEnv } from "../../../src/validate/env.ts";
import { validateImageName } from "../../../src/validate/image.ts";
import { validateSessionName } from "../../../src/validate/name.ts";
import { validatePorts } from "../../../src/validate/ports.ts";
import { validateVolumes } from "../../../src/validate/volumes.ts";

const VECTORS = new URL("../../../../shared/vectors/", import.meta.url);
const isThere = statSync(VECTORS, { throwIfNoEntry: false }) !== undefined;

interface Vector<Input> {
  readonly input: Input;
  readonly accept: boolean;
  readonly words?: readonly string[];
}

function compare<Input>(name: string, validate: (input: Input) => unknown): void {
  Deno.test({
    name: `the ${name} validator agrees with every shared verdict`,
    ignore: !isThere,
    fn() {
      const vectors = read<Input>(name);
      ok(vectors.length > 100);
      const wrong = vectors.filter(({ input, accept }) => isAccepted(validate, input) !== accept);
      deepEqual(wrong, []);
    },
  });
}

function read<Input>(name: string): readonly Vector<Input>[] {
  return JSON.parse(readFileSync(new URL(`${name}.json`, VECTORS), "utf8"));
}

function isAccepted<Input>(validate: (input: Input) => unknown, input: Input): boolean {
  try {
    equal(validate(input), input);
    return true;
  } catch (error) {
    if (error instanceof SessionConfigError && error.code === "value_invalid") return false;
    throw error;
  }
}

compare("name", validateSessionName);
compare("image", validateImageName);
compare("volumes", (input: string[]) => validateVolumes(input));
compare("ports", (input: string[]) => validatePorts(input));
compare("env", (input: Record<string, string>) => validateEnv(input));
compare("command", (input: string) => validateCommand(input));

Deno.test({
  name: "splitCommand() gives the words of every shared verdict",
  ignore: !isThere,
  fn() {
    for (const { input, accept, words } of read<string>("command")) {
      equal(words !== undefined, accept);
      if (words !== undefined) deepEqual(splitCommand(input), words);
    }
  },
});
