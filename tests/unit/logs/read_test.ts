import { equal, rejects } from "node:assert/strict";
import fc from "fast-check";
import { lastLines } from "../../../src/logs/lines.ts";
import { type Part, readParts, type Wanted } from "../../../src/logs/read.ts";
import { type FakeFileFacts, type FakeWorld, withFakeWorld } from "../../support/fake_world.ts";
import { property } from "../../support/property.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);

/** What is in one file of output, and in the file of times beside it. */
interface Content extends Pick<FakeFileFacts, "modifiedAt" | "denied"> {
  readonly content: string;
  readonly times?: string;
}

/** Writes the files of an output; they are its parts. */
function put(world: FakeWorld, ...contents: readonly Content[]): readonly Part[] {
  return contents.map(({ times, ...file }, index) => {
    const path = `/logs/r-${String(index + 1).padStart(6, "0")}.log`;
    world.put(path, file);
    if (times !== undefined) world.put(path.replace(".log", ".times"), times);
    return { path, bytes: bytes(file.content).length };
  });
}

/** What is read of an output as text. */
async function read(
  contents: readonly Content[],
  wanted: Wanted,
  reading?: { readonly isOpen: boolean },
): Promise<string> {
  let got = "";
  await withFakeWorld({}, async (world) => {
    got = text(await readParts(world, put(world, ...contents), wanted, reading));
  });
  return got;
}

const at = (seconds: number): Date => new Date(seconds * 1000);

// --- the end -------------------------------------------------------------------------------------

Deno.test("the tail of an output is its last lines, however long they are", async () => {
  // Longer than what is read at first, and at second.
  const lines = Array.from({ length: 30 }, (_, n) => `${n}:${"x".repeat(20_000)}\r\n`);
  const plain = lines.map((line) => line.replace("\r", ""));
  const whole = [{ content: lines.join("") }];
  const inParts = [0, 7, 14, 21].map((from) => ({
    content: lines.slice(from, from === 21 ? 30 : from + 7).join(""),
  }));
  for (const contents of [whole, inParts]) {
    for (const count of [0, 1, 2, 3, 4, 12, 13, 29, 30, 31, Infinity]) {
      const expected = count === 0 ? "" : plain.slice(-count).join("");
      equal(await read(contents, { lines: count }), expected, `${count} lines`);
    }
  }
});

property("the tail of an output is the same, wherever its parts are cut", {
  input: fc.tuple(
    fc.string({ unit: fc.constantFrom("\n", "\r", "a", "b"), maxLength: 40 }),
    fc.array(fc.nat(40), { maxLength: 5 }),
    fc.oneof(fc.nat(12), fc.constant(Infinity)),
    fc.boolean(),
  ),
  holds: async ([content, cuts, lines, isOpen]) => {
    const inside = cuts.map((cut) => cut % (content.length + 1));
    const edges = [0, ...inside.toSorted((one, other) => one - other), content.length];
    const contents = edges.slice(1).map((end, index) => ({
      content: content.slice(edges[index], end),
    }));
    const expected = text(lastLines(bytes(content), lines, { isOpen }));
    equal(await read(contents, { lines }, { isOpen }), expected);
  },
  cases: 500,
});

Deno.test("a line is whole that begins in the part before", async () => {
  equal(await read([{ content: "a\nb" }, { content: "c\n" }], { lines: 1 }), "bc\n");
  equal(await read([{ content: "a\nb" }, { content: "" }, { content: "c" }], { lines: 1 }), "bc\n");
});

Deno.test("of nothing there are no lines", async () => {
  equal(await read([], { lines: 10 }), "");
  equal(await read([{ content: "" }], { lines: 10 }), "");
  equal(await read([], { lines: 10, since: at(0), timestamps: true }), "");
});

Deno.test("parts that are too old for the wanted lines are not read", async () => {
  const contents = [{ content: "a\n", denied: true }, { content: "b\nc\nd\n" }];
  equal(await read(contents, { lines: 2 }), "c\nd\n");
  await rejects(read(contents, { lines: 3 + 1 }), /permission denied/);
});

Deno.test("what came after the parts were looked at is not read", () =>
  withFakeWorld({}, async (world) => {
    const parts = put(world, { content: "a\nb\n", times: "1 4\n" });
    await world.files.append("/logs/r-000001.log", bytes("c\n"));
    equal(text(await readParts(world, parts, { lines: 1 })), "b\n");
    equal(text(await readParts(world, parts, { lines: 1, since: at(0) })), "b\n");
  }));

