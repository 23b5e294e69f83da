/** The script itself is run here, by every shell of this machine that it is written for. */
import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { type Capture, captureScript } from "../../../src/logs/capture.ts";
import { partName, timesName } from "../../../src/logs/parts.ts";
import { waitFor } from "../../support/tmux.ts";

const RUN = "20260102T030405.000Z-00000000000a";
const KIB = 1024;
const MIB = 1024 * KIB;

/** The first has to be there. */
const SHELLS: readonly (readonly [string, ...string[]])[] = [
  ["sh"],
  ["busybox", "sh"],
  ["bash", "--posix"],
];

function isInstalled([program, ...words]: readonly [string, ...string[]]): boolean {
  try {
    return new Deno.Command(program, { args: [...words, "-c", ":"] }).outputSync().success;
  } catch {
    return false;
  }
}

/** A directory to capture into, gone afterwards; the name of its own is any text. */
async function withDirectory(
  body: (directory: string) => Promise<void>,
  name = "astro",
): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${root}/${name}`);
    await body(`${root}/${name}`);
  } finally {
    // A test may have made it read-only.
    await Deno.chmod(`${root}/${name}`, 0o700).catch(() => {});
    await Deno.remove(root, { recursive: true });
  }
}

/** The script while it reads. */
interface Running {
  /** Resolves when the script, or the pipe to it, has taken all of it. */
  readonly print: (bytes: Uint8Array) => Promise<void>;
  /** Ends its input; its exit code. */
  readonly end: () => Promise<number>;
}

function run(shell: readonly [string, ...string[]], capture: Capture): Running {
  const [program, ...words] = shell;
  const child = new Deno.Command(program, {
    args: [...words, "-c", captureScript(capture)],
    stdin: "piped",
    stdout: "null",
    stderr: "null",
    // One that stops reading would never end, and neither would the test.
    signal: AbortSignal.timeout(60_000),
  }).spawn();
  const writer = child.stdin.getWriter();
  return {
    print: (bytes) => writer.write(bytes),
    end: async () => {
      await writer.close();
      return (await child.status).code;
    },
  };
}

/** Runs it on a whole input, which is a file: every read of it gets as much as it asks for. */
async function runOn(
  shell: readonly [string, ...string[]],
  capture: Capture,
  input: Uint8Array,
): Promise<number> {
  const [program, ...words] = shell;
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, input);
    const script = `exec <'${path}'\n${captureScript(capture)}`;
    const options = { args: [...words, "-c", script], signal: AbortSignal.timeout(60_000) };
    return (await new Deno.Command(program, options).output()).code;
  } finally {
    await Deno.remove(path);
  }
}

function namesIn(directory: string): readonly string[] {
  return [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
}

/** What was captured: the content of each part, in their order. */
function partsIn(directory: string): readonly Uint8Array[] {
  return namesIn(directory).filter((name) => name.endsWith(".log"))
    .map((name) => Deno.readFileSync(`${directory}/${name}`));
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

/** Bytes that repeat nowhere within reach, so that a lost or a moved one is seen. */
function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = 1;
  for (let index = 0; index < length; index++) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    bytes[index] = state >>> 16;
  }
  return bytes;
}

function same(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

/** The lines of a file of times. */
function timesOf(directory: string, part: number): readonly (readonly [number, number])[] {
  const text = Deno.readTextFileSync(`${directory}/${timesName(partName(RUN, part))}`);
  ok(/^(?:\d+ \d+\n)+$/.test(text), `these are no times: ${JSON.stringify(text)}`);
  return text.trimEnd().split("\n").map((line) => {
    const [seconds, bytes] = line.split(" ").map(Number);
    return [seconds ?? NaN, bytes ?? NaN];
  });
}

/** What may happen to the directory while the program goes on printing. */
const OBSTACLES: Record<
  string,
  { readonly ignore?: boolean; readonly befalls: (directory: string) => void }
> = {
  "the directory is removed": {
    befalls: (directory) => Deno.removeSync(directory, { recursive: true }),
  },
  "the directory becomes read-only": {
    // Nothing is read-only for root.
    ignore: Deno.uid() === 0,
    befalls: (directory) => Deno.chmodSync(directory, 0o500),
  },
  "all files are removed": {
    befalls: (directory) => {
      for (const name of namesIn(directory)) Deno.removeSync(`${directory}/${name}`);
    },
  },
  "the next part cannot be made": {
    befalls: (directory) =>
      Deno.mkdirSync(`${directory}/${partName(RUN, 2)}/x`, { recursive: true }),
  },
  "the disk becomes full": {
    ignore: Deno.build.os !== "linux",
    befalls: (directory) => Deno.symlinkSync("/dev/full", `${directory}/${partName(RUN, 2)}`),
  },
};

for (const shell of SHELLS) {
  const name = shell.join(" ");
  const ignore = shell[0] !== "sh" && !isInstalled(shell);
  const test = (what: string, fn: () => Promise<void>, more: { ignore?: boolean } = {}): void =>
    Deno.test({ name: `${name}: ${what}`, ignore: ignore || more.ignore === true, fn });

  test("every byte is captured, in its order, in parts of the wanted size", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 3000, size: "max" }), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 500, max: 4000 }),
        (chunks, maxBytes) =>
          withDirectory(async (directory) => {
            const running = run(shell, { directory, run: RUN, maxBytes, keep: 1000 });
            for (const chunk of chunks) await running.print(chunk);
            equal(await running.end(), 0);
            const parts = partsIn(directory);
            deepEqual(joined(parts), joined(chunks));
            const whole = parts.slice(0, -1).map(({ length }) => length);
            ok(whole.every((length) => length >= maxBytes && length < 2 * maxBytes), `${whole}`);
            ok((parts.at(-1)?.length ?? 0) < maxBytes);
            deepEqual(
              namesIn(directory).filter((each) => each.endsWith(".log")),
              parts.map((_, index) => partName(RUN, index + 1)),
            );
          }),
      ),
      { numRuns: 20 },
    ));

  test("a part is larger than wanted by a sixteenth at most, however fast it grows", () =>
    withDirectory(async (directory) => {
      const maxBytes = 9 * MIB + 64 * KIB;
      const printed = noise(20 * MIB);
      equal(await runOn(shell, { directory, run: RUN, maxBytes, keep: 5 }, printed), 0);
      const parts = partsIn(directory);
      const sizes = parts.map(({ length }) => length);
      equal(sizes.reduce((sum, size) => sum + size, 0), printed.length);
      ok(sizes.length > 2, `${sizes}`);
      for (const size of sizes.slice(0, -1)) {
        ok(size >= maxBytes && size <= maxBytes + maxBytes / 16, `${sizes}`);
      }
      let offset = 0;
      for (const part of parts) {
        ok(same(part, printed.subarray(offset, offset + part.length)), `differs from ${offset} on`);
        offset += part.length;
      }
    }));

  test("as many files stay as are wanted, with the newest bytes", () =>
    withDirectory(async (directory) => {
      const earlier = "20250102T030405.000Z-00000000000f";
      Deno.writeTextFileSync(`${directory}/${partName(earlier, 1)}`, "earlier\n");
      Deno.writeTextFileSync(`${directory}/${timesName(partName(earlier, 1))}`, "1 8\n");
      Deno.writeTextFileSync(`${directory}/runs.ndjson`, "story\n");
      const maxBytes = 1000;
      const printed = noise(7500);
      equal(await runOn(shell, { directory, run: RUN, maxBytes, keep: 3 }, printed), 0);
      deepEqual(namesIn(directory), [
        ...[6, 7, 8].flatMap((part) => [partName(RUN, part), timesName(partName(RUN, part))]),
        "runs.ndjson",
      ]);
      deepEqual(joined(partsIn(directory)), printed.subarray(5000));
      equal(Deno.readTextFileSync(`${directory}/runs.ndjson`), "story\n");
    }));

  test("output of earlier runs stays as long as there is room", () =>
    withDirectory(async (directory) => {
      const earlier = "20250102T030405.000Z-00000000000f";
      for (const part of [1, 2]) {
        Deno.writeTextFileSync(`${directory}/${partName(earlier, part)}`, "");
      }
      const capture = { directory, run: RUN, maxBytes: 1000, keep: 3 };
      equal(await runOn(shell, capture, noise(1500)), 0);
      deepEqual(
        namesIn(directory).filter((each) => each.endsWith(".log")),
        [partName(earlier, 2), partName(RUN, 1), partName(RUN, 2)],
      );
    }));

  test("a part that is exactly full is followed by an empty one", () =>
    withDirectory(async (directory) => {
      const printed = noise(1000);
      const capture = { directory, run: RUN, maxBytes: 1000, keep: 2 };
      equal(await runOn(shell, capture, printed), 0);
      deepEqual(partsIn(directory), [printed, new Uint8Array()]);
    }));

  test("of nothing there is one empty file", () =>
    withDirectory(async (directory) => {
      equal(await run(shell, { directory, run: RUN, maxBytes: 1000, keep: 2 }).end(), 0);
      deepEqual(namesIn(directory), [partName(RUN, 1)]);
      deepEqual(partsIn(directory), [new Uint8Array()]);
    }));

  test("the files are their owner's alone", () =>
    withDirectory(async (directory) => {
      const capture = { directory, run: RUN, maxBytes: 1000, keep: 5 };
      equal(await runOn(shell, capture, noise(2500)), 0);
      const names = namesIn(directory);
      equal(names.length, 6);
      for (const each of names) {
        equal((Deno.statSync(`${directory}/${each}`).mode ?? 0) & 0o777, 0o600, each);
      }
    }));

  test("quotes, blanks and what a shell expands are no matter in a directory's name", () =>
    withDirectory(async (directory) => {
      const printed = noise(10);
      const running = run(shell, { directory, run: RUN, maxBytes: 1000, keep: 5 });
      await running.print(printed);
      equal(await running.end(), 0);
      deepEqual(partsIn(directory), [printed]);
    }, `it's  "a" \\ $HOME \`x\` %s #{x}\n* `));

  test("what is printed is in the file at once, and each time that it grew is noted", () =>
    withDirectory(async (directory) => {
      const started = Math.floor(Date.now() / 1000);
      const running = run(shell, { directory, run: RUN, maxBytes: MIB, keep: 5 });
      const path = `${directory}/${partName(RUN, 1)}`;
      await running.print(noise(3));
      await waitFor(() => Deno.statSync(path).size === 3, "the first bytes");
      await waitFor(() => timesOf(directory, 1).length === 1, "its time");
      const [[first] = [NaN]] = timesOf(directory, 1);
      // File systems take the time from a clock that is some milliseconds late.
      await waitFor(() => Date.now() > (first + 1) * 1000 + 100, "the next second");
      await running.print(noise(4));
      equal(await running.end(), 0);
      const times = timesOf(directory, 1);
      deepEqual(times.map(([, bytes]) => bytes), [3, 7]);
      const [[one, two] = []] = [times.map(([seconds]) => seconds)];
      ok(one !== undefined && one >= started - 1, `${one} is before ${started}`);
      ok(two !== undefined && two > one && two <= Date.now() / 1000, `${two} after ${one}`);
    }));

  test("the times of a part go up, to its size", () =>
    withDirectory(async (directory) => {
      const capture = { directory, run: RUN, maxBytes: 4 * MIB, keep: 5 };
      equal(await runOn(shell, capture, noise(9 * MIB)), 0);
      const sizes = partsIn(directory).map(({ length }) => length);
      equal(sizes.length, 3);
      for (const [index, size] of sizes.entries()) {
        const times = timesOf(directory, index + 1);
        equal(times.at(-1)?.[1], size);
        for (const [line, [seconds, bytes]] of times.entries()) {
          const [before, bytesBefore] = times[line - 1] ?? [0, 0];
          ok(seconds >= before && bytes > bytesBefore, JSON.stringify(times));
        }
      }
    }));

  for (const [what, { befalls, ignore }] of Object.entries(OBSTACLES)) {
    test(
      `a program that prints is never held up, when ${what}`,
      () =>
        withDirectory(async (directory) => {
          const running = run(shell, { directory, run: RUN, maxBytes: 64 * KIB, keep: 5 });
          const path = `${directory}/${partName(RUN, 1)}`;
          await running.print(noise(100));
          await waitFor(() => Deno.statSync(path).size === 100, "the first bytes");
          befalls(directory);
          // More than all pipes hold.
          for (let count = 0; count < 16; count++) await running.print(noise(64 * KIB));
          equal(await running.end(), 0);
        }),
      { ignore: ignore === true },
    );
  }

  test("a program that prints is never held up, when there is no directory from the start", () =>
    withDirectory(async (directory) => {
      Deno.removeSync(directory);
      const running = run(shell, { directory, run: RUN, maxBytes: 64 * KIB, keep: 5 });
      for (let count = 0; count < 8; count++) await running.print(noise(64 * KIB));
      equal(await running.end(), 0);
      deepEqual(namesIn(directory.replace(/\/[^/]*$/, "")), []);
    }));
}
