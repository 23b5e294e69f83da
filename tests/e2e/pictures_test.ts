/** The pictures of the pages: what they show is what the program shows. */
import { deepEqual, equal } from "node:assert/strict";
import { DIRECTORY, draw, PICTURES } from "../../tools/pictures.ts";
import { aloneOnEngines, ignoreWithoutEngines } from "../support/engines.ts";
import { userPages } from "../support/pages.ts";
import { ignoreWithoutTmux } from "../support/tmux.ts";
import { programUnderTest } from "../support/transcript.ts";

const pages = userPages().map(({ text }) => text).join("\n");

for (const picture of PICTURES) {
  const compare = async () => {
    for (const [file, text] of await draw(picture, await programUnderTest())) {
      // Where they differ: deno task pictures.
      const drawn = (await Deno.readTextFile(new URL(file, DIRECTORY))).split("\n");
      const others = text.split("\n").filter((line, index) => line !== drawn[index]);
      deepEqual(others, []);
      equal(text, drawn.join("\n"));
    }
  };
  Deno.test({
    name: `the picture of ${picture.command} shows what the program shows`,
    ignore: ignoreWithoutTmux() || (picture.containers === true && ignoreWithoutEngines()),
    fn: () => picture.containers === true ? aloneOnEngines(compare) : compare(),
  });
}

Deno.test("the pages show every picture, for dark and for light pages, and no other", () => {
  const shown = Array.from(
    pages.matchAll(/\.github\/pictures\/([\w-]+\.svg)/g),
    ([, file]) => file,
  );
  const drawn = PICTURES.flatMap(({ name }) => [`${name}-dark.svg`, `${name}-light.svg`]);
  equal(shown.toSorted().join("\n"), drawn.toSorted().join("\n"));
});
