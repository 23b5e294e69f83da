/** What the program knows of itself: the source has no commit, the executable that of its tree. */
import { equal, match } from "node:assert/strict";
import { programUnderTest } from "../support/transcript.ts";

const { argv: [program = "", ...args], env } = await programUnderTest();
const isSource = Deno.env.get("KSTOPS_BIN") === undefined;

Deno.test("--version --json tells the commit, the Deno and the machine that it is made for", async () => {
  const { stdout } = await new Deno.Command(program, {
    args: [...args, "--version", "--json"],
    env: { ...env },
  }).output();
  const { commit, deno, target } = JSON.parse(new TextDecoder().decode(stdout));
  if (isSource) {
    equal(commit, null);
    equal(deno, Deno.version.deno);
  } else {
    match(commit, /^[0-9a-f]{40}(-dirty)?$/);
    match(deno, /^\d+\.\d+\.\d+/);
  }
  equal(target, Deno.build.target);
});
