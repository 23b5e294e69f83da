/** Loads the program, which lies beside this file as a script and as code from V8. */
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
 * @param cachedData V8's code for it, which saves compiling; V8 refuses the code of another version
 */
export function compiled(cachedData?: Uint8Array): vm.Script {
  return new vm.Script(Deno.readTextFileSync(fileOf("program.js")), {
    ...(cachedData === undefined ? {} : { cachedData }),
    // Its lazy imports are looked up from here.
    filename: import.meta.url,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
}

/** Runs the script, which does nothing yet. */
export function load(script: vm.Script): Program {
  script.runInThisContext();
  return (globalThis as unknown as { readonly kstops: Program }).kstops;
}
