/** The script is run as it is, by every shell that there is, over directories of its own. */
import { Buffer } from "node:buffer";
import { deepEqual, equal, match, ok } from "node:assert/strict";
import fc from "fast-check";
import { hold } from "../../support/property.ts";
import type { Capture } from "../../../src/logs/capture.ts";
import { captureScript } from "../../support/capture.ts";
import { filesLike, partName, timesName } from "../../../src/logs/parts.ts";
import { joined } from "../../../src/logs/lines.ts";
import { type Mark, parseTimes } from "../../../src/logs/times.ts";
import { writeExecutable } from "../../support/executable.ts";
import { waitFor } from "../../support/tmux.ts";

/** A shell, and where it gets its tools from. */
interface Shell {
  readonly argv: readonly string[];
  /** Of which program the tools are links to, instead of those that the system has. */
  readonly tools: string | null;
}

const SHELLS: Readonly<Record<string, Shell>> = {
  "sh": { argv: ["sh"], tools: null },
  "bash --posix": { argv: ["bash", "--posix"], tools: null },
  "busybox sh": { argv: ["busybox", "sh"], tools: "busybox" },
};
const TOOLS = ["dd", "stat", "rm", "cat", "timeout"];
const SYSTEM_PATH = "PATH=/usr/bin:/bin ";

/** Where a program is; null: it is not installed. */
function found(program: string): string | null {
  const paths = (Deno.env.get("PATH") ?? "").split(":").map((each) => `${each}/${program}`);
  return paths.find((path) => isFile(path)) ?? null;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** A running script. */
interface Writer {
  /** Resolved once the script, or the pipe before it, has taken all of it. */
  readonly write: (bytes: Uint8Array | string) => Promise<void>;
  /** Ends its input, and waits until the script has ended well. */
  readonly end: () => Promise<void>;
  /** What it said on standard error, once it has ended. */
  readonly said: () => string;
}

/** A directory, and a shell in which scripts write to it. */
interface Bench {
  /** For whatever the test likes; it is there, and open to everybody. */
  readonly directory: string;
  readonly start: (capture: Capture, options?: StartOptions) => Writer;
  /** Whether calls of `dd` can be counted: busybox asks nobody for its own programs. */
  readonly counts: boolean;
  /** Seconds since the epoch as files have them: their clock is some milliseconds late (Linux). */
  readonly second: () => number;
}

/** How a script is started, besides. */
interface StartOptions {
  /** Whose rights it has; those of the test unless told. */
  readonly uid?: number;
  /** A file that it reads to its end, instead of what is written: in blocks as large as it likes. */
  readonly input?: string;
  /** A file that gets a line for each `dd` that is run. */
  readonly calls?: string;
}

/** Longer than any run takes on the slowest machine: what hangs fails. */
const HANGS_MS = 300_000;

async function withBench(
  { argv, tools }: Shell,
  body: (bench: Bench) => Promise<void>,
): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "kstops-capture-" });
  const kills: (() => Promise<void>)[] = [];
  try {
    await Deno.chmod(root, 0o755);
    const [bin, directory] = [`${root}/bin`, `${root}/with 'quotes' "and" $blanks`];
    await Deno.mkdir(bin);
    await Deno.mkdir(directory, { mode: 0o755 });
    if (tools !== null) {
      for (const tool of TOOLS) await Deno.symlink(found(tools) ?? tools, `${bin}/${tool}`);
    }
    const counting = `${root}/counting`;
    await Deno.mkdir(counting);
    await writeExecutable(
      `${counting}/dd`,
      `#!/bin/sh\necho >>"$0.calls"\nexec ${
        tools === null ? found("dd") : `${found(tools)} dd`
      } "$@"\n`,
    );
    const start: Bench["start"] = (capture, { uid, input, calls } = {}) => {
      const script = captureScript(capture);
      ok(script.includes(SYSTEM_PATH));
      let own = tools === null ? script : script.replace(SYSTEM_PATH, `PATH='${bin}' `);
      if (calls !== undefined) {
        Deno.writeTextFileSync(calls, "");
        Deno.symlinkSync(calls, `${counting}/dd.calls`);
        own = own.replace("PATH=", `PATH='${counting}':`);
      }
      const [program = "", ...args] = [
        ...(input === undefined ? [] : ["sh", "-c", 'exec "$@" <"$0"', input]),
        ...argv,
        "-c",
        own,
      ];
      const child = new Deno.Command(program, {
        args,
        // As far from a usual environment as it gets: a tmux server has that of whoever started it.
        env: { PATH: Deno.env.get("PATH") ?? "", CDPATH: "/tmp", LC_ALL: "C.UTF-8" },
        clearEnv: true,
        cwd: "/",
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
        ...(uid === undefined ? {} : { uid }),
      }).spawn();
      const { writer, kill } = writerTo(child);
      kills.push(kill);
      return writer;
    };
    const second: Bench["second"] = () => {
      Deno.writeTextFileSync(`${root}/clock`, "");
      return secondOf(`${root}/clock`);
    };
    await body({ directory, start, counts: tools === null, second });
  } finally {
    for (const kill of kills) await kill();
    await Deno.remove(root, { recursive: true });
  }
}

