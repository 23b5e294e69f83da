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
}

/** A context in a world where programs do nothing, and whatever else takes for ever. */
async function inContext(
  spec: FakeWorldSpec & { readonly flags?: Partial<GlobalFlags>; readonly world?: Partial<World> },
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
      terminal: { ...world.terminal, ask: () => new Promise(() => {}) },
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
    await body({ context, said, options, signal: (signal) => callback?.(signal) });
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

/** Runs `body` while a second takes a millisecond. */
async function hurried(body: () => Promise<void>): Promise<void> {
  const { setTimeout, setInterval } = globalThis;
  type Handler = () => void;
  globalThis.setTimeout = ((work: Handler, ms = 0) => setTimeout(work, ms / 1000)) as never;
  globalThis.setInterval = ((work: Handler, ms = 0) => setInterval(work, ms / 100)) as never;
  try {
    await body();
  } finally {
    Object.assign(globalThis, { setTimeout, setInterval });
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 0));
}

const ON_TERMINAL = { terminal: { stdin: true, stdout: true, stderr: true } };

Deno.test("work that takes long gives a sign of life, which a question hides", async () => {
  const answers: ((answer: string) => void)[] = [];
  await hurried(() =>
    inContext({
      ...ON_TERMINAL,
      world: {
        terminal: {
          stderrIsTerminal: true,
          columns: () => 80,
          ask: () => new Promise((resolve) => answers.push(resolve)),
        } as Partial<World["terminal"]> as World["terminal"],
      },
    }, async ({ context, said }) => {
      await context.during("stopping a\x1b", async () => {
        await until(() => said.length > 2);
        ok(said.at(-1)!.startsWith("\r\x1b[2K"));
        match(said.at(-1)!, /[-\\|/] stopping a\\x1b$/);
        const question = context.world.terminal.ask("Stop b?");
        equal(said.at(-1), "\r\x1b[2K");
        const before = said.length;
        await new Promise((resolve) => setTimeout(resolve, 20_000));
        equal(said.length, before);
        answers[0]!("y");
        equal(await question, "y");
        await until(() => said.length > before);
        context.warn("b is pulled first");
        deepEqual(said.slice(-2), ["\r\x1b[2K", "b is pulled first"]);
      });
      equal(said.at(-1), "\r\x1b[2K");
    })
  );
});

Deno.test("a sign of life stays in one line of a narrow terminal", async () => {
  const narrow = { terminal: { ...ON_TERMINAL.terminal, columns: 20 } };
  await hurried(() =>
    inContext(narrow, async ({ context, said }) => {
      await context.during("stopping a-name-of-some-length", () => until(() => said.length > 2));
      // deno-lint-ignore no-control-regex
      for (const line of said) match(line, /^\r\x1b\[2K([-\\|/] stopping a-name-~)?$/);
    })
  );
});

for (
  const [where, spec] of Object.entries({
    "in a pipe": {},
    "with --verbose": { ...ON_TERMINAL, flags: { verbose: true as const } },
  })
) {
  Deno.test(`there is no sign of life ${where}`, async () => {
    await hurried(() =>
      inContext(spec, async ({ context, said }) => {
        await context.during(
          "stopping a",
          () => new Promise<void>((resolve) => setTimeout(resolve, 20_000)),
        );
        deepEqual(said, []);
      })
    );
  });
}
