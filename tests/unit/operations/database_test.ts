/** The store on real database files: old, damaged, foreign, closed and full ones, and its news. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { OperationStore, type StoreOptions } from "../../../src/operations/store.ts";
import { denoWorld } from "../../../src/world/deno.ts";
import { DatabaseError, type World } from "../../../src/world/world.ts";

interface Bench {
  readonly directory: string;
  readonly path: string;
  readonly warnings: readonly string[];
  /** Opens the store, as a process of its own. */
  readonly open: (
    world?: Partial<World>,
    options?: Partial<StoreOptions>,
  ) => Promise<OperationStore>;
}

async function withDirectory(body: (bench: Bench) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  const stores: OperationStore[] = [];
  const warnings: string[] = [];
  try {
    await body({
      directory,
      path: `${directory}/operations.db`,
      warnings,
      open: async (world = {}, options = {}) => {
        const store = await OperationStore.inDirectory({ ...denoWorld(), ...world }, {
          directory,
          warn: (text) => warnings.push(text),
          ...options,
        });
        stores.push(store);
        return store;
      },
    });
  } finally {
    for (const store of stores) await store.dispose();
    await Deno.remove(directory, { recursive: true });
  }
}

/** A whole life of an operation. */
function work(store: OperationStore, session = "astro"): string {
  const { id } = store.open("stop", { force: true }, { session });
  for (const state of ["validating", "planning", "applying", "verifying"] as const) {
    store.transition(id, state);
  }
  store.transition(id, "done", { state: "stopped" });
  return id;
}

function permissions(path: string): string {
  return ((Deno.statSync(path).mode ?? 0) & 0o777).toString(8);
}

Deno.test("the store is for its user alone, whatever the umask says", async () => {
  await withDirectory(async ({ directory, open }) => {
    const state = `${directory}/state/kstops`;
    const umask = Deno.umask(0);
    try {
      const store = await open({}, { directory: state });
      work(store);
      equal(permissions(state), "700");
      for (const suffix of ["", "-wal", "-shm"]) {
        equal(permissions(`${state}/operations.db${suffix}`), "600");
      }
    } finally {
      Deno.umask(umask);
    }
  });
});

Deno.test("a store that others could read is closed to them", async () => {
  await withDirectory(async ({ path, open }) => {
    await Deno.writeTextFile(path, "", { mode: 0o644 });
    ok((await open()).isKept);
    equal(permissions(path), "600");
  });
});

Deno.test("what one process records, the next one reads", async () => {
  await withDirectory(async ({ open, warnings }) => {
    const first = await open();
    const id = work(first);
    await first.dispose();
    const second = await open();
    const operation = second.get(id);
    deepEqual(operation?.result, { state: "stopped" });
    deepEqual(second.list({ session: "astro", state: "done" }), [operation]);
    deepEqual(second.list({ session: "web" }), []);
    deepEqual(second.list({ since: new Date(Date.now() + 60_000) }), []);
    equal(second.find("show", id.slice(0, 8).toUpperCase()).id, id);
    deepEqual(warnings, []);
  });
});

for (
  const [what, prefix, message] of [
    ["nothing begins with", "zz", `Cannot show "zz": no such operation`],
    ["is no beginning at all", "", `Cannot show "": no such operation`],
    ["two begin with", "0000", `Cannot show "0000": several operations begin with it`],
  ] as const
) {
  Deno.test(`an ID that ${what} stands for no operation`, async () => {
    await withDirectory(async ({ open }) => {
      let uuids = 0;
      const store = await open({ randomUuid: () => `0000000${uuids++}` });
      work(store);
      work(store);
      try {
        store.find("show", prefix);
        ok(false);
      } catch (error) {
        equal((error as Error).message, message);
      }
    });
  });
}

