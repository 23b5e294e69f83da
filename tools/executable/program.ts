/** The content of the executable: all of kstops, as one script that leaves `kstops` behind. */
import { main } from "../../src/cli/app.ts";
import { denoWorld } from "../../src/world/deno.ts";

Object.assign(globalThis, { kstops: { main, denoWorld } });
