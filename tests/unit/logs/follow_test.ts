import { deepEqual, equal } from "node:assert/strict";
import { follow } from "../../../src/logs/follow.ts";
import type { Part } from "../../../src/logs/read.ts";
import { type FakeWorld, withFakeWorld } from "../../support/fake_world.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);

const FIRST = "/logs/20260102T030405.000Z-a-000001.log";
const SECOND = "/logs/20260102T030405.000Z-a-000002.log";
const THIRD = "/logs/20260102T030405.000Z-a-000003.log";
const NEXT_RUN = "/logs/20260102T030406.000Z-9-000001.log";
const EARLIER_RUN = "/logs/20260102T030404.000Z-f-000001.log";

/** Somebody who follows. */
interface Follower {
  /** All of the next so many characters, once they have come; less where the end comes first. */
  readonly read: (length: number) => Promise<string>;
  /** Whether the end has come. */
  readonly hasEnded: () => Promise<boolean>;
  readonly abort: () => void;
}

/** Follows all files of output from those parts on. */
function followed(
  world: FakeWorld,
  from: readonly Part[],
  onList: (call: number) => void | Promise<void> = () => {},
  more: Partial<Parameters<typeof follow>[1]> = {},
): Follower {
  const controller = new AbortController();
  let calls = 0;
  const chunks = follow(world, {
    from,
    ...more,
    abort: controller.signal,
    list: async () => {
      // In a fake world no time goes by while one waits: a wait in vain would have no end.
      if (++calls > 500) throw new Error("Nothing more comes");
      await onList(calls);
      const names = await world.files.list("/logs");
      return names.filter((name) => name.endsWith(".log")).map((name) => `/logs/${name}`);
    },
  });
  return {
    read: async (length) => {
      let got = "";
      while (got.length < length) {
        const { value, done } = await chunks.next();
        if (done) break;
        got += text(value);
      }
      return got;
    },
    hasEnded: async () => (await chunks.next()).done === true,
    abort: () => controller.abort(),
  };
}

/** Follows in a world with these files, and is aborted at the end. */
async function following(
  files: Readonly<Record<string, string>>,
  from: readonly Part[],
  body: (follower: Follower, world: FakeWorld) => Promise<void>,
): Promise<void> {
  await withFakeWorld({ files: { "/logs/runs.ndjson": "story\n", ...files } }, async (world) => {
    const follower = followed(world, from);
    await body(follower, world);
    follower.abort();
    equal(await follower.hasEnded(), true);
  });
}

Deno.test("what is added comes, from where it was read to, as it comes", () =>
  following(
    { [FIRST]: "old\nalso old\n" },
    [{ path: FIRST, bytes: 4 }],
    async (follower, world) => {
      equal(await follower.read(9), "also old\n");
      await world.files.append(FIRST, bytes("new\r\nha"));
      equal(await follower.read(6), "new\nha");
      const half = follower.read(3);
      await world.files.append(FIRST, bytes("lf\n"));
      equal(await half, "lf\n");
    },
  ));

Deno.test("the next parts come after all of the one before", () =>
  following({ [FIRST]: "a\n" }, [{ path: FIRST, bytes: 2 }], async (follower, world) => {
    await world.files.append(FIRST, bytes("b\n"));
    world.put(SECOND, "c\n");
    world.put(SECOND.replace(".log", ".times"), "1 2\n");
    world.put(THIRD, "d\n");
    equal(await follower.read(6), "b\nc\nd\n");
    await world.files.append(THIRD, bytes("e\n"));
    equal(await follower.read(2), "e\n");
  }));

Deno.test("of many parts that were read already, the last one is gone on with", () =>
  following(
    { [FIRST]: "a\n", [SECOND]: "b\n" },
    [{ path: FIRST, bytes: 2 }, { path: SECOND, bytes: 2 }],
    async (follower, world) => {
      await world.files.append(SECOND, bytes("c\n"));
      equal(await follower.read(2), "c\n");
    },
  ));

Deno.test("the next run comes, and no earlier one", () =>
  following(
    { [EARLIER_RUN]: "earlier\n", [FIRST]: "a\n" },
    [{ path: FIRST, bytes: 2 }],
    async (follower, world) => {
      await world.files.append(EARLIER_RUN, bytes("late\n"));
      world.put(NEXT_RUN, "b\n");
      equal(await follower.read(2), "b\n");
      await world.files.append(NEXT_RUN, bytes("c\n"));
      equal(await follower.read(2), "c\n");
    },
  ));

Deno.test("the next run begins a line of its own where the last one ended in the middle of one", () =>
  following({ [FIRST]: "a\n" }, [{ path: FIRST, bytes: 2 }], async (follower, world) => {
    await world.files.append(FIRST, bytes("killed he"));
    world.put(NEXT_RUN, "b\n");
    equal(await follower.read(12), "killed he\nb\n");
  }));

