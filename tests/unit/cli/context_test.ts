import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { contextOf } from "../../../src/cli/context.ts";
import type { Context } from "../../../src/cli/command.ts";
import type { GlobalFlags } from "../../../src/cli/table.ts";
import { InterruptedError } from "../../../src/errors.ts";
import type { EndSignal, ExecOptions, World } from "../../../src/world/world.ts";
import { type FakeWorldSpec, withFakeWorld } from "../../support/fake_world.ts";

const FLAGS: GlobalFlags = { color: "auto" };

interface Fixture {
  readonly context: Context;
  /** What was said on stderr. */
  readonly said: string[];
  /** Sends a signal to kstops. */
  readonly signal: (signal: EndSignal) => void;
  /** What the programs that ran were given. */
  readonly options: ExecOptions[];
  /** Moves the clock. */
  readonly advance: (ms: number) => void;
}

/** A context in a world where programs do nothing, and whatever else takes for ever. */
async function inContext(
  spec: FakeWorldSpec & {
    readonly flags?: Partial<GlobalFlags>;
    readonly world?: Partial<World>;
    readonly ask?: World["terminal"]["ask"];
  },
  body: (fixture: Fixture) => Promise<void>,
): Promise<void> {
  await withFakeWorld(spec, async (world) => {
    const said: string[] = [];
    const options: ExecOptions[] = [];
    let callback: ((signal: EndSignal) => void) | null = null;
    const outside: World = {
      ...world,
      exec: (_argv, given) => {
        options.push(given);
        return Promise.resolve({ code: 0, stdout: "", stderr: "" });
      },
      sleep: () => new Promise(() => {}),
      onEndSignal: (wanted) => {
        callback = wanted;
        return () => {
          callback = null;
        };
      },
      terminal: { ...world.terminal, ask: spec.ask ?? (() => new Promise(() => {})) },
      ...spec.world,
    };
    const voice = {
      warn: (text: string) => said.push(text),
      write: (text: string) => said.push(text),
      hide: () => {},
      mask: <T>(value: T) => value,
    };
    const context = contextOf(outside, {
      argv: [],
      globals: { ...FLAGS, ...spec.flags },
      voice,
    });
    const { advance } = world;
    await body({ context, said, options, advance, signal: (signal) => callback?.(signal) });
  });
}

const ANSWER = { timeoutMs: 1000 };

Deno.test("a warning is said once", async () => {
  await inContext({}, ({ context, said }) => {
    for (const text of ["a", "b", "a"]) context.warn(text);
    deepEqual(said, ["a", "b"]);
    return Promise.resolve();
  });
});

Deno.test("the config is read once, and the sessions are made once", async () => {
  await inContext({}, async ({ context }) => {
    equal(await context.config(), await context.config());
    equal(context.sessions(), context.sessions());
  });
});

