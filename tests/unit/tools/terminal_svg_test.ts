import { deepEqual, match, ok, throws } from "node:assert/strict";
import { terminalSvg, THEMES } from "../../../tools/terminal_svg.ts";

const THEME = THEMES.dark;

/** Each text with the column at which it begins, how many it takes, and its colour. */
function textsOf(lines: readonly string[]): readonly unknown[] {
  const svg = terminalSvg(lines, { narrowest: 10, theme: THEME, title: "a title" });
  const texts = svg.matchAll(
    /<text x="([\d.]+)" .*?textLength="([\d.]+)".*? fill="(.*?)".*?>(.*)</g,
  );
  return Array.from(texts, ([, x, length, fill, text]) => [
    Math.round((Number(x) - 16) / 8.4),
    Math.round(Number(length) / 8.4),
    fill,
    text,
  ]);
}

Deno.test("text in a picture stands at its column, whatever is before it", () => {
  deepEqual(textsOf(["ab cd   e", "日本   e"]), [
    [0, 5, THEME.ink, "ab cd"],
    [8, 1, THEME.ink, "e"],
    [0, 4, THEME.ink, "日本"],
    [7, 1, THEME.ink, "e"],
  ]);
});

Deno.test("text in a picture has its colour, also on the next line, until that ends", () => {
  deepEqual(textsOf(["\x1b[31ma\x1b[39mb\x1b[2mc", "d\x1b[0me"]), [
    [0, 1, THEME.red, "a"],
    [1, 1, THEME.ink, "b"],
    [2, 1, THEME.dim, "c"],
    [0, 1, THEME.dim, "d"],
    [1, 1, THEME.ink, "e"],
  ]);
});

Deno.test("what is text stays text in a picture", () => {
  deepEqual(textsOf(["<b>&amp;"]), [[0, 8, THEME.ink, "&lt;b&gt;&amp;amp;"]]);
});

Deno.test("a picture is as wide as its widest line, and says what it is", () => {
  const options = { narrowest: 10, theme: THEME, title: "one & two" };
  match(terminalSvg(["x"], options), /^<svg .*width="116" height="51"/);
  match(terminalSvg(["x".repeat(20)], options), /^<svg .*width="200" /);
  ok(terminalSvg(["x"], options).includes("<title>one &amp; two</title>"));
});

Deno.test("a picture refuses what it cannot draw", () => {
  const options = { narrowest: 10, theme: THEME, title: "" };
  throws(() => terminalSvg(["\x1b[2J"], options), /not a colour/);
  throws(() => terminalSvg(["\x1b[45mx"], options), /no colour of kstops: 45/);
});
