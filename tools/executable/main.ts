/**
 * The entry of the executable: like main.ts, but without compiling what was already compiled with
 * it.
 */
import { compiled, fileOf, load } from "./script.ts";

const { main, denoWorld } = load(compiled(Deno.readFileSync(fileOf("program.cache"))));

// All output is written by now. Pending work, such as a question that nobody answered, must not
// keep the program alive.
Deno.exit(await main(Deno.args, denoWorld()));
