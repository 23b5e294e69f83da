/** Replays every transcript of this directory, on the source or on the binary in KSTOPS_BIN. */
import { programUnderTest, replay } from "../support/transcript.ts";
import { ignoreWithoutTmux } from "../support/tmux.ts";

const directory = decodeURIComponent(new URL(".", import.meta.url).pathname);
const names = Array.from(Deno.readDirSync(directory), ({ name }) => name)
  .filter((name) => name.endsWith(".txt"))
  .sort();

if (names.length > 0) {
  const program = await programUnderTest();
  console.log(`The transcripts test ${program.title}`);
  for (const name of names) {
    Deno.test({
      name,
      ignore: ignoreWithoutTmux(),
      fn: async () => {
        const result = await replay(`${directory}${name}`, { program });
        if (result === "rewritten") console.log(`${name} was rewritten: look at the difference`);
      },
    });
  }
}