Deno.test("a part that has been removed meanwhile is left out", () =>
  withFakeWorld({ files: { "/second.log": "two\n" } }, async (world) => {
    const parts = [{ path: "/first.log", bytes: 5 }, { path: "/second.log", bytes: 4 }];
    // Nobody can tell any more whether that is a whole line.
    equal(text(await readParts(world, parts, { lines: Infinity })), "[...] two\n");
    equal(text(await readParts(world, parts, { lines: 9, since: new Date(0) })), "[...] two\n");
  }));

// --- whole lines ---------------------------------------------------------------------------------

/** What is read of an output of which the first part has been removed. */
async function readCut(
  contents: readonly Content[],
  wanted: Wanted,
  reading?: { readonly isOpen: boolean },
): Promise<string> {
  let got = "";
  await withFakeWorld({}, async (world) => {
    const parts = put(world, { content: "gone" }, ...contents).slice(1);
    got = text(await readParts(world, parts, wanted, reading));
  });
  return got;
}

const CUT_WANTED: Readonly<Record<string, Wanted>> = {
  "all lines": { lines: Infinity },
  "lines": { lines: 20 },
  "an excerpt": { lines: 20, mostLineBytes: 16_384 },
  "what came since then": { lines: Infinity, since: at(0) },
};
for (const [what, wanted] of Object.entries(CUT_WANTED)) {
  Deno.test(`where the first part is gone, ${what} begin with a whole line`, async () => {
    equal(
      await readCut([{ content: "ment\ntwo\nth" }, { content: "ree\n" }], wanted),
      "two\nthree\n",
    );
    equal(await readCut([{ content: "frag" }, { content: "ment\ntwo\n" }], wanted), "two\n");
    // Half a character.
    equal(await readCut([{ content: "ä\nä\n" }], wanted), "ä\n");
  });

  Deno.test(`where one line is all that is kept, ${what} are the rest of it, with a mark`, async () => {
    equal(await readCut([{ content: "long" }, { content: "line\n" }], wanted), "[...] longline\n");
    equal(await readCut([{ content: "long" }], wanted), "[...] long\n");
    equal(
      await readCut([{ content: "long" }], wanted, { isOpen: true }),
      wanted.mostLineBytes ? "[...] long" : "[...] long",
    );
    equal(await readCut([{ content: "" }], wanted), "");
  });
}

Deno.test("with times, the first line is a whole one as well", async () => {
  const contents = [{ content: "ment\ntwo\n", times: "100 5\n101 9\n", modifiedAt: at(101) }];
  equal(
    await readCut(contents, { lines: Infinity, timestamps: true }),
    "1970-01-01T00:01:41Z two\n",
  );
});

Deno.test("a line of which only the end was printed since then is whole", async () => {
  const one = { content: "zero\none ", times: "100 5\n101 9\n", modifiedAt: at(101) };
  const two = { content: "two\nthree\n", times: "200 4\n201 10\n", modifiedAt: at(201) };
  equal(await read([one, two], { lines: Infinity, since: at(150) }), "one two\nthree\n");
  equal(await read([one, two], { lines: Infinity, since: at(101) }), "one two\nthree\n");
  const parts = [{ content: "a\nb c", times: "100 4\n200 5\n", modifiedAt: at(200) }];
  equal(await read(parts, { lines: Infinity, since: at(150) }), "b c\n");
});

Deno.test("of a line that began long before then, what came since then is shown with a mark", async () => {
  const old = { content: "x".repeat(3_000_000), times: "100 3000000\n", modifiedAt: at(100) };
  const young = { content: "end\n", times: "200 4\n", modifiedAt: at(200) };
  equal(await read([old, young], { lines: Infinity, since: at(150) }), "[...] end\n");
});

Deno.test("of a long line an excerpt has the beginning and the end", async () => {
  const content = `first\n${"a".repeat(3_000_000)}${"z".repeat(3_000_000)}\nlast\n`;
  const got = await read([{ content: content.slice(0, 2_000_000) }, {
    content: content.slice(2_000_000),
  }], { lines: 3, mostLineBytes: 100 });
  equal(got, `first\n${"a".repeat(50)}\x18${"z".repeat(50)}\nlast\n`);
});

