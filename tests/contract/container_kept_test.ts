/** How much of the output of containers is kept, on real podman and docker. */
import { equal, ok } from "node:assert/strict";
import { ignoreWithoutEngines } from "../support/engines.ts";
import { LIMIT_MS } from "../support/limits.ts";
import { waitFor } from "../support/tmux.ts";
import { type ContainerSetup, containerTest, withContainers } from "./container_setup.ts";
import { existing, find, printed, sh, unique } from "./suite.ts";

const AS_DEFINED = { timeoutSeconds: null, force: false };

/** Little, so that a test need not print much. */
const LOG = { capture: true, maxBytes: 100 * 1024, keep: 5 };
const PROMISED_BYTES = LOG.maxBytes * LOG.keep;

/** Bytes as a terminal gets them: two end a line. */
const rawBytes = (text: string): number => text.replaceAll("\n", "\r\n").length;

/** Starts one that prints something, and waits until it has printed all of it. */
async function printing(
  t: ContainerSetup,
  script: string,
  last: string,
): Promise<string> {
  const { runner, define } = t;
  const name = unique("kept");
  const argv = sh(`${script}; exec sleep 600`);
  await runner.start(define({ name, argv, log: LOG, stopTimeoutSeconds: 1 }), { waitMs: 0 });
  await waitFor(
    async () => {
      return (await printed(await existing(runner, name), 1)) === `${last}\n`;
    },
    "its last line",
    { timeoutMs: LIMIT_MS },
  );
  return name;
}

/** What the log store has of the newest run. */
async function saved({ logs }: ContainerSetup, name: string): Promise<string> {
  const output = (await logs.outputs(name)).at(-1) ?? "";
  return new TextDecoder().decode(await logs.read(output, { lines: Infinity }));
}

/** Makes sure that these are the last lines of `seq 1 LAST`, and how much. */
function areLast(text: string, last: number): void {
  const lines = text.trimEnd().split("\n");
  const first = Number(lines[0]);
  equal(lines.length, last - first + 1);
  equal(lines.join(), Array.from(lines, (_, index) => String(first + index)).join());
  ok(first === 1 || rawBytes(text) > PROMISED_BYTES - 16, `${rawBytes(text)} bytes are kept`);
}

for (const last of [50_000, 400_000]) {
  containerTest(`of ${last} numbers as many are kept as is promised`, async (t) => {
    const name = await printing(t, `seq 1 ${last}`, String(last));
    const session = await existing(t.runner, name);
    areLast(await printed(session), last);
    await session.stop(AS_DEFINED);
    equal(await find(t.runner, name), null);
    areLast(await saved(t, name), last);
    equal((await t.logs.outputs(name)).length, 1);
  });
}

containerTest("of empty lines as many are kept as is promised", async (t) => {
  const lines = Math.ceil(PROMISED_BYTES / 2) + 5000;
  const name = await printing(t, `yes '' | head -n ${lines}; echo end`, "end");
  const session = await existing(t.runner, name);
  ok(rawBytes(await printed(session)) >= PROMISED_BYTES);
  await session.stop(AS_DEFINED);
  ok(rawBytes(await saved(t, name)) >= PROMISED_BYTES - 2);
});

containerTest("what two streams print is kept as is promised, times left out", async (t) => {
  const { runner, define } = t;
  const name = unique("two");
  const last = 150_000;
  const argv = sh(`seq 1 ${last}; exec sleep 600`);
  const definition = define({
    name,
    argv,
    log: LOG,
    runArgs: ["--tty=false"],
    stopTimeoutSeconds: 1,
  });
  await runner.start(definition, { waitMs: 0 });
  await waitFor(
    async () => {
      return (await printed(await existing(runner, name), 1)) === `${last}\n`;
    },
    "its last line",
    { timeoutMs: LIMIT_MS },
  );
  await (await existing(runner, name)).stop(AS_DEFINED);
  const lines = (await saved(t, name)).trimEnd().split("\n");
  const first = Number(lines[0]);
  equal(lines.at(-1), String(last));
  equal(lines.length, last - first + 1);
  ok(`${lines.join("\n")}\n`.length > PROMISED_BYTES - 16);
});

containerTest("a log that is looked at stays within bounds, and no line is lost", async (t) => {
  const { runner, define, directory, world, runtime } = t;
  const name = unique("bounds");
  const [rounds, each] = [6, 20_000];
  const script =
    `for n in $(seq 1 ${rounds}); do seq $((n * ${each} - ${each} + 1)) $((n * ${each}));` +
    ` while [ ! -e ${directory}/${name}-$n ]; do sleep 0.1; done; done; exec sleep 600`;
  await runner.start(define({ name, argv: sh(script), log: LOG, stopTimeoutSeconds: 1 }), {
    waitMs: 0,
  });
  for (let round = 1; round <= rounds; round++) {
    const last = round * each;
    // Each of these is a look at it, while it prints.
    await waitFor(
      async () => {
        return (await printed(await existing(runner, name), 1)) === `${last}\n`;
      },
      `round ${round}`,
      { timeoutMs: LIMIT_MS },
    );
    areLast(await printed(await existing(runner, name)), last);
    await world.files.create(`${directory}/${name}-${round}`);
  }
  if (runtime === "podman") {
    const path = await t.client("inspect", "--format", "{{.HostConfig.LogConfig.Path}}", name);
    const slash = path.lastIndexOf("/");
    const files = (await world.files.list(path.slice(0, slash))).filter((each) =>
      each.startsWith(path.slice(slash + 1))
    );
    const facts = await Promise.all(
      files.map((each) => world.files.facts(`${path.slice(0, slash)}/${each}`)),
    );
    const bytes = facts.reduce((sum, each) => sum + (each?.bytes ?? 0), 0);
    // Of lines this short, podman's file is eight times as long as they are.
    ok(files.length > 1 && bytes < 12 * PROMISED_BYTES, `${files.join(" ")}: ${bytes}`);
  }
  await (await existing(runner, name)).stop(AS_DEFINED);
  areLast(await saved(t, name), rounds * each);
});

/** docker shows no line before it is whole. */
Deno.test({
  name: "podman: a line whose beginning is no longer kept is not shown as a whole one",
  ignore: ignoreWithoutEngines(),
  fn: () => withContainers("podman", halves),
});

async function halves(t: ContainerSetup): Promise<void> {
  const { runner, define, directory, world } = t;
  const name = unique("halves");
  const script =
    `for n in 1 2; do seq 80000; printf "half $n"; while [ ! -e ${directory}/${name}-$n ]; do` +
    ` sleep 0.1; done; echo " and half"; done; exec sleep 600`;
  await runner.start(define({ name, argv: sh(script), log: LOG, stopTimeoutSeconds: 1 }), {
    waitMs: 0,
  });
  for (const round of [1, 2]) {
    await waitFor(
      async () => (await printed(await existing(runner, name), 1)) === `half ${round}\n`,
      `half ${round}`,
      { timeoutMs: LIMIT_MS },
    );
    const first = (await printed(await existing(runner, name))).split("\n", 1)[0] ?? "";
    ok(/^(\d+|half 1 and half)$/.test(first), first);
    await world.files.create(`${directory}/${name}-${round}`);
  }
  const session = await existing(runner, name);
  await waitFor(
    async () => (await printed(session, 1)) === "half 2 and half\n",
    "the other half",
    { timeoutMs: LIMIT_MS },
  );
  await session.stop(AS_DEFINED);
}