/** When a file was written to, in seconds since the epoch. */
function secondOf(path: string): number {
  return Math.floor((Deno.statSync(path).mtime?.getTime() ?? NaN) / 1000);
}

/** What writes to a child, and what ends it where its test has failed. */
function writerTo(
  child: Deno.ChildProcess,
): { readonly writer: Writer; readonly kill: () => Promise<void> } {
  const stdin = child.stdin.getWriter();
  let isOver = false;
  const kill = async (): Promise<void> => {
    if (!isOver) child.kill("SIGKILL");
    // What it has started reads on until then.
    await stdin.abort().catch(() => {});
    await over;
  };
  const timer = setTimeout(kill, HANGS_MS);
  const over = Promise.all([
    child.status,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]).finally(() => {
    isOver = true;
    clearTimeout(timer);
  });
  let said = "";
  const writer: Writer = {
    write: (bytes) => stdin.write(typeof bytes === "string" ? encoded(bytes) : bytes),
    end: async () => {
      await stdin.close();
      const [{ code, signal }, printed, errors] = await over;
      deepEqual({ code, signal, printed }, { code: 0, signal: null, printed: "" });
      said = errors;
    },
    said: () => said,
  };
  return { writer, kill };
}

function encoded(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** One part of a run, as it is on the disk. */
interface Kept {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly marks: readonly Mark[];
}

async function keptIn(directory: string): Promise<readonly Kept[]> {
  const names = Array.from(Deno.readDirSync(directory), ({ name }) => name)
    .filter((name) => name.endsWith(".log")).sort();
  return await Promise.all(names.map(async (name) => ({
    name,
    bytes: await Deno.readFile(`${directory}/${name}`),
    marks: marksOf(await textOf(`${directory}/${timesName(name)}`)),
  })));
}

/** The text of a file; of one that is not there, none. */
async function textOf(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

/** The marks in a file of times, every line of which must be one. */
function marksOf(text: string): readonly Mark[] {
  match(text, /^(\d+ \d+\n)*$/);
  const marks = parseTimes(text);
  equal(marks.length, text.split("\n").length - 1);
  return marks;
}

/** How long a file of times is with these marks. */
function timesSize(marks: readonly Mark[]): number {
  return marks.reduce(
    (sum, { at, offset }) => sum + `${at.getTime() / 1000} ${offset}\n`.length,
    0,
  );
}

/** What holds of the files of one run, however much of its output they still have. */
function checkKept(
  parts: readonly Kept[],
  { written, capture, since }: {
    readonly written: Uint8Array;
    readonly capture: Capture;
    /** Seconds since the epoch at which it began. */
    readonly since: number;
  },
): void {
  const { maxBytes, keep } = capture;
  ok(parts.length <= keep, `${parts.length} files`);
  const all = joined(parts.map(({ bytes }) => bytes));
  // A file of times that is full begins the next file, too. On a slow machine there are many of them.
  const isFull = parts.map(({ marks }) => timesSize(marks) >= maxBytes);
  // The newest: whatever is gone stood before all of it, and nothing is gone without need.
  ok(equalBytes(all, written.subarray(written.length - all.length)), "not the end of the output");
  const least = isFull.includes(true) ? 0 : Math.min(written.length, (keep - 1) * maxBytes);
  ok(all.length >= least, `only ${all.length} bytes`);
  for (const [index, { name, bytes, marks }] of parts.entries()) {
    ok(name.startsWith(`${capture.run}-`), name);
    ok(bytes.length < maxBytes + Math.min(maxBytes, 1024 * 1024), `${name}: ${bytes.length} bytes`);
    if (index < parts.length - 1) {
      ok(bytes.length >= maxBytes || isFull[index], `${name}: ${bytes.length} bytes`);
    }
    let before: Mark = { at: new Date(since * 1000), offset: 0 };
    for (const mark of marks) {
      ok(mark.at >= before.at, `${name}: ${mark.at.toISOString()} is early`);
      ok(mark.offset > before.offset, `${name}: ${mark.offset} after ${before.offset}`);
      before = mark;
    }
    equal(before.offset, bytes.length, `${name}: not all of it has its time`);
  }
}

/** `deepEqual` takes seconds for a megabyte. */
function equalBytes(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

/** Bytes of all values, the same for each length. */
function noise(length: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state = Math.imul(state, 1_103_515_245) + 12_345 | 0;
    return state >>> 16;
  });
}

const RUN = "20260102T030405.000Z-0123456789ab";

/** A test for each shell. */
function test(name: string, body: (bench: Bench) => Promise<void>): void {
  for (const [title, shell] of Object.entries(SHELLS)) {
    Deno.test({
      name: `${name}, in ${title}`,
      // Without sh there is no kstops.
      ignore: title !== "sh" && found(shell.argv[0] ?? "") === null,
      fn: () => withBench(shell, body),
    });
  }
}

test("every byte is kept in order, over as many parts as it takes", async ({ directory, start, second }) => {
  const chunk = fc.uint8Array({ minLength: 1, maxLength: 6000, size: "max" });
  let runs = 0;
  await hold({
    input: fc.tuple(
      fc.array(chunk, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 300, max: 9000 }),
    ),
    holds: async ([chunks, maxBytes]) => {
      const own = `${directory}/${runs++}`;
      await Deno.mkdir(own);
      const capture = { directory: own, run: RUN, maxBytes, keep: 1000 };
      const since = second();
      const writer = start(capture);
      for (const each of chunks) await writer.write(each);
      await writer.end();
      equal(writer.said(), "");
      const written = joined(chunks);
      const parts = await keptIn(own);
      checkKept(parts, { written, capture, since });
      ok(equalBytes(joined(parts.map(({ bytes }) => bytes)), written));
      deepEqual(parts.map(({ name }) => name), parts.map((_, index) => partName(RUN, index + 1)));
    },
    cases: 5,
  });
});