property("lines that are not long are the same in an excerpt", {
  input: fc.tuple(
    fc.string({ unit: fc.constantFrom("\n", "a", "b"), maxLength: 40 }),
    fc.nat(40),
    fc.nat(12),
  ),
  holds: async ([content, cut, lines]) => {
    const contents = [{ content: content.slice(0, cut) }, { content: content.slice(cut) }];
    const excerpt = await read(contents, { lines, mostLineBytes: 100 });
    equal(excerpt, await read(contents, { lines }));
  },
  cases: 300,
});

Deno.test("a part that nobody may read is an error", () =>
  withFakeWorld({ files: { "/first.log": { content: "one\n", denied: true } } }, async (world) => {
    const parts = [{ path: "/first.log", bytes: 4 }];
    await rejects(readParts(world, parts, { lines: 1 }), /permission denied/);
  }));

// --- times ---------------------------------------------------------------------------------------

/** Two parts: printed at 100, 102, 103 and at 200, 205 s. */
const TIMED: readonly Content[] = [
  { content: "a\nb\nc\n", times: "100 2\n102 4\n103 6\n", modifiedAt: at(103) },
  { content: "d\r\ne\r\n", times: "200 3\n205 6\n", modifiedAt: at(205) },
];

/** Times in seconds, with what was printed since then. */
const SINCE: Record<string, readonly [since: number, is: string]> = {
  "before all": [0, "a\nb\nc\nd\ne\n"],
  "a print of the first part": [102, "b\nc\nd\ne\n"],
  "within a second of the first part": [102.9, "b\nc\nd\ne\n"],
  "the last print of the first part": [103, "c\nd\ne\n"],
  "between the parts": [104, "d\ne\n"],
  "between two prints of the second part": [201, "e\n"],
  "after all": [206, ""],
};
for (const [what, [since, is]] of Object.entries(SINCE)) {
  Deno.test(`what was printed since ${what} is read`, async () => {
    equal(await read(TIMED, { lines: Infinity, since: at(since) }), is);
  });
}

Deno.test("of what was printed since then, only the last lines are read that are wanted", async () => {
  equal(await read(TIMED, { lines: 2, since: at(102) }), "d\ne\n");
  equal(await read(TIMED, { lines: 0, since: at(102) }), "");
});

Deno.test("where no times are kept, all of a file counts that was written to since then", async () => {
  const contents = [
    { content: "a\n", modifiedAt: at(100) },
    { content: "b\nc\n", modifiedAt: at(200), times: "garbage" },
  ];
  equal(await read(contents, { lines: Infinity, since: at(150) }), "b\nc\n");
  equal(await read(contents, { lines: Infinity, since: at(201) }), "");
});

const WITH_TIMES = { lines: Infinity, timestamps: true } as const;

Deno.test("each line begins with its time, where that is wanted", async () => {
  equal(
    await read(TIMED, WITH_TIMES),
    "1970-01-01T00:01:40Z a\n1970-01-01T00:01:42Z b\n1970-01-01T00:01:43Z c\n" +
      "1970-01-01T00:03:20Z d\n1970-01-01T00:03:25Z e\n",
  );
  equal(
    await read(TIMED, { lines: 2, since: at(102), timestamps: true }),
    "1970-01-01T00:03:20Z d\n1970-01-01T00:03:25Z e\n",
  );
});

Deno.test("what no mark covers yet was printed when the file was last written to", async () => {
  const contents = [{ content: "a\nb\n", times: "100 2\n", modifiedAt: at(102) }];
  equal(await read(contents, WITH_TIMES), "1970-01-01T00:01:40Z a\n1970-01-01T00:01:42Z b\n");
});

Deno.test("a line that goes on in the next part has one time, that of its beginning", async () => {
  const contents = [
    { content: "one\ntw", times: "100 6\n" },
    { content: "", times: "" },
    { content: "o\nthree\n", times: "200 8\n" },
  ];
  equal(
    await read(contents, WITH_TIMES),
    "1970-01-01T00:01:40Z one\n1970-01-01T00:01:40Z two\n1970-01-01T00:03:20Z three\n",
  );
});

Deno.test("a line that may go on gets no newline, also with its time", async () => {
  const contents = [{ content: "a\nb", times: "100 3\n" }];
  const stamped = "1970-01-01T00:01:40Z a\n1970-01-01T00:01:40Z b";
  equal(await read(contents, WITH_TIMES, { isOpen: true }), stamped);
  equal(await read(contents, WITH_TIMES), `${stamped}\n`);
});
