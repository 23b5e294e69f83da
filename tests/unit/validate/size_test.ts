import { equal, throws } from "node:assert/strict";
import { LOG_BYTES } from "../../../src/model.ts";
import { formatSize, parseSize } from "../../../src/validate/size.ts";

const ANY = { least: 0, most: Infinity };
const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

const ACCEPTED: Record<string, readonly [text: string, bytes: number]> = {
  "bytes": ["65536", 65_536],
  "bytes with their unit": ["65536B", 65_536],
  "nothing": ["0", 0],
  "a letter": ["512k", 512 * KIB],
  "an upper-case letter": ["512K", 512 * KIB],
  "kilobytes, as docker means them": ["512kB", 512 * KIB],
  "KiB": ["1KiB", KIB],
  "KiB in lower case": ["1kib", KIB],
  "MiB": ["10MiB", 10 * MIB],
  "MB, as docker means them": ["10MB", 10 * MIB],
  "GiB": ["2GiB", 2 * GIB],
  "a blank before the unit": ["10 MiB", 10 * MIB],
  "leading zeros": ["010m", 10 * MIB],
  "twelve digits": ["999999999999", 999_999_999_999],
};
for (const [what, [text, bytes]] of Object.entries(ACCEPTED)) {
  Deno.test(`parseSize() accepts ${what}`, () => equal(parseSize(text, ANY), bytes));
}

const REFUSED: Record<string, string> = {
  "empty": "",
  "a unit alone": "MiB",
  "a negative number": "-1",
  "a sign": "+1",
  "a fraction": "1.5MiB",
  "an exponent": "1e6",
  "a hexadecimal number": "0x10",
  "an unknown unit": "1T",
  "half of a unit": "10ib",
  "a unit with more behind it": "1MiBs",
  "two blanks before the unit": "1  MiB",
  "a blank in front": " 1MiB",
  "a blank behind": "1MiB ",
  "a final newline": "1MiB\n",
  "sixteen digits": "1000000000000000",
  "fullwidth digits": "１",
  "a word": "unlimited",
  "an i alone as its unit": "1i",
};
for (const [why, text] of Object.entries(REFUSED)) {
  Deno.test(`parseSize() refuses ${why}`, () => {
    throws(() => parseSize(text, ANY), {
      code: "value_invalid",
      hint: "write it like 10MiB, or as a number of bytes",
    });
  });
}

Deno.test("parseSize() takes both bounds, and nothing beyond them", () => {
  equal(parseSize("64KiB", LOG_BYTES), LOG_BYTES.least);
  equal(parseSize("1024GiB", LOG_BYTES), LOG_BYTES.most);
  for (const text of ["65535", "1025GiB", "0"]) {
    throws(() => parseSize(text, LOG_BYTES), {
      message: `Cannot use "${text}" as a size: it must be 64KiB to 1024GiB`,
    });
  }
});

const WRITTEN: Record<string, number> = {
  "0": 0,
  "1": 1,
  "1000": 1000,
  "1KiB": KIB,
  "1025": KIB + 1,
  "1023KiB": 1023 * KIB,
  "10MiB": 10 * MIB,
  "1025KiB": MIB + KIB,
  "1GiB": GIB,
  "1024GiB": 1024 * GIB,
};
for (const [text, bytes] of Object.entries(WRITTEN)) {
  Deno.test(`formatSize() writes ${bytes} as ${text}`, () => equal(formatSize(bytes), text));
}