test("as many files stay as are to be kept, with the newest output", async ({ directory, start, second }) => {
  let runs = 0;
  await hold({
    input: fc.tuple(
      fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 3, maxLength: 10 }),
      fc.integer({ min: 2, max: 4 }),
      fc.integer({ min: 200, max: 2000 }),
    ),
    holds: async ([lengths, keep, maxBytes]) => {
      const own = `${directory}/${runs++}`;
      await Deno.mkdir(own);
      const capture = { directory: own, run: RUN, maxBytes, keep };
      const since = second();
      const written = noise(lengths.reduce((sum, length) => sum + length));
      const writer = start(capture);
      let from = 0;
      for (const length of lengths) await writer.write(written.subarray(from, from += length));
      await writer.end();
      equal(writer.said(), "");
      checkKept(await keptIn(own), { written, capture, since });
      // Of what is gone the times are gone, too.
      const names = Array.from(Deno.readDirSync(own), ({ name }) => name);
      for (const name of names) {
        ok(names.includes(name.replace(/\.times$/, ".log")), `${name} is left behind`);
      }
    },
    cases: 4,
  });
});

test("megabytes at once are kept, and no file is much too large", async ({ directory, start, second }) => {
  const capture = { directory, run: RUN, maxBytes: 1024 * 1024, keep: 2 };
  const since = second();
  const written = noise(4_300_001);
  const writer = start(capture);
  await writer.write(written);
  await writer.end();
  checkKept(await keptIn(directory), { written, capture, since });
});

