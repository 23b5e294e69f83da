import { deepEqual, equal, rejects } from "node:assert/strict";
import { patiently } from "../../../src/backends/patience.ts";
import { ExecTimeoutError } from "../../../src/world/world.ts";
import { withFakeWorld } from "../../support/fake_world.ts";

/** Lets what was promised come about. */
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

interface Waited {
  /** Moves the clock, and lets answers come. */
  readonly pass: (ms: number) => Promise<void>;
  /** Ends the work. */
  readonly finish: () => void;
  readonly work: Promise<string>;
  readonly said: readonly string[];
}

/** Waits 10 s at most for an engine that answers pings as told. */
async function waiting(
  ping: ((abort: AbortSignal) => Promise<boolean>) | undefined,
  body: (waited: Waited) => Promise<void>,
): Promise<void> {
  await withFakeWorld({}, async (world) => {
    const said: string[] = [];
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const work = patiently(world, {
      engine: "docker",
      limitMs: () => Promise.resolve(10_000),
      say: (text) => {
        if (!said.includes(text)) said.push(text);
      },
      ...(ping === undefined ? {} : { ping }),
    }, (abort) => {
      abort.addEventListener("abort", () => reject(abort.reason));
      return promise;
    });
    work.catch(() => {});
    await turn();
    const pass = async (ms: number): Promise<void> => {
      for (let left = ms; left > 0; left -= 250) {
        world.advance(250);
        await turn();
      }
    };
    await body({ pass, finish: () => resolve("done"), work, said });
  });
}

const NEVER = () => new Promise<boolean>(() => {});

for (
  const [what, ping] of Object.entries({
    "answers nothing": NEVER,
    "refuses to be asked": () => Promise.resolve(false),
    "is asked what is a question itself": undefined,
  })
) {
  Deno.test(`an engine that ${what} is given up when the time is over`, () =>
    waiting(ping, async ({ pass, work, said }) => {
      await pass(2750);
      deepEqual(said, []);
      await pass(7000);
      deepEqual(said, ["docker does not answer yet: kstops waits up to 10 s for it"]);
      await pass(250);
      await rejects(work, new ExecTimeoutError("docker", 10_000));
    }));
}

Deno.test("an engine at work is waited for, and nothing is said of it", async () => {
  let asked = 0;
  await waiting(() => {
    asked++;
    return Promise.resolve(true);
  }, async ({ pass, finish, work, said }) => {
    await pass(60_000);
    finish();
    equal(await work, "done");
    deepEqual(said, []);
    // After two silent seconds each.
    equal(asked, 30);
  });
});

Deno.test("an engine that falls silent later has all of its time from then on", async () => {
  let asked = 0;
  await waiting(() => ++asked <= 2 ? Promise.resolve(true) : NEVER(), async ({ pass, work }) => {
    await pass(4000 + 9750);
    await pass(250);
    await rejects(work, ExecTimeoutError);
    equal(asked, 3);
  });
});

Deno.test("one that cannot be asked any more, as after Ctrl-C, is not given up", () =>
  waiting(() => Promise.reject(new Error("interrupted")), async ({ pass, finish, work }) => {
    await pass(30_000);
    finish();
    equal(await work, "done");
  }));
