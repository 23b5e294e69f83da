/**
 * Replays every transcript of this directory, on the source or on the binary in KSTOPS_BIN; those
 * called `containers*.txt` twice, on podman and on docker.
 */
import { RUNTIMES } from "../../src/model.ts";
import { ignoreWithoutEngines } from "../support/engines.ts";
import { programUnderTest, replay } from "../support/transcript.ts";
import { ignoreWithoutTmux } from "../support/tmux.ts";

const directory = decodeURIComponent(new URL(".", import.meta.url).pathname);
const names = Array.from(Deno.readDirSync(directory), ({ name }) => name)
  .filter((name) => name.endsWith(".txt"))
  .sort();

if (names.length > 0) {
  const program = await programUnderTest();
  console.log(`The transcripts test ${program.title}`);
  const plays = names.flatMap((name) =>
    name.startsWith("containers")
      ? RUNTIMES.map((runtime) => ({ name, title: `${name} on ${runtime}`, options: { runtime } }))
      : [{ name, title: name, options: {} }]
  );
  for (const { name, title, options } of plays) {
    Deno.test({
      name: title,
      ignore: ignoreWithoutTmux() || ("runtime" in options && ignoreWithoutEngines()),
      fn: async () => {
        const result = await replay(`${directory}${name}`, { program, ...options });
        if (result === "rewritten") console.log(`${name} was rewritten: look at the difference`);
      },
    });
  }
}
