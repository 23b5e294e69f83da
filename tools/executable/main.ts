/** The entry of the executable: as main.ts, without compiling what was compiled with it. */
import { compiled, fileOf, load } from "./script.ts";

const { main, denoWorld } = load(compiled(Deno.readFileSync(fileOf("program.cache"))));

// All output is written by now. What may still be pending, as a question that nobody answered, must
// not keep the program.
Deno.exit(await main(Deno.args, denoWorld()));
