/**
 * Makes `program.cache`, the code that V8 has made of the program by the time when it has run what
 * is run most and is to be quick: `warm FILE`, compiled as the executable is, so that V8 takes it
 * for its own. Where it is run there are a config, a tmux session called `warm`, and stand-ins for
 * podman and docker.
 */
import { compiled, load } from "./script.ts";

const [target] = Deno.args;
if (target === undefined) throw new Error("usage: warm FILE");

/** Not all that there is: what is in the cache is read by every command. */
const COMMANDS = [
  ["list"],
  ["list", "--json"],
  ["status", "warm"],
  ["logs", "warm"],
  ["__complete", "bash", "kstops status w", "w"],
  ["__complete", "zsh", "status", "w"],
  ["__complete", "fish", "list", "--"],
  ["--help"],
];

const script = compiled();
const { main, denoWorld } = load(script);
const world = denoWorld();
const unheard = { ...world.terminal, writeOut: () => Promise.resolve(true), writeError: () => {} };
for (const argv of COMMANDS) {
  const status = await main(argv, { ...world, terminal: unheard });
  // Without a tmux, for example. What it did not run will be compiled when it is.
  if (status !== 0) console.error(`warm: kstops ${argv.join(" ")}: exit status ${status}`);
}
const cache = script.createCachedData();
// A V8 that does not take it now will not take it later.
if (compiled(cache).cachedDataRejected) throw new Error("V8 does not take the cache");
Deno.writeFileSync(target, cache);
Deno.exit(0);