Deno.test("where there is nothing yet, the first run comes", () =>
  following({}, [], async (follower, world) => {
    const first = follower.read(2);
    world.put(FIRST, "");
    await world.files.append(FIRST, bytes("a\n"));
    equal(await first, "a\n");
  }));

Deno.test("parts that are removed meanwhile are no end", () =>
  following({ [FIRST]: "a\n" }, [{ path: FIRST, bytes: 2 }], async (follower, world) => {
    await world.files.remove(FIRST);
    world.put(THIRD, "c\n");
    // Whether that is a whole line, nobody can tell any more.
    equal(await follower.read(8), "[...] c\n");
    await world.files.append(THIRD, bytes("d\n"));
    equal(await follower.read(2), "d\n");
  }));

Deno.test("behind parts that are removed before they were read, a mark and whole lines come", () =>
  withFakeWorld({ files: { [THIRD]: "rest of c\nd\ne" } }, async (world) => {
    const head = bytes("a\nb");
    const follower = followed(world, [{ path: FIRST, bytes: 3 }], () => {}, { head });
    const expected = "\n[...]\nd\ne";
    equal(await follower.read(expected.length), expected);
    follower.abort();
  }));

Deno.test("a later run whose beginning is gone begins with a mark and a whole line", () =>
  following({ [FIRST]: "a\n" }, [{ path: FIRST, bytes: 2 }], async (follower, world) => {
    world.put(NEXT_RUN.replace("000001.log", "000007.log"), "ment\nb\n");
    equal(await follower.read(8), "[...]\nb\n");
  }));

Deno.test("a carriage return goes, also where its newline is in the next part", () =>
  following({ [FIRST]: "a\r" }, [{ path: FIRST, bytes: 0 }], async (follower, world) => {
    equal(await follower.read(1), "a");
    world.put(SECOND, "\nb\n");
    equal(await follower.read(3), "\nb\n");
  }));

Deno.test("a part that is larger than what is read at once comes as a whole", () => {
  const large = Array.from({ length: 300_000 }, (_, n) => `${n}\n`).join("");
  return following({ [FIRST]: large, [SECOND]: "b\n" }, [{ path: FIRST, bytes: 0 }], async (
    follower,
  ) => {
    const got = await follower.read(large.length + 2);
    // Not equal(): its message would be as long.
    deepEqual([got.length, got === `${large}b\n`], [large.length + 2, true]);
  });
});

Deno.test("nothing is lost that is added right before the next part is begun", () =>
  withFakeWorld({ files: { [FIRST]: "a\n" } }, async (world) => {
    const follower = followed(world, [{ path: FIRST, bytes: 2 }], async (call) => {
      if (call !== 2) return;
      await world.files.append(FIRST, bytes("last\n"));
      world.put(SECOND, "next\n");
    });
    equal(await follower.read(10), "last\nnext\n");
    follower.abort();
    equal(await follower.hasEnded(), true);
  }));

Deno.test("who follows can end it while nothing comes", () =>
  withFakeWorld({ files: { [FIRST]: "a\n" } }, async (world) => {
    const follower = followed(world, [{ path: FIRST, bytes: 2 }]);
    const ended = follower.hasEnded();
    follower.abort();
    equal(await ended, true);
  }));

Deno.test("nothing is looked for where it was ended before it began", () =>
  withFakeWorld({ files: { [FIRST]: "a\n" } }, async (world) => {
    const follower = followed(world, [], () => {
      throw new Error("It was looked for");
    });
    follower.abort();
    equal(await follower.hasEnded(), true);
  }));

Deno.test("with times each line has the one at which it came, and a line that goes on no second one", () =>
  withFakeWorld({ files: { [FIRST]: "one\ntw" } }, async (world) => {
    const from = [{ path: FIRST, bytes: 6 }];
    const more = { timestamps: true, head: bytes("one\ntw") };
    const follower = followed(world, from, async (call) => {
      if (call === 1) await world.files.append(FIRST, bytes("o\nthree\nfo"));
      if (call === 2) await world.files.append(FIRST, bytes("ur\n"));
    }, more);
    const time = "2026-01-02T03:04:05Z";
    const expected = `o\n${time} three\n${time} four\n`;
    equal(await follower.read(expected.length), expected);
    follower.abort();
  }));

Deno.test("a file that is removed while it is read has nothing more to say", () =>
  withFakeWorld({ files: { [FIRST]: "one\n" } }, async (world) => {
    const files = {
      ...world.files,
      facts: async (path: string) => {
        const facts = await world.files.facts(path);
        if (path === FIRST) await world.files.remove(FIRST);
        return facts;
      },
    };
    const follower = followed({ ...world, files }, [{ path: FIRST, bytes: 0 }], (call) => {
      if (call === 1) world.put(SECOND, "two\n");
    });
    equal(await follower.read(10), "[...] two\n");
    follower.abort();
  }));
