import { main } from "./src/cli/app.ts";
import { denoWorld } from "./src/world.ts";

Deno.exitCode = await main(Deno.args, denoWorld());