Deno.test("a store of the first version is brought up to date, with all that is in it", async () => {
  await withDirectory(async ({ path, open, warnings }) => {
    await Deno.copyFile(new URL("../../fixtures/operations-v1.db", import.meta.url), path);
    // Not long after it was left, on the machine where it was made.
    const world = { now: () => new Date("2026-01-02T03:04:20.000Z"), hostname: () => "new-host" };
    const store = await open(world);
    deepEqual(warnings, []);
    deepEqual(
      store.list().map(({ kind, session, state, place }) => ({ kind, session, state, place })),
      [
        { kind: "stop", session: "web", state: "input_required", place: null },
        { kind: "stop", session: "web", state: "applying", place: null },
        { kind: "restart", session: "astro", state: "done", place: null },
      ],
    );
    const restart = store.find("show", "0b2f");
    deepEqual(restart.result, { name: "astro", state: "running" });
    equal(restart.actor?.sudoUser, "ada");
    equal(store.history(restart.id).length, 6);
    // And it does what only the newest version can.
    const { id } = store.open("stop", null, { session: "astro" });
    store.transition(id, "validating");
    store.transition(id, "planning");
    equal((await store.claim(id, "tmux:default")).place, "tmux:default");
    equal(store.open("stop", null, { parentId: "0b2f" }).parentId, "0b2f");
    equal(store.list({ parentPrefix: "0b2" }).length, 1);
    await store.dispose();
    const again = await open(world);
    equal(again.list().length, 5);
    equal(again.list({ parentPrefix: "0b2" }).length, 1);
  });
});

Deno.test("a store that a newer kstops made is left alone", async () => {
  await withDirectory(async ({ path, open, warnings }) => {
    const database = await denoWorld().database(path);
    database.run("PRAGMA user_version = 99");
    database.close();
    const before = await Deno.readFile(path);
    const store = await open();
    equal(store.isKept, false);
    work(store);
    deepEqual(warnings, [
      `Operations are not recorded: ${path}: a newer kstops made it (schema 99, known here up to 3)`,
    ]);
    deepEqual(await Deno.readFile(path), before);
  });
});

Deno.test("a store that another process is about to make is waited for", async () => {
  await withDirectory(async ({ path, open, warnings }) => {
    const other = await denoWorld().database(path);
    other.run("BEGIN IMMEDIATE; CREATE TABLE other (x)");
    let isHeld = true;
    const store = await open({
      sleep: () => {
        if (isHeld) other.run("COMMIT");
        isHeld = false;
        return Promise.resolve();
      },
    });
    deepEqual([store.isKept, isHeld, warnings], [true, false, []]);
    other.close();
  });
});

const DAMAGES: Record<string, (path: string) => Promise<void>> = {
  "text": (path) => Deno.writeTextFile(path, "no database at all ".repeat(1000)),
  "a database with a torn first page": async (path) => {
    using file = await Deno.open(path, { write: true });
    await file.seek(100, Deno.SeekMode.Start);
    await file.write(new Uint8Array(4000).fill(0x55));
  },
};
for (const [what, damage] of Object.entries(DAMAGES)) {
  Deno.test(`${what} instead of the store is set aside, said once, and a new one begins`, async () => {
    await withDirectory(async ({ directory, path, open, warnings }) => {
      const first = await open();
      work(first);
      await first.dispose();
      await damage(path);
      const damaged = await Deno.readFile(path);
      const store = await open();
      const id = work(store);
      equal(store.isKept, true);
      equal(warnings.length, 1);
      match(
        warnings[0] ?? "",
        /is damaged: it is kept as .*\/operations\.db\.corrupt-\d{8}T\d{9}Z, /,
      );
      const [aside] = [...Deno.readDirSync(directory)].map(({ name }) => name).filter((name) =>
        /corrupt-\w+$/.test(name)
      );
      deepEqual(await Deno.readFile(`${directory}/${aside}`), damaged);
      await store.dispose();
      equal((await open()).get(id)?.state, "done");
      equal(warnings.length, 1);
    });
  });
}

Deno.test("damage that turns up while working is said once, and the work goes on", async () => {
  await withDirectory(async ({ directory, open, warnings }) => {
    const system = denoWorld();
    let isBroken = false;
    const store = await open({
      database: async (path) => {
        const database = await system.database(path);
        return {
          ...database,
          all: (sql, ...values) => {
            if (isBroken) throw new DatabaseError("corrupt", "database disk image is malformed");
            return database.all(sql, ...values);
          },
        };
      },
    });
    const { id } = store.open("stop", null, { session: "astro" });
    store.transition(id, "validating");
    isBroken = true;
    store.transition(id, "planning");
    store.heartbeat(id);
    equal(store.get(id)?.state, "planning");
    equal(store.isKept, false);
    await store.dispose();
    equal(warnings.length, 1);
    match(
      warnings[0] ?? "",
      /^Operations are not recorded: .*: database disk image is malformed; it is kept as /,
    );
    const names = Array.from(Deno.readDirSync(directory), ({ name }) => name);
    deepEqual(names.filter((name) => name === "operations.db"), []);
    ok(names.some((name) => name.startsWith("operations.db.corrupt-")));
    equal((await open()).isKept, true);
  });
});

