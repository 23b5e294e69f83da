import { deepEqual, equal, ok } from "node:assert/strict";
import { cut, folded, padding, widthOf, wrapped, type Wrapping } from "../../../src/output/text.ts";

const WIDTHS: Record<string, readonly [string, number]> = {
  "Latin letters": ["astro é", 7],
  "a letter with its accent apart": ["e\u0301", 1],
  "Georgian, Greek with accents and arrows": ["გἀ⇒…", 4],
  "lines and boxes": ["─│█", 3],
  "Chinese, Japanese and Korean": ["語ボ한", 6],
  "wide forms of Latin letters": ["Ａ", 2],
  "an emoji": ["🐍", 2],
  "an old sign made an emoji": ["↔\ufe0f", 3],
  "an old emoji": ["⌚", 2],
  "a joined emoji, as where its parts are shown": ["👩‍🚀", 5],
};

for (const [what, [text, width]] of Object.entries(WIDTHS)) {
  Deno.test(`widthOf() counts the columns of ${what}`, () => equal(widthOf(text), width));
}

const SHOWN: Record<string, readonly [string, number]> = {
  "plain letters": ["astro", 5],
  "an accent apart and a wide letter": ["e\u0301語", 3],
  "an emoji": ["🐍", 2],
  "a joined emoji, as one": ["👩‍🚀", 2],
  "two letters that are a flag": ["🇩🇪", 2],
  "an old sign, and the same made an emoji": ["↔↔\ufe0f", 3],
  "old signs": ["✔©", 2],
};

for (const [what, [text, shown]] of Object.entries(SHOWN)) {
  Deno.test(`padding() fills the columns behind ${what} as most terminals show it`, () => {
    equal(padding(text, 7), " ".repeat(7 - shown));
    equal(padding(text, 1), "");
  });
}

Deno.test("cut() says with its sign that there was more", () => {
  equal(cut("astro", 5, "…"), "astro");
  equal(cut("astro-prod", 5, "…"), "astr…");
  equal(cut("日本語", 5, "~"), "日本~");
  equal(cut("日本語", 4, "~"), "日~");
});

Deno.test("cut() leaves no joiner behind, which would swallow the sign", () => {
  equal(cut("🐍👩‍🚀", 6, "…"), "🐍👩…");
});

Deno.test("cut() keeps an accent with its letter", () => {
  equal(cut("e\u0301e\u0301e\u0301", 2, "…"), "e\u0301…");
});

const PROSE: Wrapping = { columns: 30, taken: 0, indent: "  " };

Deno.test("wrapped() breaks a sentence between words", () => {
  equal(
    wrapped("Cannot start it: it ended at once with exit code 3", { ...PROSE, taken: 8 }),
    "Cannot start it: it\n  ended at once with exit code\n  3",
  );
});

Deno.test("wrapped() keeps a command together, for whoever copies it", () => {
  equal(
    wrapped("look at it with kstops status astro, or stop it", { ...PROSE, columns: 34 }),
    "look at it with\n  kstops status astro, or stop it",
  );
});

Deno.test("wrapped() keeps a quoted value together", () => {
  equal(
    wrapped('Cannot stop "a name with blanks": no such session', PROSE),
    'Cannot stop\n  "a name with blanks": no\n  such session',
  );
});

Deno.test("wrapped() leaves alone what fits, with all its blanks", () => {
  equal(wrapped("a  b ", { columns: 7, taken: 2, indent: "  " }), "a  b ");
});

Deno.test("folded() breaks a command at blanks and a path behind slashes", () => {
  deepEqual(folded("python3 -m worker --queue default", 18), [
    "python3 -m worker",
    "--queue default",
  ]);
  deepEqual(folded("/opt/a-long-name/and-another", 17), ["/opt/a-long-name/", "and-another"]);
  deepEqual(folded("x".repeat(10), 4), ["xxxx", "xxxx", "xx"]);
  deepEqual(folded("", 4), [""]);
});

/** How many characters are looked at, one by one, while that is done. */
function charactersLookedAt(work: () => void): number {
  const iterate = String.prototype[Symbol.iterator];
  let count = 0;
  String.prototype[Symbol.iterator] = function* (this: string): StringIterator<string> {
    for (const character of { [Symbol.iterator]: () => iterate.call(this) }) {
      count++;
      yield character;
    }
  } as typeof iterate;
  try {
    work();
  } finally {
    String.prototype[Symbol.iterator] = iterate;
  }
  return count;
}

for (const unit of ["\u0301", "a", "a ", " ", "/", "\u0301/", '"', '"\\', "kstops ", "語"]) {
  Deno.test(`${JSON.stringify(unit)} without an end is laid out in linear work`, () => {
    const text = unit.repeat(20_000 / unit.length);
    const prose = { columns: 80, taken: 8, indent: "  " };
    for (
      const work of [() => folded(text, 80), () => wrapped(text, prose), () => cut(text, 80, "~")]
    ) {
      const looks = charactersLookedAt(() => void work());
      ok(looks > 0 && looks <= 10 * text.length, `${looks} looks`);
    }
  });
}
