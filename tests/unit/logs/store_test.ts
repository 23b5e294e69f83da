import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type LogStore, logStore, outputOf, stateDirectory } from "../../../src/logs/store.ts";
import { DEFAULT_LOG, NOBODY, type Owner } from "../../../src/model.ts";
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

/** Keeps what a run printed. */
async function save(store: LogStore, run: string, printed: string | Uint8Array): Promise<void> {
  const data = typeof printed === "string" ? bytes(printed) : printed;
  await store.save("astro", run, { bytes: data, ...DEFAULT_LOG });
}

async function readAll(store: LogStore, output: string | undefined): Promise<string> {
  return text(await store.read(output ?? "", { lines: Infinity }));
}

Deno.test("every run gets a file of its own, for its owner alone", () =>
  withFakeWorld(AT_HOME, async (world) => {
    const store = logStore(world, noWarning);
    const first = await store.open("astro", "00000000000a", DEFAULT_LOG);
    ok(first !== null);
    await store.open("astro", "00000000000b", DEFAULT_LOG);
    equal(outputOf(first), `${LOGS}/astro/20260102T030405.000Z-00000000000a`);
    const outputs = await store.outputs("astro");
    deepEqual(outputs.map((output) => output.slice(-13)), ["-00000000000a", "-00000000000b"]);
    deepEqual([(await world.files.facts(`${outputOf(first)}-000001.log`))?.mode], [0o600]);
    deepEqual([(await world.files.facts(`${LOGS}/astro`))?.mode], [0o700]);
  }));

Deno.test("what is saved without its beginning begins with a whole line when it is read", () =>
  withFakeWorld(AT_HOME, async (world) => {
    const store = logStore(world, noWarning);
    for (const [isCut, run] of [[false, "00000000000a"], [true, "00000000000b"]] as const) {
      const printed = bytes("ment\ntwo\n");
      await store.save("astro", run, { bytes: printed, isCut, ...DEFAULT_LOG });
      const output = (await store.outputs("astro")).at(-1);
      ok(output?.endsWith(run));
      equal(await readAll(store, output), isCut ? "two\n" : "ment\ntwo\n");
    }
  }));

Deno.test("a start that fails takes nothing away from one that begins at the same time", () =>
  withFakeWorld(AT_HOME, async (world) => {
    await save(logStore(world, noWarning), "a0", "of a start that failed\n");
    const files = { ...world.files };
    let isTakenAway = false;
    const store = logStore({
      ...world,
      files: {
        ...files,
        create: async (path, text) => {
          if (!isTakenAway) {
            isTakenAway = true;
            await logStore(world, noWarning).discard("astro", "a0");
          }
          return await files.create(path, text);
        },
      },
    }, noWarning);
    ok(await store.open("astro", "b0", DEFAULT_LOG) !== null);
    equal((await store.outputs("astro")).length, 1);
  }));

Deno.test("runs come in the order in which they began, also within a second", () =>
  withFakeWorld(AT_HOME, async (world) => {
    const store = logStore(world, noWarning);
    deepEqual(await store.outputs("astro"), []);
    for (const id of ["f", "0", "9", "a"]) {
      const capture = await store.open("astro", id.repeat(12), DEFAULT_LOG);
      equal((await store.outputs("astro")).at(-1), capture && outputOf(capture));
      world.advance(1);
    }
    world.put(`${LOGS}/astro/runs.ndjson`, "");
    world.put(`${LOGS}/astro/99999999T000000.000Z-0-000001.times`, "");
    world.put(`${LOGS}/astro-two/99999999T000000.000Z-0-000001.log`, "");
    match((await store.outputs("astro")).at(-1) ?? "", /-aaaaaaaaaaaa$/);
  }));

