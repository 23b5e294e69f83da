import { deepEqual, equal, match } from "node:assert/strict";
import type { ExpectedCall } from "../../../support/fake_world.ts";
import { failure } from "../../../support/failure.ts";
import { dialled, idOf, inspectAnswer, type Inspected, labelsOf } from "./containers.ts";
import { ONLY_DOCKER, withRunner } from "./machine.ts";

const AS_DEFINED = { timeoutSeconds: null, force: false };
const FINISHED = "2026-01-02T03:04:06Z";
const ENDED: Inspected = { status: "exited", exitCode: 143, finished: FINISHED };

const NAMES = ["astro", "bot", "cron"] as const;
type Name = typeof NAMES[number];
const ID: Readonly<Record<Name, string>> = { astro: idOf("a"), bot: idOf("b"), cron: idOf("c") };

const each = (as: Inspected = {}, names: readonly Name[] = NAMES): readonly Inspected[] =>
  names.map((name) => ({
    ...{ name, id: ID[name], labels: labelsOf(name, { runId: ID[name].slice(0, 12) }) },
    ...as,
  }));

/** A call about some of them. */
function call(
  words: readonly (string | RegExp)[],
  names: readonly Name[] = NAMES,
  answer: Partial<ExpectedCall> = {},
): ExpectedCall {
  return { argv: ["docker", ...words, "--", ...names.map((name) => ID[name])], ...answer };
}

const looks = (as: Inspected = {}, names: readonly Name[] = NAMES): ExpectedCall =>
  call(["container", "inspect"], names, { stdout: inspectAnswer(...each(as, names)) });
const stops = (names: readonly Name[] = NAMES, answer: Partial<ExpectedCall> = {}): ExpectedCall =>
  call(["stop", "-t", "10"], names, { stdout: idsOf(...names), ...answer });
const saves = (name: Name): ExpectedCall => call(["logs", "--tail", /^\d+$/], [name]);
const removes = (names: readonly Name[] = NAMES): ExpectedCall =>
  call(["rm"], names, { stdout: idsOf(...names) });
const idsOf = (...names: readonly Name[]): string => names.map((name) => `${ID[name]}\n`).join("");

/** Stops all of them at once, with exactly these calls in any order; what came of each. */
async function stopAll(...calls: readonly ExpectedCall[]): Promise<readonly string[]> {
  let outcomes: readonly string[] = [];
  const spec = { ...ONLY_DOCKER, calls: [dialled(...each()), ...calls], anyOrder: true };
  await withRunner(spec, async ({ runner }) => {
    const sessions = (await runner.survey({})).flatMap((survey) => survey.sessions);
    deepEqual(sessions.map(({ status }) => status.name), NAMES);
    outcomes = await Promise.all(sessions.map(async (session) => {
      const stop = session.stop(AS_DEFINED);
      return await stop.then(({ state }) => state, async () => (await failure(stop)).message);
    }));
  });
  return outcomes;
}

Deno.test("several are looked at, stopped and removed by one client each", async () => {
  const saved = NAMES.map(saves);
  const outcomes = await stopAll(looks(), stops(), looks(ENDED), ...saved, removes());
  deepEqual(outcomes, ["stopped", "stopped", "stopped"]);
});

Deno.test("each hears what the client says of it alone", async () => {
  const [astro, bot, cron] = await stopAll(
    looks(),
    stops(NAMES, {
      code: 1,
      // What docker 28 says of its flag is about nobody.
      stdout: `Flag --time has been deprecated\n${idsOf("astro", "cron")}`,
      stderr: `Error response from daemon: cannot stop container: ${ID.bot}: tried to kill it\n`,
    }),
    call(["container", "inspect"], NAMES, {
      stdout: inspectAnswer(
        ...each(ENDED, ["astro"]),
        ...each({}, ["bot"]),
        ...each(ENDED, ["cron"]),
      ),
    }),
    saves("astro"),
    saves("cron"),
    removes(["astro", "cron"]),
  );
  deepEqual([astro, cron], ["stopped", "stopped"]);
  match(bot ?? "", /tried to kill it/);
});

Deno.test("one of which the client says nothing is told to a client of its own", async () => {
  const outcomes = await stopAll(
    looks(),
    stops(NAMES, { code: 1, stdout: idsOf("astro"), stderr: "Error: something else\n" }),
    stops(["bot"]),
    stops(["cron"]),
    looks(ENDED),
    ...NAMES.map(saves),
    removes(),
  );
  deepEqual(outcomes, ["stopped", "stopped", "stopped"]);
});

Deno.test("one that cannot be read is looked at alone, and the others are stopped", async () => {
  const garbled = { stdout: "no JSON" };
  const [astro, bot, cron] = await stopAll(
    call(["container", "inspect"], NAMES, garbled),
    looks({}, ["astro"]),
    call(["container", "inspect"], ["bot"], garbled),
    looks({}, ["cron"]),
    stops(["astro", "cron"]),
    looks(ENDED, ["astro", "cron"]),
    saves("astro"),
    saves("cron"),
    removes(["astro", "cron"]),
  );
  deepEqual([astro, cron], ["stopped", "stopped"]);
  match(bot ?? "", /^Cannot ask docker/);
});

Deno.test("a daemon that is gone is asked once for all of them", async () => {
  const stderr =
    "Cannot connect to the Docker daemon at unix:///s. Is the docker daemon running?\n";
  const outcomes = await stopAll(call(["container", "inspect"], NAMES, { code: 1, stderr }));
  equal(new Set(outcomes).size, 1);
  match(outcomes[0] ?? "", /^Cannot ask docker/);
});
