/**
 * Makes `program.cache`, V8's code for the program after it has run the commands that are most used
 * and should be quick: `warm FILE`, compiled like the executable, so that V8 accepts the code. The
 * directory where it runs has a config, a tmux session called `warm`, and stand-ins for podman and
 * docker.
 */
import { compiled, load } from "./script.ts";

const [target] = Deno.args;
if (target === undefined) throw new Error("usage: warm FILE");

/** Not all commands: every command has to read the whole cache. */
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
  // For example without a tmux. Code that did not run here is compiled when it runs.
  if (status !== 0) console.error(`warm: kstops ${argv.join(" ")}: exit status ${status}`);
}
const cache = script.createCachedData();
// If V8 refuses the cache now, it will refuse it later.
if (compiled(cache).cachedDataRejected) throw new Error("V8 does not take the cache");
Deno.writeFileSync(target, cache);
Deno.exit(0);