const UNUSABLE: Record<string, readonly [(bench: Bench) => Promise<string | null>, RegExp]> = {
  "nowhere to keep it": [
    () => Promise.resolve(null),
    /: neither KSTOPS_STATE_DIR nor HOME is set$/,
  ],
  "a file in the way of the directory": [async ({ directory }) => {
    await Deno.writeTextFile(`${directory}/state`, "");
    return `${directory}/state/kstops`;
  }, /state\/kstops: /],
  "a directory that everybody may write to": [async ({ directory }) => {
    await Deno.chmod(directory, 0o777);
    return directory;
  }, /: everybody may write there$/],
  "a symbolic link": [async ({ directory, path }) => {
    await Deno.writeTextFile(`${directory}/elsewhere`, "");
    await Deno.symlink(`${directory}/elsewhere`, path);
    return directory;
  }, /operations\.db: it is a symbolic link$/],
  "a symbolic link to nothing": [async ({ directory, path }) => {
    await Deno.symlink(`${directory}/elsewhere`, path);
    return directory;
  }, /operations\.db: it is a symbolic link$/],
  "a directory": [async ({ directory, path }) => {
    await Deno.mkdir(path);
    return directory;
  }, /operations\.db: it is not a file$/],
};
for (const [what, [prepare, reason]] of Object.entries(UNUSABLE)) {
  Deno.test(`with ${what} instead of the store it is said once, and work goes on`, async () => {
    await withDirectory(async (bench) => {
      const store = await bench.open({}, { directory: await prepare(bench) });
      const id = work(store);
      equal(store.get(id)?.state, "done");
      equal(store.isKept, false);
      equal(bench.warnings.length, 1);
      match(bench.warnings[0] ?? "", /^Operations are not recorded: /);
      match(bench.warnings[0] ?? "", reason);
    });
  });
}