Deno.test("of all runs together as many files stay as are wanted, the newest", () =>
  withFakeWorld(AT_HOME, async (world) => {
    const store = logStore(world, noWarning);
    const run = async (id: string): Promise<void> => {
      world.advance(1);
      const policy = { ...DEFAULT_LOG, keep: 3 };
      const capture = await store.open("astro", id, policy);
      ok(capture !== null);
      world.put(`${outputOf(capture)}-000001.log`, "printed\n");
      await store.prune("astro", policy);
    };
    await run("a");
    const [first = ""] = await store.outputs("astro");
    world.put(`${first}-000001.times`, "1 2\n");
    world.put(`${first}-000002.log`, "printed\n");
    await run("b");
    deepEqual((await world.files.list(`${LOGS}/astro`)).length, 5);
    await run("c");
    deepEqual(
      (await world.files.list(`${LOGS}/astro`)).map((name) => name.replace(/^.*Z-/, "")),
      ["a-000002.log", "b-000001.log", "c-000001.log", "runs.ndjson"],
    );
  }));

Deno.test("of starts at the same time none takes away what another is to print into", () =>
  withFakeWorld(AT_HOME, async (world) => {
    const store = logStore(world, noWarning);
    const policy = { ...DEFAULT_LOG, keep: 2 };
    for (const id of ["a", "b", "c", "d"]) {
      await store.open("astro", id, policy);
      await store.prune("astro", policy);
    }
    equal((await store.outputs("astro")).length, 4);
  }));

Deno.test("runs that print nothing leave no more files than others do", () =>
  withFakeWorld(AT_HOME, async (world) => {
    const store = logStore(world, noWarning);
    const policy = { ...DEFAULT_LOG, keep: 2 };
    for (const id of ["a", "b", "c", "d"]) {
      await store.open("astro", id, policy);
      await store.prune("astro", policy);
      world.advance(61_000);
    }
    equal((await store.outputs("astro")).length, 2);
  }));

Deno.test("a start that fails costs nothing of what is kept", () =>
  withFakeWorld(AT_HOME, async (world) => {
    const store = logStore(world, noWarning);
    const policy = { ...DEFAULT_LOG, keep: 2 };
    for (const run of ["a0", "b0"]) {
      world.advance(1);
      await save(store, run, `${run} printed\n`);
    }
    world.advance(1);
    await store.open("astro", "c0", policy);
    await store.discard("astro", "c0");
    await store.prune("astro", policy);
    deepEqual((await store.outputs("astro")).map((output) => output.slice(-2)), ["a0", "b0"]);
  }));

Deno.test("a run that is saved again takes its own place, and no other one's", () =>
  withFakeWorld(AT_HOME, async (world) => {
    const store = logStore(world, noWarning);
    for (const run of ["a0", "b0", "b0"]) {
      world.advance(1);
      await store.save("astro", run, { bytes: bytes(`${run}\n`), ...DEFAULT_LOG, keep: 2 });
    }
    deepEqual((await store.outputs("astro")).map((output) => output.slice(-2)), ["a0", "b0"]);
  }));

Deno.test("where nothing is to be kept, nothing is, but there is a place for the story", () =>
  withFakeWorld(AT_HOME, async (world) => {
    const store = logStore(world, noWarning);
    equal(await store.open("astro", "a", { ...DEFAULT_LOG, capture: false }), null);
    deepEqual(await world.files.list(`${LOGS}/astro`), ["runs.ndjson"]);
  }));

Deno.test("a run that never began leaves nothing, and another one is not touched", () =>
  withFakeWorld(AT_HOME, async (world) => {
    const store = logStore(world, noWarning);
    const fail = async (run: string): Promise<void> => {
      const capture = await store.open("astro", run, DEFAULT_LOG);
      ok(capture !== null);
      world.put(`${outputOf(capture)}-000001.times`, "1 2\n");
      await store.record("astro", { ...STOPPED, run });
      await store.discard("astro", run);
    };
    await fail("0");
    equal(await world.files.facts(`${LOGS}/astro`), null);
    await store.discard("astro", "0");
    await save(store, "b0", "another\n");
    await store.record("astro", { ...STOPPED, run: "b0" });
    await fail("0");
    deepEqual((await store.runs("astro")).map(({ id }) => id), ["b0"]);
    deepEqual((await store.outputs("astro")).length, 1);
    equal(await readAll(store, (await store.outputs("astro"))[0]), "another\n");
  }));

