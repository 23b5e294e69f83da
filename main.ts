import { main } from "./src/cli/app.ts";
import { denoWorld } from "./src/world/deno.ts";

// All output is written by now. What may still be pending, as a question that nobody answered, must
// not keep the program.
Deno.exit(await main(Deno.args, denoWorld()));
