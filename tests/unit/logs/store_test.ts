import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import fc from "fast-check";
import { lastLines, logStore, stateDirectory } from "../../../src/logs/store.ts";
import { type FakeWorldSpec, withFakeWorld } from "../../support/fake_world.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);
const noWarning = (warning: string): never => {
  throw new Error(`unexpected warning: ${warning}`);
};

/** Each with what it should be, from the variables given. */
const DIRECTORIES: Record<string, { env: Record<string, string>; is: string | null }> = {
  "its own variable": {
    env: { KSTOPS_STATE_DIR: "/state", XDG_STATE_HOME: "/xdg", HOME: "/home/user" },
    is: "/state",
  },
  "its own variable with a relative path": {
    env: { KSTOPS_STATE_DIR: "state", HOME: "/home/user" },
    is: "/project/state",
  },
  "the state directory of the user": {
    env: { XDG_STATE_HOME: "/xdg", HOME: "/home/user" },
    is: "/xdg/kstops",
  },
  "the home directory": { env: { HOME: "/home/user" }, is: "/home/user/.local/state/kstops" },
  "the home directory, when the other is relative": {
    env: { XDG_STATE_HOME: "xdg", HOME: "/home/user" },
    is: "/home/user/.local/state/kstops",
  },
  "the home directory, when the others are empty": {
    env: { KSTOPS_STATE_DIR: "", XDG_STATE_HOME: "", HOME: "/home/user" },
    is: "/home/user/.local/state/kstops",
  },
  "nowhere, when nothing is set": { env: {}, is: null },
  "nowhere, when home is empty": { env: { HOME: "" }, is: null },
};
for (const [where, { env, is }] of Object.entries(DIRECTORIES)) {
  Deno.test(`state is kept in ${where}`, () =>
    withFakeWorld({ env }, (world) => equal(stateDirectory(world), is)));
}

const AT_HOME: FakeWorldSpec = { env: { HOME: "/home/user" } };
const LOGS = "/home/user/.local/state/kstops/logs";

Deno.test("every run gets a file of its own, for its owner alone", () =>
  withFakeWorld(AT_HOME, async (world) => {
    const store = logStore(world, noWarning);
    const first = await store.open("astro", "00000000000a");
    const second = await store.open("astro", "00000000000b");
    equal(first, `${LOGS}/astro/20260102T030405.000Z-00000000000a.log`);
    ok(second !== first);
    deepEqual([(await world.files.facts(first ?? ""))?.mode], [0o600]);
    deepEqual([(await world.files.facts(`${LOGS}/astro`))?.mode], [0o700]);
  }));

Deno.test("the newest run is the one that began last, also within a second", () =>
  withFakeWorld(AT_HOME, async (world) => {
    const store = logStore(world, noWarning);
    equal(await store.newest("astro"), null);
    for (const id of ["f", "0", "9", "a"]) {
      const path = await store.open("astro", id.repeat(12));
      equal(await store.newest("astro"), path);
      world.advance(1);
    }
    world.put(`${LOGS}/astro/runs.ndjson`, "");
    world.put(`${LOGS}/astro-two/99999999T000000.000Z-0.log`, "");
    match(await store.newest("astro") ?? "", /-aaaaaaaaaaaa\.log$/);
  }));

Deno.test("a run that never began leaves no file", () =>
  withFakeWorld(AT_HOME, async (world) => {
    const store = logStore(world, noWarning);
    const path = await store.open("astro", "0") ?? "";
    await store.discard(path);
    equal(await store.newest("astro"), null);
    await store.discard(path);
  }));

for (const name of ["../astro", "a/b", "", ".", "..", "two words", "näme", "x".repeat(65), "1a"]) {
  Deno.test(`nothing is looked for outside of the store for ${JSON.stringify(name)}`, () =>
    withFakeWorld(
      { ...AT_HOME, files: { [`${LOGS}/x.log`]: "", [`${LOGS}/../x.log`]: "" } },
      async (world) => {
        equal(await logStore(world, noWarning).newest(name), null);
      },
    ));
}

const UNUSABLE: Record<string, FakeWorldSpec> = {
  "a file is where the directory should be": { ...AT_HOME, files: { "/home/user/.local": "" } },
  "the directory is another user's": {
    ...AT_HOME,
    files: {
      [`${LOGS}/astro`]: { kind: "directory", denied: true },
      [`${LOGS}/bot`]: { kind: "directory", denied: true },
    },
  },
  "there is no place for it": {},
};
for (const [why, spec] of Object.entries(UNUSABLE)) {
  Deno.test(`when ${why}, nothing is kept, and that is said once`, () =>
    withFakeWorld(spec, async (world) => {
      const warnings: string[] = [];
      const store = logStore(world, (warning) => warnings.push(warning));
      equal(await store.open("astro", "0"), null);
      equal(await store.open("bot", "1"), null);
      equal(await store.newest("astro"), null);
      equal(warnings.length, 1, warnings.join("; "));
      match(warnings[0] ?? "", /^The output is not kept: .*[^.]$/);
    }));
}

