import { deepEqual, equal, match } from "node:assert/strict";
import fc from "fast-check";
import { bold, filled, line, literal, prose, usage, verbatim } from "../../../tools/roff.ts";
import { property } from "../../support/property.ts";

const LITERALS: Readonly<Record<string, readonly [text: string, roff: string]>> = {
  "a backslash": ["a\\nb", "a\\enb"],
  "hyphens": ["--env-file", "\\-\\-env\\-file"],
  "quotes": [`'a' "b" \`c\``, "\\(aqa\\(aq \\(dqb\\(dq \\(gac\\(ga"],
  "a tilde and a caret": ["~/^x", "\\(ti/\\(hax"],
  "what is not ASCII": ["ü→🙂", "\\[u00FC]\\[u2192]\\[u1F642]"],
};
for (const [what, [text, roff]] of Object.entries(LITERALS)) {
  Deno.test(`literal() keeps ${what}`, () => equal(literal(text), roff));
}

Deno.test("a dot or a quote at the beginning of a line makes no request of it", () => {
  equal(line(".TH x"), "\\&.TH x");
  equal(line("'br"), "\\&'br");
  equal(line("a.b"), "a.b");
  deepEqual(verbatim(["./kstops", "..", "a  b"]), [
    ...[".RS 4", ".nf"],
    ...["\\&./kstops", "\\&..", "a  b"],
    ...[".fi", ".RE"],
  ]);
});

Deno.test("in prose backticks make what is literal, and a hyphen inside of a word stays one", () => {
  equal(
    prose("a well-known `--flag` of\n`x-y`, -1"),
    "a well-known \\fB\\-\\-flag\\fP of \\fBx\\-y\\fP, \\-1",
  );
});

Deno.test("in a usage what is to be replaced is in italics, and brackets are neither", () => {
  equal(usage("-e, --env <key[=value]>"), "\\fB\\-e\\fP, \\fB\\-\\-env\\fP \\fIkey[=value]\\fP");
  equal(usage("[name...]"), "[\\fBname\\fP...]");
  equal(bold(""), "");
});

Deno.test("a long paragraph is broken between words, and no line of it begins a request", () => {
  deepEqual(filled(`${"a".repeat(78)} .b 'c`), ["a".repeat(78), "\\&.b 'c"]);
});

property("whatever the text, there is one line of ASCII and every backslash is an escape", () => {
  const escape = /\\(e|-|&|\((aq|ga|ha|ti|dq)|\[u[0-9A-F]{4,6}\]|f[BIP])/g;
  return {
    input: fc.string({ unit: "binary" }),
    holds: (text) => {
      for (const roff of [line(literal(text)), line(prose(text)), line(usage(text))]) {
        match(roff, /^(?![.'])[\x20-\x7e]*$/);
        equal(roff.replaceAll(escape, "").includes("\\"), false);
      }
    },
  };
});
