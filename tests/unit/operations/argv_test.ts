import { deepEqual } from "node:assert/strict";
import { maskedArgv } from "../../../src/operations/argv.ts";

const MASKED: Record<string, readonly [argv: string, masked: string]> = {
  "a value behind -e": ["start web -e TOKEN=s3cret", "start web -e TOKEN=***"],
  "a value behind --env": ["start --env TOKEN=s3cret web", "start --env TOKEN=*** web"],
  "a value joined to --env": ["start web --env=TOKEN=s3cret", "start web --env=TOKEN=***"],
  "a value joined to -e": ["start web -eTOKEN=s3=cret", "start web -eTOKEN=***"],
  "a value behind several short flags": ["start -qe TOKEN=s3cret", "start -qe TOKEN=***"],
  "a value joined to several short flags": ["start -qeTOKEN=s3cret", "start -qeTOKEN=***"],
  "a value that looks like a flag": ["start -e A=-e -e B=x web", "start -e A=*** -e B=*** web"],
  "a value joined to a key that no variable has": [
    "start --env=MY-KEY=s3cret",
    "start --env=MY-KEY=***",
  ],
  "a value joined to -e and such a key": ["start -e1KEY=s3cret", "start -e1KEY=***"],
  "a value that has no key": ["start -qe=s3cret", "start -qe=***"],
  "no name of a variable": ["start web -e TOKEN", "start web -e TOKEN"],
  "no other flag": ["start web --env-file a=b", "start web --env-file a=b"],
  "nothing behind --": ["start web -- env -e A=b", "start web -- env -e A=b"],
};
for (const [what, [argv, masked]] of Object.entries(MASKED)) {
  Deno.test(`of a command line is masked: ${what}`, () => {
    deepEqual(maskedArgv(argv.split(" ")), masked.split(" "));
  });
}