test("files of earlier runs are the first to go, and other files stay", async (bench) => {
  const { directory, start } = bench;
  const earlier = [
    partName("20260101T000000.000Z-fff", 1),
    partName("20260101T000000.000Z-fff", 2),
  ];
  for (const name of earlier) {
    await Deno.writeTextFile(`${directory}/${name}`, "old\n");
    await Deno.writeTextFile(`${directory}/${timesName(name)}`, "1 4\n");
  }
  await Deno.writeTextFile(`${directory}/runs.ndjson`, "story\n");
  const writer = start({ directory, run: RUN, maxBytes: 1000, keep: 3 });
  for (let count = 0; count < 3; count++) {
    await writer.write(noise(600));
    const size = 600 * (count % 2 + 1);
    const part = `${directory}/${partName(RUN, 1 + Math.floor(count / 2))}`;
    await waitFor(() => Deno.statSync(part).size === size, `${size} bytes in ${part}`);
  }
  await writer.end();
  deepEqual(Array.from(Deno.readDirSync(directory), ({ name }) => name).sort(), [
    earlier[1],
    timesName(earlier[1] ?? ""),
    partName(RUN, 1),
    timesName(partName(RUN, 1)),
    partName(RUN, 2),
    timesName(partName(RUN, 2)),
    "runs.ndjson",
  ]);
  equal(await Deno.readTextFile(`${directory}/${earlier[1]}`), "old\n");
});

test("without any output there is no file but the first, empty", async ({ directory, start }) => {
  const writer = start({ directory, run: RUN, maxBytes: 1000, keep: 3 });
  await writer.end();
  equal(writer.said(), "");
  deepEqual(Array.from(Deno.readDirSync(directory), ({ name }) => name), [partName(RUN, 1)]);
  equal((await Deno.stat(`${directory}/${partName(RUN, 1)}`)).size, 0);
});

test("a file that is exactly full is kept, and what follows goes into the next", async (bench) => {
  const { directory, start, second } = bench;
  const capture = { directory, run: RUN, maxBytes: 1000, keep: 3 };
  const since = second();
  const written = noise(1001);
  const writer = start(capture);
  await writer.write(written.subarray(0, 1000));
  const first = `${directory}/${partName(RUN, 1)}`;
  await waitFor(() => Deno.statSync(first).size === 1000, "the first thousand bytes");
  await writer.write(written.subarray(1000));
  await writer.end();
  const parts = await keptIn(directory);
  deepEqual(parts.map(({ bytes }) => bytes.length), [1000, 1]);
  checkKept(parts, { written, capture, since });
});

test("what is printed is in the file at once, with its time", async ({ directory, start, second }) => {
  const writer = start({ directory, run: RUN, maxBytes: 1000, keep: 3 });
  const [log, times] = [partName(RUN, 1), timesName(partName(RUN, 1))]
    .map((name) => `${directory}/${name}`) as [string, string];
  await writer.write("a");
  await waitFor(async () => await textOf(log) === "a", "one letter");
  const mtime = secondOf(log);
  await waitFor(async () => await textOf(times) === `${mtime} 1\n`, "the time of one letter");
  await waitFor(() => second() > mtime, "the next second");
  await writer.write("bc");
  await waitFor(async () => await textOf(log) === "abc", "three letters");
  const later = secondOf(log);
  await waitFor(
    async () => await textOf(times) === `${mtime} 1\n${later} 3\n`,
    "the time of three letters",
  );
  await writer.end();
});