// --- runs that are over --------------------------------------------------------------------------

const STOP = {
  runId: "00000000000a",
  id: "abc",
  at: new Date("2026-01-02T03:04:05.678Z"),
  exitCode: 143,
};
const RUNS = `${LOGS}/astro/runs.ndjson`;
const LINE =
  '{"run":"00000000000a","event":"stopped","id":"abc","at":"2026-01-02T03:04:05.678Z","exit_code":143}\n';

Deno.test("what a run printed is kept byte by byte, in a file of its own", () =>
  withFakeWorld(AT_HOME, async (world) => {
    const store = logStore(world, noWarning);
    const printed = new Uint8Array([0x61, 0xff, 0x00, 0x0a]);
    await store.save("astro", "00000000000a", printed);
    const path = await store.newest("astro") ?? "";
    equal(path, `${LOGS}/astro/20260102T030405.000Z-00000000000a.log`);
    deepEqual(await world.files.readFrom(path, 0), printed);
    equal((await world.files.facts(path))?.mode, 0o600);
    world.advance(1);
    await store.save("astro", "00000000000b", new Uint8Array());
    match(await store.newest("astro") ?? "", /-00000000000b\.log$/);
    deepEqual(await world.files.readFrom(path, 0), printed);
  }));

Deno.test("a stop is remembered in a line of JSON, for its owner alone", () =>
  withFakeWorld(AT_HOME, async (world) => {
    const store = logStore(world, noWarning);
    await store.recordStop("astro", STOP);
    await store.recordStop("astro", { ...STOP, id: "def", exitCode: null });
    const [first, second] = (await world.files.readText(RUNS)).split(/(?<=\n)/);
    equal(first, LINE);
    equal(JSON.parse(second ?? "").exit_code, null);
    equal((await world.files.facts(RUNS))?.mode, 0o600);
    equal((await world.files.facts(`${LOGS}/astro`))?.mode, 0o700);
    equal(await store.newest("astro"), null);
  }));

/** Whether what is asked about was stopped, with what is there and asked. */
const ASKED: Record<
  string,
  { runs: string; name?: string; id?: string; at?: string; is: boolean }
> = {
  "what was stopped": { runs: LINE, is: true },
  "what was stopped, to the second": { runs: LINE, at: "2026-01-02T03:04:05Z", is: true },
  "what has ended again since": { runs: LINE, at: "2026-01-02T03:04:06Z", is: false },
  "another container": { runs: LINE, id: "def", is: false },
  "a container whose id only begins so": { runs: LINE, id: "ab", is: false },
  "another session": { runs: LINE, name: "bot", is: false },
  "a name that leads out of the store": { runs: LINE, name: "../logs/astro", is: false },
  "nothing": { runs: "", is: false },
  "what was stopped, behind garbage": { runs: `\0\xff{\n[]\n${LINE}`, is: true },
  "what was stopped, behind half a line": { runs: `{"run":"0","ev${LINE}`, is: true },
  "what was stopped, before half a line": { runs: `${LINE}{"run":"0","ev`, is: true },
  "half a line": { runs: LINE.slice(0, 40), is: false },
};
for (const [what, { runs, name = "astro", id = "abc", at, is }] of Object.entries(ASKED)) {
  Deno.test(`wasStopped() says ${is ? "yes" : "no"} to ${what}`, () =>
    withFakeWorld({ ...AT_HOME, files: { [RUNS]: runs } }, async (world) => {
      const store = logStore(world, noWarning);
      equal(
        await store.wasStopped(name, { id, at: at === undefined ? STOP.at : new Date(at) }),
        is,
      );
    }));
}

Deno.test("what was never stopped was not, wherever nothing is kept", async () => {
  for (const spec of [AT_HOME, {}]) {
    await withFakeWorld(spec, async (world) => {
      equal(await logStore(world, noWarning).wasStopped("astro", STOP), false);
    });
  }
});

Deno.test("a stop is added to what is remembered, also where that is corrupt", () =>
  withFakeWorld({ ...AT_HOME, files: { [RUNS]: '{"run":' } }, async (world) => {
    const store = logStore(world, noWarning);
    await store.recordStop("astro", STOP);
    equal(await world.files.readText(RUNS), `{"run":${LINE}`);
    equal(await store.wasStopped("astro", STOP), true);
  }));