/** A file system of 256 kB, where this user may make one. */
async function withSmallDisk(body: (directory: string) => Promise<void>): Promise<boolean> {
  const directory = await Deno.makeTempDir();
  const run = async (...argv: readonly string[]): Promise<boolean> => {
    const [program = "", ...args] = argv;
    const child = new Deno.Command(program, { args, stdout: "null", stderr: "null" });
    return (await child.output()).success;
  };
  try {
    const options = ["-t", "tmpfs", "-o", "size=256k,mode=700", "tmpfs"];
    if (Deno.uid() !== 0 || !(await run("mount", ...options, directory))) return false;
    try {
      await body(directory);
    } finally {
      await run("umount", directory);
    }
    return true;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const CAN_MOUNT = await withSmallDisk(() => Promise.resolve());

Deno.test({
  name: "a full disk is said once, and what was being done goes on where it was",
  ignore: !CAN_MOUNT,
  fn: async () => {
    await withDirectory(async ({ open, warnings }) => {
      await withSmallDisk(async (directory) => {
        const store = await open({}, { directory });
        const { id } = store.open("stop", null, { session: "astro" });
        store.transition(id, "validating");
        using filler = await Deno.open(`${directory}/filler`, { write: true, create: true });
        const block = new Uint8Array(512);
        try {
          for (;;) filler.writeSync(block);
        } catch {
          // It is full.
        }
        store.transition(id, "planning");
        await store.claim(id, "tmux:default");
        for (const state of ["applying", "verifying", "done"] as const) store.transition(id, state);
        for (let count = 0; count < 50; count++) work(store, "web");
        equal(store.get(id)?.state, "done");
        equal(store.isKept, false);
        equal(warnings.length, 1);
        match(warnings[0] ?? "", /^Operations are not recorded: .*operations\.db: /);
        await store.dispose();
      });
    });
  },
});

Deno.test("a subscriber gets what another process does, and can go on behind a number", async () => {
  await withDirectory(async ({ open }) => {
    const [writer, reader] = [await open(), await open()];
    const first = work(writer);
    const seen: number[] = [];
    const states: string[] = [];
    for await (const event of reader.subscribe(0)) {
      seen.push(event.seq);
      states.push(event.state);
      if (event.state === "done") break;
    }
    deepEqual(states, ["pending", "validating", "planning", "applying", "verifying", "done"]);
    const live = reader.subscribe()[Symbol.asyncIterator]();
    const coming = live.next();
    const second = work(writer);
    equal((await coming).value?.operationId, second);
    await live.return?.();
    const again = reader.subscribe(seen.at(-1) ?? 0, { operation: second });
    for await (const event of again) {
      ok(event.seq > (seen.at(-1) ?? 0));
      seen.push(event.seq);
      if (event.state === "done") break;
    }
    equal(new Set(seen).size, 12);
    for await (const event of reader.subscribe(2, { operation: first })) {
      equal(event.seq, 3);
      break;
    }
  });
});

Deno.test("a subscription ends when its caller says so, also while nothing happens", async () => {
  await withDirectory(async ({ open }) => {
    const store = await open();
    const end = new AbortController();
    const seen: unknown[] = [];
    const ended = (async () => {
      for await (const event of store.subscribe(0, { signal: end.signal })) seen.push(event);
    })();
    end.abort();
    await ended;
    deepEqual(seen, []);
  });
});

Deno.test("an operation whose process is gone has failed as soon as a store is opened", async () => {
  await withDirectory(async ({ open }) => {
    const child = new Deno.Command("true").spawn();
    await child.status;
    const system = denoWorld();
    const dead = await open({ processes: { ...system.processes, self: child.pid } });
    const { id } = dead.open("stop", null, { session: "astro" });
    const elsewhere = await open({
      processes: { ...system.processes, self: child.pid },
      hostname: () => "another host",
    });
    const { id: foreign } = elsewhere.open("stop", null, { session: "astro" });
    const store = await open();
    equal(store.get(id)?.state, "failed");
    equal((store.get(id)?.error as { code: string }).code, "operation_abandoned");
    // A pid of another host says nothing: only its silence would.
    equal(store.get(foreign)?.state, "pending");
  });
});

Deno.test("an operation of another process that had the pid of this one has failed", async () => {
  await withDirectory(async ({ open }) => {
    const { id } = (await open()).open("stop", null, { session: "astro" });
    equal((await open()).get(id)?.state, "failed");
  });
});

Deno.test("1,000 operations are kept, however old, and the last 90 days, however many", async () => {
  await withDirectory(async ({ open }) => {
    let time = Date.UTC(2026, 0, 1);
    const world = { now: () => new Date(time) };
    const store = await open(world);
    for (let count = 0; count < 1005; count++) work(store);
    time += 90 * 86_400_000;
    deepEqual(await store.collectGarbage(), { abandoned: [], removed: 0 });
    time += 1;
    deepEqual(await store.collectGarbage(), { abandoned: [], removed: 5 });
    equal(store.list().length, 1000);
  });
});

const CORRUPT: Record<string, string> = {
  "a time that cannot be": "UPDATE operations SET created_at = 9000000000000000",
  "no owner": "UPDATE operations SET owner = '[]'",
  "an owner without a pid": `UPDATE operations SET owner = '{"host":"h","instance":"x"}'`,
  "an actor that is none": `UPDATE operations SET actor = '"ada"'`,
};
for (const [what, sql] of Object.entries(CORRUPT)) {
  Deno.test(`a database that says ${what} is set aside as a corrupt one`, () =>
    withDirectory(async ({ path, open, warnings }) => {
      const store = await open();
      store.open("stop", null, { session: "astro" });
      await store.dispose();
      const database = await denoWorld().database(path);
      database.run(sql);
      database.close();
      const broken = await open();
      deepEqual(broken.list(), []);
      await broken.dispose();
      match(warnings[0] ?? "", /malformed (?:time in created_at|owner|actor); it is kept as /);
    }));
}