test("after many prints at once, each later one has its own time", async ({ directory, start, second }) => {
  const writer = start({ directory, run: RUN, maxBytes: 10 * 1024 * 1024, keep: 3 });
  const [log, times] = [partName(RUN, 1), timesName(partName(RUN, 1))]
    .map((name) => `${directory}/${name}`) as [string, string];
  let size = 0;
  const print = async (): Promise<void> => {
    await writer.write("x");
    size++;
    await waitFor(() => Deno.statSync(log).size === size, `${size} letters`);
  };
  for (let count = 0; count < 40; count++) await print();
  const before = second();
  await waitFor(() => second() > before, "the next second");
  await print();
  await waitFor(
    async () => marksOf(await textOf(times)).some(({ offset }) => offset === size),
    "the time of the last letter",
  );
  await writer.end();
});

test("what came last has its time, however much came at once", async ({ directory, start, second }) => {
  const [own, input] = [`${directory}/own`, `${directory}/input`];
  await Deno.mkdir(own);
  // Ten whole blocks after 1, 1, 2, 4, 8 and 16: an end that looks much like one without any.
  const written = noise(42 * 65_536);
  await Deno.writeFile(input, written);
  const capture = { directory: own, run: RUN, maxBytes: 64 * 1024 * 1024, keep: 2 };
  const since = second();
  await start(capture, { input }).end();
  checkKept(await keptIn(own), { written, capture, since });
});

test("the files are for their owner alone", async ({ directory, start }) => {
  const writer = start({ directory, run: RUN, maxBytes: 100, keep: 5 });
  await writer.write(noise(450));
  await writer.end();
  const names = Array.from(Deno.readDirSync(directory), ({ name }) => name);
  ok(names.some((name) => name.endsWith(".times")));
  for (const name of names) {
    equal((Deno.statSync(`${directory}/${name}`).mode ?? 0) & 0o777, 0o600, name);
  }
});

/** More than any pipe holds: it is written only when somebody reads. */
const MUCH = 1024 * 1024;

test("a program is not held up when the directory goes away meanwhile", async (bench) => {
  const { directory, start } = bench;
  const own = `${directory}/own`;
  await Deno.mkdir(own);
  const writer = start({ directory: own, run: RUN, maxBytes: 1000, keep: 3 });
  await writer.write("a");
  await waitFor(() => isFile(`${own}/${partName(RUN, 1)}`), "the first file");
  // A file of its times may be made in the very moment.
  await waitFor(
    () => Deno.remove(own, { recursive: true }).then(() => true, () => false),
    "its end",
  );
  await writer.write(noise(MUCH));
  await writer.end();
  deepEqual(Array.from(Deno.readDirSync(directory)), []);
});

test("a program is not held up when the directory was never there", async ({ directory, start }) => {
  const writer = start({ directory: `${directory}/none`, run: RUN, maxBytes: 1000, keep: 3 });
  await writer.write(noise(MUCH));
  await writer.end();
  deepEqual(Array.from(Deno.readDirSync(directory)), []);
});

test("a program is not held up where nothing may be written", async ({ directory, start }) => {
  await Deno.chmod(directory, 0o555);
  // The rights of root know no such directory.
  const user = Deno.uid() === 0 ? { uid: 65_534 } : {};
  const writer = start({ directory, run: RUN, maxBytes: 1000, keep: 3 }, user);
  await writer.write(noise(MUCH));
  await writer.end();
  deepEqual(Array.from(Deno.readDirSync(directory)), []);
});

test("a program is not held up where a directory is in the place of the file", async (bench) => {
  const { directory, start } = bench;
  await Deno.mkdir(`${directory}/${partName(RUN, 1)}`);
  const writer = start({ directory, run: RUN, maxBytes: 1024 ** 3, keep: 3 });
  await writer.write(noise(MUCH));
  await writer.end();
});

