/** Tests that replay the transcripts of `tests/e2e/`. */
import { aloneOnEngines, ignoreWithoutEngines } from "./engines.ts";
import { ignoreWithoutTmux } from "./tmux.ts";
import { programUnderTest, replay } from "./transcript.ts";

const directory = decodeURIComponent(new URL("../e2e/", import.meta.url).pathname);

/** The transcripts to replay. Default: all. */
const chosen = Deno.env.get("KSTOPS_TRANSCRIPTS")?.split(" ").map((name) => `${name}.txt`);

/** The names of the transcripts about containers (`containers*.txt`), or of the others. */
export function transcripts(about: { readonly containers: boolean }): readonly string[] {
  return Array.from(Deno.readDirSync(directory), ({ name }) => name)
    .filter((name) => name.endsWith(".txt"))
    .filter((name) => name.startsWith("containers") === about.containers)
    .filter((name) => chosen === undefined || chosen.includes(name))
    .sort();
}

const program = await programUnderTest();
console.log(`The transcripts test ${program.title}`);

/** A test that replays one transcript, on the source or on the binary that KSTOPS_BIN names. */
export function transcriptTest(name: string, runtime?: "podman" | "docker"): void {
  const options = runtime === undefined ? { program } : { program, runtime };
  const play = async () => {
    const result = await replay(`${directory}${name}`, options);
    if (result === "rewritten") console.log(`${name} was rewritten: look at the difference`);
  };
  Deno.test({
    name: runtime === undefined ? name : `${name} on ${runtime}`,
    ignore: ignoreWithoutTmux() || (runtime !== undefined && ignoreWithoutEngines()),
    fn: runtime === undefined ? play : () => aloneOnEngines(play),
  });
}
