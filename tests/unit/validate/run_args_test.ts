import { deepEqual, ok } from "node:assert/strict";
import { oddFlags } from "../../../src/validate/run_args.ts";

/** `!` before what a start refuses. */
const short = (...runArgs: readonly string[]): readonly string[] =>
  oddFlags(runArgs).map(({ flag, isRefused }) => `${isRefused ? "!" : ""}${flag}`);

const ODD: Record<string, readonly string[]> = {
  "--rm": ["--rm"],
  "--rm=true": ["--rm"],
  "--rm=false": [],
  "--name": ["!--name"],
  "--name=other": ["!--name"],
  "-d": ["!-d"],
  "--detach": ["!--detach"],
  "--detach=false": ["!--detach"],
  "--attach=stdout": ["!--attach"],
  "-a": ["!-a"],
  "--replace": ["!--replace"],
  "--label=io.kstops.session=x": ["!--label"],
  "io.kstops.run=1": ["!io.kstops.run"],
  "--restart=always": ["--restart"],
  "--stop-signal": ["--stop-signal"],
  "--stop-timeout=3": ["--stop-timeout"],
  "--env=TOKEN=x": ["--env"],
  "-e": ["-e"],
  "--pull=always": ["--pull"],
  "--detach-keys=ctrl-x": ["--detach-keys"],
  "--tty=false": ["--tty"],
  "-i=false": ["-i"],
};
for (const [word, are] of Object.entries(ODD)) {
  Deno.test(`of run_args, ${word} is ${are.length === 0 ? "nothing" : are.join()}`, () =>
    deepEqual(short(word), are));
}

for (
  const word of [
    "--rmi",
    "--named",
    "-dev",
    "--restarts",
    "--memory=1g",
    "--label=a=b",
    "--tty",
    "rm",
  ]
) {
  Deno.test(`of run_args, ${word} is none of kstops' business`, () => deepEqual(short(word), []));
}

Deno.test("every odd flag is told, with what comes of it and what helps", () => {
  const found = oddFlags(["--rm", "--memory=1g", "--restart", "always", "--rm"]);
  deepEqual(found.map(({ flag }) => flag), ["--rm", "--restart", "--rm"]);
  for (const { problem, hint } of found) ok(problem !== "" && hint !== "");
});