test("a program is not held up by a full disk, and is heard again after it", async (bench) => {
  const { directory, start } = bench;
  const log = `${directory}/${partName(RUN, 1)}`;
  await Deno.symlink("/dev/full", log);
  const writer = start({ directory, run: RUN, maxBytes: 64 * MUCH, keep: 3 });
  await writer.write(noise(MUCH));
  await Deno.remove(log);
  // What stands in the pipe, and what is read at once, is lost; not more.
  const later = noise(4 * MUCH);
  await writer.write(later);
  await writer.end();
  const kept = await Deno.readFile(log);
  ok(kept.length >= 2 * MUCH, `${kept.length} bytes`);
  ok(equalBytes(kept.subarray(-2 * MUCH), later.subarray(-2 * MUCH)));
});

test("where nothing can be written, a lot of output costs few processes", async (bench) => {
  const { directory, start, counts } = bench;
  const calls = `${directory}/calls`;
  const writer = start(
    { directory: `${directory}/none`, run: RUN, maxBytes: 1000, keep: 3 },
    { calls },
  );
  await writer.write(noise(8 * MUCH));
  await writer.end();
  // One for each read would be 128 at least, and 8000 if no more was read than a file holds.
  const count = (await Deno.readTextFile(calls)).length;
  if (counts) ok(count > 0 && count < 110, `${count} calls of dd`);
});

test("once the directory is there again, the next print is kept, and nothing of it is lost", async (bench) => {
  const { directory, start, counts } = bench;
  const [own, calls] = [`${directory}/own`, `${directory}/calls`];
  const writer = start({ directory: own, run: RUN, maxBytes: 64 * MUCH, keep: 3 }, { calls });
  // It waits for something to be printed.
  if (counts) await waitFor(async () => await textOf(calls) !== "", "the first read");
  await Deno.mkdir(own);
  await writer.write("one\n");
  await writer.write("two\n");
  await writer.end();
  equal(await textOf(`${own}/${partName(RUN, 1)}`), "one\ntwo\n");
});

test("what is not a text is kept once the directory is there again", async (bench) => {
  const { directory, start, counts } = bench;
  const [own, calls] = [`${directory}/own`, `${directory}/calls`];
  const writer = start({ directory: own, run: RUN, maxBytes: 64 * MUCH, keep: 3 }, { calls });
  if (counts) await waitFor(async () => await textOf(calls) !== "", "the first read");
  await Deno.mkdir(own);
  await writer.write(Uint8Array.of(0xff, 0, 0x0a, 0xc3));
  await writer.end();
  deepEqual(await Deno.readFile(`${own}/${partName(RUN, 1)}`), Uint8Array.of(0xff, 0, 0x0a, 0xc3));
});

test("files of other owners of the name stay, however many", async ({ directory, start }) => {
  const [others, nobodys] = ["20260103T000000.000Z-obbbb-b", "20260101T000000.000Z-c"];
  const foreign = [1, 2, 3].flatMap((part) => [partName(others, part), partName(nobodys, part)]);
  for (const name of foreign) await Deno.writeTextFile(`${directory}/${name}`, "theirs\n");
  const own = "20260102T030405.000Z-oaaaa-0123";
  const writer = start({ directory, run: own, maxBytes: 200, keep: 2 });
  for (let count = 0; count < 20; count++) await writer.write(noise(100));
  await writer.end();
  const names = Array.from(Deno.readDirSync(directory), ({ name }) => name)
    .filter((name) => name.endsWith(".log"));
  deepEqual(names.filter((name) => !name.startsWith(own)).toSorted(), foreign.toSorted());
  equal(names.length - foreign.length, 2);
});

Deno.test("the files that count are those of the same owner", () => {
  equal(filesLike("20260102T030405.000Z-oaaaa-0123"), "*Z-oaaaa-*.log");
  equal(filesLike("20260102T030405.000Z-0123"), "*Z-[0-9a-f]*.log");
  equal(filesLike("run"), "*.log");
});

Deno.test("the files of a run are numbered", () => {
  equal(partName(RUN, 1), `${RUN}-000001.log`);
  equal(timesName(partName(RUN, 12)), `${RUN}-000012.times`);
  equal(timesName("/logs/a.log/b.log"), "/logs/a.log/b.times");
});