for (const name of ["../astro", "a/b", "", ".", "..", "two words", "näme", "x".repeat(65), "1a"]) {
  Deno.test(`nothing is looked for outside of the store for ${JSON.stringify(name)}`, () => {
    const file = "20260102T030405.000Z-a-000001.log";
    const files = { [`${LOGS}/${file}`]: "", [`${LOGS}/../${file}`]: "", "/runs.ndjson": "" };
    return withFakeWorld({ ...AT_HOME, files }, async (world) => {
      const store = logStore(world, noWarning);
      deepEqual(await store.outputs(name), []);
      deepEqual([await store.runs(name), store.storyOf(name)], [[], null]);
      equal(await store.captureOf(name, "a", DEFAULT_LOG), null);
    });
  });
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
};
const NOWHERE: Record<string, FakeWorldSpec> = { ...UNUSABLE, "there is no place for it": {} };
for (const [why, spec] of Object.entries(NOWHERE)) {
  Deno.test(`when ${why}, nothing is kept, and that is said once`, () =>
    withFakeWorld(spec, async (world) => {
      const warnings: string[] = [];
      const store = logStore(world, (warning) => warnings.push(warning));
      equal(await store.open("astro", "0", DEFAULT_LOG), null);
      equal(await store.open("bot", "1", DEFAULT_LOG), null);
      await save(store, "a", "x\n");
      await store.record("astro", STOPPED);
      deepEqual(await store.outputs("astro"), []);
      deepEqual(await store.runs("astro"), []);
      deepEqual(await store.newestRuns("astro"), []);
      equal(warnings.length, 1, warnings.join("; "));
      match(warnings[0] ?? "", /^The output is not kept: .*[^.]$/);
    }));
}

// --- runs that are over --------------------------------------------------------------------------

Deno.test("what a run printed is kept byte by byte, in a file of its own", () =>
  withFakeWorld(AT_HOME, async (world) => {
    const store = logStore(world, noWarning);
    const printed = new Uint8Array([0x61, 0xff, 0x00, 0x0a]);
    await save(store, "00000000000a", printed);
    const [first = ""] = await store.outputs("astro");
    const path = `${first}-000001.log`;
    deepEqual(await world.files.readFrom(path, 0), printed);
    equal((await world.files.facts(path))?.mode, 0o600);
    world.advance(1);
    await save(store, "00000000000b", "");
    match((await store.outputs("astro")).at(-1) ?? "", /-00000000000b$/);
    deepEqual(await world.files.readFrom(path, 0), printed);
  }));

Deno.test("what is kept again of a run takes the place of what was kept before", () =>
  withFakeWorld(AT_HOME, async (world) => {
    const store = logStore(world, noWarning);
    await save(store, "0a", "of another run\n");
    world.advance(1);
    await save(store, "a", "one\n");
    world.advance(1);
    await save(store, "a", "one\ntwo\n");
    const outputs = await store.outputs("astro");
    equal(outputs.length, 2);
    equal(await readAll(store, outputs[0]), "of another run\n");
    equal(await readAll(store, outputs[1]), "one\ntwo\n");
  }));

Deno.test("two projects with one name keep their output side by side", () =>
  withFakeWorld(AT_HOME, async (world) => {
    const store = logStore(world, noWarning);
    const bots = { project: "bots", configFile: "/srv/bots/kstops.yml" };
    const shop = { project: null, configFile: "/srv/shop/kstops.yml" };
    const run = async (id: string, owner?: Owner): Promise<void> => {
      world.advance(1);
      const keeping = { ...DEFAULT_LOG, keep: 2, ...(owner && { owner }) };
      const capture = await store.open("astro", id, keeping);
      ok(capture !== null);
      world.put(`${outputOf(capture)}-000001.log`, "printed\n");
      await store.record("astro", { ...BEGUN, run: id, owner: owner ?? NOBODY });
      await store.prune("astro", keeping);
    };
    const left = async () =>
      (await store.outputs("astro")).map((output) => output.slice(-2).replace("-", ""));
    for (const id of ["a1", "a2", "a3"]) await run(id, bots);
    for (const id of ["b1", "b2", "b3"]) await run(id, shop);
    deepEqual(await left(), ["a2", "a3", "b2", "b3"]);
    // By its file it is the same one, whatever it calls itself by now.
    await run("a4", { ...bots, project: "robots" });
    deepEqual(await left(), ["a3", "b2", "b3", "a4"]);
    // What is nobody's may be anybody's, and goes with theirs.
    for (const id of ["c1", "c2", "c3"]) await run(id);
    deepEqual(await left(), ["a3", "b2", "b3", "a4", "c2", "c3"]);
    await run("b4", shop);
    deepEqual(await left(), ["a3", "a4", "c3", "b4"]);
  }));