const NOT_WRITABLE: Record<string, FakeWorldSpec> = {
  "a file is where the directory should be": { ...AT_HOME, files: { "/home/user/.local": "" } },
  "the directory is another user's": {
    ...AT_HOME,
    files: { [`${LOGS}/astro`]: { kind: "directory", denied: true } },
  },
};
for (const [why, spec] of Object.entries(NOT_WRITABLE)) {
  Deno.test(`when ${why}, no run is remembered, and that is said once`, () =>
    withFakeWorld(spec, async (world) => {
      const warnings: string[] = [];
      const store = logStore(world, (warning) => warnings.push(warning));
      await store.recordStop("astro", STOP);
      await store.save("astro", "00000000000a", bytes("x\n"));
      equal(await store.wasStopped("astro", STOP), false);
      equal(warnings.length, 1, warnings.join("; "));
      match(warnings[0] ?? "", /^The output is not kept: .*[^.]$/);
    }));
}

Deno.test("runs that cannot be written are said once, and are no failure", () =>
  withFakeWorld({ ...AT_HOME, files: { [RUNS]: { denied: true } } }, async (world) => {
    const warnings: string[] = [];
    const store = logStore(world, (warning) => warnings.push(warning));
    await store.recordStop("astro", STOP);
    await store.recordStop("astro", STOP);
    deepEqual(warnings, [`The output is not kept: ${RUNS}: permission denied`]);
  }));

// --- reading -------------------------------------------------------------------------------------

Deno.test("the tail of a file is its last lines, however long they are", () =>
  withFakeWorld(AT_HOME, async (world) => {
    const store = logStore(world, noWarning);
    // Longer than what is read at first, and at second.
    const lines = Array.from({ length: 30 }, (_, n) => `${n}:${"x".repeat(20_000)}\r\n`);
    const plain = lines.map((line) => line.replace("\r", ""));
    world.put("/log", lines.join(""));
    for (const count of [0, 1, 2, 3, 4, 12, 13, 29, 30, 31, Infinity]) {
      const expected = count === 0 ? "" : plain.slice(-count).join("");
      equal(text(await store.tail("/log", count)), expected, `${count} lines`);
    }
    world.put("/empty", "");
    equal(text(await store.tail("/empty", 10)), "");
    await rejects(store.tail("/missing", 10), /no such file/);
  }));

const LINES: Record<string, { of: string; lines: number; is: string }> = {
  "of nothing": { of: "", lines: 5, is: "" },
  "when none is wanted": { of: "a\n", lines: 0, is: "" },
  "when all are wanted": { of: "a\nb\n", lines: Infinity, is: "a\nb\n" },
  "when more are wanted than there are": { of: "a\nb\n", lines: 9, is: "a\nb\n" },
  "when one is wanted": { of: "a\nb\n", lines: 1, is: "b\n" },
  "without a final newline": { of: "a\nb", lines: 1, is: "b\n" },
  "that are empty": { of: "a\n\n\n", lines: 2, is: "\n\n" },
  "that a terminal ended": { of: "a\r\nb\r\n", lines: 2, is: "a\nb\n" },
  "that a program ended with a carriage return": { of: "a\r\r\n", lines: 1, is: "a\r\n" },
  "with carriage returns inside": { of: "10%\r20%\rdone\r\n", lines: 1, is: "10%\r20%\rdone\n" },
  "that end in a carriage return": { of: "a\nb\r", lines: 1, is: "b\r\n" },
  "of a lone newline": { of: "\n", lines: 1, is: "\n" },
};
for (const [what, { of, lines, is }] of Object.entries(LINES)) {
  Deno.test(`lastLines() gives the last lines ${what}`, () => {
    equal(text(lastLines(bytes(of), lines)), is);
  });
}

Deno.test("lastLines() keeps bytes that are no text", () => {
  deepEqual(
    [...lastLines(new Uint8Array([0xff, 0x0a, 0x00, 0xc3, 0x0d, 0x0a]), 1)],
    [0x00, 0xc3, 0x0a],
  );
});

/** The same as plainly as can be said, on text whose characters are bytes. */
function naive(content: string, lines: number): string {
  if (content === "") return "";
  const all = content.replace(/\n$/, "").split("\n");
  const kept = all.slice(Math.max(0, all.length - lines));
  // A carriage return before a newline goes; the last line has that newline only where it had one.
  const last = kept.pop();
  if (last === undefined) return "";
  const whole = content.endsWith("\n");
  const plain = kept.map((line) => line.replace(/\r$/, ""));
  return [...plain, whole ? last.replace(/\r$/, "") : last].map((line) => `${line}\n`).join("");
}

Deno.test("lastLines() does what a plain implementation does", () => {
  const content = fc.string({
    unit: fc.constantFrom("\n", "\r", "a", "\xff", "\0"),
    maxLength: 60,
  });
  const lines = fc.oneof(fc.nat(12), fc.constant(Infinity));
  fc.assert(
    fc.property(content, lines, (content, lines) => {
      const data = Uint8Array.from(content, (character) => character.charCodeAt(0));
      const got = String.fromCharCode(...lastLines(data, lines));
      equal(got, naive(content, lines));
    }),
    { numRuns: 3000 },
  );
});