Deno.test("--verbose shortens long words, and escapes what harms a terminal", async () => {
  await inContext({ flags: { verbose: true } }, async ({ context, said }) => {
    await context.world.exec(["tmux", "a\x1b[2J", "x".repeat(61), "y".repeat(60)], ANSWER);
    equal(said.length, 1);
    match(said[0]!, /^\+ tmux a\\x1b\[2J x{57}\.\.\. y{60} \(\d+\.\d ms, exit 0\)\n$/);
  });
});

Deno.test("a change keeps Ctrl-C from the engines, a mere look does not", async () => {
  await inContext({}, async ({ context, options }) => {
    await context.world.exec(["tmux"], ANSWER);
    await context.guarded().context.world.exec(["tmux"], ANSWER);
    deepEqual(options, [ANSWER, { ...ANSWER, detached: true }]);
  });
});

const STEPS: Record<string, (world: World) => Promise<unknown>> = {
  "a sleep": (world) => world.sleep(60_000),
  "a question": (world) => world.terminal.ask("Stop? "),
};

for (const [what, step] of Object.entries(STEPS)) {
  Deno.test(`a signal ends ${what} of a change`, async () => {
    await inContext({}, async ({ context, signal }) => {
      const working = step(context.guarded().context.world);
      // A question is asked only when the one before it was answered.
      await Promise.resolve();
      signal("SIGTERM");
      await rejects(working, (error) => {
        ok(error instanceof InterruptedError);
        equal(error.signal, "SIGTERM");
        return true;
      });
    });
  });
}

Deno.test("after a signal no step of a change begins", async () => {
  await inContext({}, async ({ context, signal, options }) => {
    const { world } = context.guarded().context;
    signal("SIGINT");
    await rejects(async () => await world.exec(["tmux"], ANSWER), InterruptedError);
    await rejects(world.sleep(1), InterruptedError);
    await rejects(world.terminal.ask("Stop? "), InterruptedError);
    deepEqual(options, []);
  });
});

Deno.test("after a signal what was made is taken back all the same", async () => {
  const done: (readonly string[])[] = [];
  const exec: World["exec"] = (argv) => {
    done.push(argv);
    return Promise.resolve({ code: 0, stdout: "", stderr: "" });
  };
  await inContext({ world: { exec } }, async ({ context, signal }) => {
    const { world } = context.guarded().context;
    signal("SIGTERM");
    await rejects(world.exec(["docker", "create"], ANSWER), InterruptedError);
    await world.exec(["docker", "rm"], { ...ANSWER, cleanUp: true });
    deepEqual(done, [["docker", "rm"]]);
  });
});

Deno.test("after a signal no further question is asked", async () => {
  const questions: string[] = [];
  const terminal: Partial<World["terminal"]> = {
    ask: (question) => {
      questions.push(question);
      return new Promise(() => {});
    },
  };
  const world = { terminal: terminal as World["terminal"] };
  await inContext({ world }, async ({ context, signal }) => {
    const { ask } = context.guarded().context.world.terminal;
    const outcomes = Promise.allSettled([ask("one?"), ask("two?")]);
    await Promise.resolve();
    signal("SIGINT");
    deepEqual((await outcomes).map(({ status }) => status), ["rejected", "rejected"]);
    deepEqual(questions, ["one?"]);
  });
});

Deno.test("all changes of a command hear the same signal", async () => {
  await inContext({}, async ({ context, signal }) => {
    const { world } = context.guarded().context;
    equal(context.guarded().context.world, world);
    signal("SIGTERM");
    await rejects(async () => await context.guarded().context.world.exec(["tmux"], ANSWER), {
      name: "InterruptedError",
    });
  });
});

Deno.test("after a change is done and released, signals are nobody's", async () => {
  await inContext({}, async ({ context, signal }) => {
    const { context: inner, release } = context.guarded();
    release();
    signal("SIGINT");
    await inner.world.exec(["tmux"], ANSWER);
  });
});

const ON_TERMINAL = { terminal: { stdin: true, stdout: true, stderr: true } };
const CLEARED = "\r\x1b[J";

Deno.test("work that takes long is shown, but not while a question is", async () => {
  const answers: ((answer: string) => void)[] = [];
  const ask = () => new Promise<string>((resolve) => answers.push(resolve));
  await inContext({ ...ON_TERMINAL, ask }, async ({ context, said, advance }) => {
    await context.during("stopping", async () => {
      advance(900);
      deepEqual(said, []);
      advance(100);
      deepEqual(said.splice(0), ["\ra\\x1b  stopping, 1 s\x1b[K\x1b[J"]);
      // Nothing is new.
      advance(900);
      deepEqual(said.splice(0), []);
      advance(100);
      deepEqual(said.splice(0), ["\ra\\x1b  stopping, 2 s\x1b[K\x1b[J"]);
      const question = context.world.terminal.ask("Stop b?");
      deepEqual(said.splice(0), [CLEARED]);
      advance(20_000);
      deepEqual(said.splice(0), []);
      answers[0]!("y");
      equal(await question, "y");
      advance(200);
      deepEqual(said.splice(0), ["\ra\\x1b  stopping, 22 s\x1b[K\x1b[J"]);
      context.warn("b is pulled first");
      deepEqual(said.splice(0), [CLEARED, "b is pulled first"]);
      advance(1000);
      equal(said.length, 2);
    }, { session: "a\x1b" });
    equal(said.at(-1), CLEARED);
    const before = said.length;
    advance(5000);
    equal(said.length, before);
  });
});

Deno.test("a line for each session is drawn in place, also in another size of the terminal", async () => {
  const terminal = { ...ON_TERMINAL.terminal, columns: 80, rows: 10 };
  await inContext({ terminal }, async ({ context, said, advance }) => {
    const ends: (() => void)[] = [];
    const works = ["a", "bee"].map((session) =>
      context.during("stopping", () => new Promise<void>((end) => ends.push(end)), { session })
    );
    advance(1000);
    deepEqual(said.splice(0), ["\ra    stopping, 1 s\x1b[K\r\nbee  stopping, 1 s\x1b[K\x1b[J"]);
    // The lines of 18 columns that were drawn take two rows each by now.
    Object.assign(terminal, { columns: 16 });
    advance(200);
    deepEqual(said.splice(0), [
      "\r\x1b[3Aa    stopping,~\x1b[K\r\nbee  stopping,~\x1b[K\x1b[J",
    ]);
    Object.assign(terminal, { rows: 2 });
    advance(200);
    deepEqual(said.splice(0), ["\r\x1b[1A2 sessions\x1b[K\x1b[J"]);
    ends[0]!();
    await works[0];
    advance(200);
    deepEqual(said.splice(0), ["\rbee  stopping,~\x1b[K\x1b[J"]);
    ends[1]!();
    await works[1];
    deepEqual(said, [CLEARED]);
  });
});

for (
  const [where, spec] of Object.entries({
    "in a pipe": {},
    "with --verbose": { ...ON_TERMINAL, flags: { verbose: true as const } },
    "with --json": { ...ON_TERMINAL, flags: { json: true as const } },
    "on a terminal that can only print": { ...ON_TERMINAL, env: { TERM: "dumb" } },
  })
) {
  Deno.test(`no progress is drawn ${where}`, async () => {
    await inContext(spec, async ({ context, said, advance }) => {
      await context.during("stopping", () => {
        advance(20_000);
        return Promise.resolve();
      });
      deepEqual(said, []);
    });
  });
}