Deno.test("what is more than a file holds is kept in as many as it needs, and the oldest go", () =>
  withFakeWorld(AT_HOME, async (world) => {
    const store = logStore(world, noWarning);
    const policy = { capture: true, maxBytes: 8, keep: 3 };
    const keep = async (run: string, text: string, isCut: boolean): Promise<void> => {
      await store.save("astro", run, { bytes: new TextEncoder().encode(text), isCut, ...policy });
      world.advance(1);
    };
    const files = async () =>
      (await world.files.list(`${LOGS}/astro`)).filter((each) => each.endsWith(".log"))
        .map((each) => each.replace(/^.*Z-/, ""));
    await keep("a", "of another run\n", false);
    await keep("b", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10", false);
    deepEqual(await files(), ["b-000001.log", "b-000002.log", "b-000003.log"]);
    const [output] = await store.outputs("astro");
    equal(await readAll(store, output), "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n");
    // Again, and of one whose beginning is gone.
    await keep("b", "1\n22\n333\n4444\n55555\n6666", true);
    deepEqual(await files(), ["b-000002.log", "b-000003.log", "b-000004.log"]);
    equal(await readAll(store, (await store.outputs("astro"))[0]), "22\n333\n4444\n55555\n6666\n");
    await keep("c", "next\n", false);
    deepEqual(await files(), ["b-000003.log", "b-000004.log", "c-000001.log"]);
  }));

const AT = new Date("2026-01-02T03:04:05.678Z");
const STOPPED = { event: "stopped", run: "00000000000a", at: AT, hadEnded: false } as const;
const RUNS = `${LOGS}/astro/runs.ndjson`;
const LINE =
  '{"run":"00000000000a","event":"stopped","at":"2026-01-02T03:04:05.678Z","had_ended":false}\n';
const BEGUN = {
  event: "begun",
  run: "00000000000a",
  at: AT,
  backend: "tmux",
  engine: "tmux",
  where: "host 1000",
  socketName: "default",
  image: null,
  workingDir: "/",
  definition: "f",
  owner: NOBODY,
  ending: null,
} as const;

Deno.test("what happened to a run is remembered in lines of JSON, for its owner alone", () =>
  withFakeWorld(AT_HOME, async (world) => {
    const store = logStore(world, noWarning);
    await store.record("astro", STOPPED);
    await store.record("astro", { ...STOPPED, run: "b" });
    const [first, second] = (await world.files.readText(RUNS)).split(/(?<=\n)/);
    equal(first, LINE);
    equal(JSON.parse(second ?? "").run, "b");
    equal((await world.files.facts(RUNS))?.mode, 0o600);
    equal((await world.files.facts(`${LOGS}/astro`))?.mode, 0o700);
    deepEqual(await store.outputs("astro"), []);
    deepEqual((await store.runs("astro")).map(({ id }) => id), ["00000000000a", "b"]);
    deepEqual(await store.names(), ["astro"]);
  }));

Deno.test("the newest run is the one that began last, whatever was heard of others since", () =>
  withFakeWorld(AT_HOME, async (world) => {
    const store = logStore(world, noWarning);
    await store.record("astro", STOPPED);
    deepEqual(await store.newestRuns("astro"), []);
    for (const run of ["a", "b"]) await store.record("astro", { ...BEGUN, run });
    await store.record("astro", { ...STOPPED, run: "a" });
    const newest = await store.newestRuns("astro");
    deepEqual(newest.map(({ id, stopped }) => [id, stopped]), [["b", null]]);
  }));

Deno.test("each owner has a newest run of its own, unless nobody's has come after it", () =>
  withFakeWorld(AT_HOME, async (world) => {
    const store = logStore(world, noWarning);
    const begin = (run: string, project: string | null): Promise<void> =>
      store.record("astro", { ...BEGUN, run, owner: { project, configFile: null } });
    const newest = async () => (await store.newestRuns("astro")).map(({ id }) => id);
    for (const [run, project] of [["1", "a"], ["2", "b"], ["3", "b"]] as const) {
      await begin(run, project);
    }
    deepEqual(await newest(), ["3", "1"]);
    await begin("4", null);
    deepEqual(await newest(), ["4"]);
    await begin("5", "a");
    deepEqual(await newest(), ["5"]);
  }));

Deno.test("the output of the newest run is never that of an earlier one", () =>
  withFakeWorld(AT_HOME, async (world) => {
    const store = logStore(world, noWarning);
    equal(await store.newestOutput("astro"), null);
    const run = async (id: string, capture: boolean): Promise<string> => {
      world.advance(1);
      await store.open("astro", id, { ...DEFAULT_LOG, capture });
      await store.record("astro", { ...BEGUN, run: id });
      return (await store.newestOutput("astro"))?.slice(-2) ?? "none";
    };
    deepEqual([await run("a", true), await run("b", true)], ["-a", "-b"]);
    equal(await run("c", false), "none");
    equal(await run("d", true), "-d");
    // Who began it was ended before he could say so.
    world.advance(1);
    await store.open("astro", "e", DEFAULT_LOG);
    equal((await store.newestOutput("astro"))?.slice(-2), "-e");
  }));

Deno.test("an event is added to what is remembered, also where that is corrupt", () =>
  withFakeWorld({ ...AT_HOME, files: { [RUNS]: '{"run":' } }, async (world) => {
    const store = logStore(world, noWarning);
    await store.record("astro", STOPPED);
    equal(await world.files.readText(RUNS), `{"run":${LINE}`);
    deepEqual((await store.runs("astro"))[0]?.stopped?.at, AT);
  }));

Deno.test("a story that has become long loses its older half at the next start", () =>
  withFakeWorld(AT_HOME, async (world) => {
    const store = logStore(world, noWarning);
    const lines = Array.from(
      { length: 4000 },
      (_, run) => LINE.replace("0000a", `${10_000 + run}`),
    );
    world.put(RUNS, lines.join(""));
    await store.open("astro", "f", DEFAULT_LOG);
    const runs = await store.runs("astro");
    ok(runs.length >= 2000 && runs.length < 2010, `${runs.length} are left`);
    equal(runs.at(-1)?.id, "000000013999");
    await store.open("astro", "0", DEFAULT_LOG);
    equal((await store.runs("astro")).length, runs.length);
  }));

for (const [why, spec] of Object.entries(UNUSABLE)) {
  Deno.test(`when ${why}, no run is remembered, and that is said once`, () =>
    withFakeWorld(spec, async (world) => {
      const warnings: string[] = [];
      const store = logStore(world, (warning) => warnings.push(warning));
      await store.record("astro", STOPPED);
      await save(store, "00000000000a", "x\n");
      deepEqual(await store.runs("astro"), []);
      equal(warnings.length, 1, warnings.join("; "));
      match(warnings[0] ?? "", /^The output is not kept: .*[^.]$/);
    }));
}

Deno.test("runs that cannot be written are said once, and are no failure", () =>
  withFakeWorld({ ...AT_HOME, files: { [RUNS]: { denied: true } } }, async (world) => {
    const warnings: string[] = [];
    const store = logStore(world, (warning) => warnings.push(warning));
    await store.record("astro", STOPPED);
    await store.record("astro", STOPPED);
    deepEqual(warnings, [`The output is not kept: ${RUNS}: permission denied`]);
    deepEqual(await store.runs("astro"), []);
  }));
