import { equal, notEqual, ok } from "node:assert/strict";
import { engineVariables, pathWithoutEngines } from "../../support/engines.ts";
import { denoWorld } from "../../../src/world/deno.ts";

async function whereIs(program: string, path: string): Promise<boolean> {
  const { facts } = denoWorld().files;
  const found = await Promise.all(path.split(":").map((each) => facts(`${each}/${program}`)));
  return found.some((each) => each !== null);
}

Deno.test("a sandbox finds every program but podman and docker", async () => {
  const path = await pathWithoutEngines();
  for (const engine of ["podman", "docker"]) equal(await whereIs(engine, path), false, engine);
  for (const program of ["sh", "cat", "env"]) ok(await whereIs(program, path), program);
  equal(await pathWithoutEngines(), path);
});

Deno.test("private engines are there only where somebody started them", () => {
  const before = Deno.env.get("KSTOPS_ENGINES_DIR");
  try {
    Deno.env.delete("KSTOPS_ENGINES_DIR");
    equal(engineVariables(), null);
    Deno.env.set("KSTOPS_ENGINES_DIR", "/somewhere");
    notEqual(engineVariables(), null);
    equal(engineVariables()?.["KSTOPS_ENGINES_DIR"], "/somewhere");
  } finally {
    if (before === undefined) Deno.env.delete("KSTOPS_ENGINES_DIR");
    else Deno.env.set("KSTOPS_ENGINES_DIR", before);
  }
});
