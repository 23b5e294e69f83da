/** Loads the program, which lies beside this file as a script and what V8 once made of it. */
import vm from "node:vm";
import type { main } from "../../src/cli/app.ts";
import type { denoWorld } from "../../src/world/deno.ts";

/** What the script leaves behind. */
export interface Program {
  readonly main: typeof main;
  readonly denoWorld: typeof denoWorld;
}

/** The file of the program, from `program.js` beside this one. */
export function fileOf(name: string): URL {
  return new URL(name, import.meta.url);
}

/**
 * The script, compiled.
 *
 * @param cachedData what V8 made of it, which saves compiling it; V8 refuses that of another version
 */
export function compiled(cachedData?: Uint8Array): vm.Script {
  return new vm.Script(Deno.readTextFileSync(fileOf("program.js")), {
    ...(cachedData === undefined ? {} : { cachedData }),
    // What it imports lazily is looked for from here.
    filename: import.meta.url,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
}

/** Runs the script, which does nothing yet. */
export function load(script: vm.Script): Program {
  script.runInThisContext();
  return (globalThis as unknown as { readonly kstops: Program }).kstops;
}
