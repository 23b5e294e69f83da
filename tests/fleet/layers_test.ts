/** Fifty sessions that need each other, in six layers and on several engines. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { aloneOnEngines, engineVariables, ignoreWithoutEngines } from "../support/engines.ts";
import { clearSandbox, ignoreWithoutTmux } from "../support/tmux.ts";
import { makeSubject, parseSaid, type Said, type Subject } from "./subject.ts";

const IMAGE = engineVariables()?.["KSTOPS_TEST_IMAGE"] ?? "";
/** So long the database takes to be ready. */
const SLOW_SECONDS = 3;
/** When the first `up` is killed: somewhere in the middle. */
const KILLED_MS = 4500;

interface Entry {
  readonly needs: Readonly<Record<string, "started" | "ready" | "completed">>;
  /** What it does before it says that it is up. */
  readonly first?: string;
  readonly isTask?: boolean;
  readonly runtime?: "podman" | "docker";
}

/** `api1`, `api2`, ... with what each needs. */
function several(
  name: string,
  count: number,
  needs: (index: number) => Entry["needs"],
  runtimeOf: (index: number) => Entry["runtime"] = () => undefined,
): readonly [string, Entry][] {
  return Array.from({ length: count }, (_, index): [string, Entry] => {
    const runtime = runtimeOf(index);
    return [`${name}${index + 1}`, { needs: needs(index), ...runtime ? { runtime } : {} }];
  });
}

const ENTRIES: ReadonlyMap<string, Entry> = new Map<string, Entry>([
  ["db", { needs: {}, first: `sleep ${SLOW_SECONDS}` }],
  ["cache", { needs: {}, runtime: "podman" }],
  ["migrate", { needs: { db: "ready", cache: "ready" }, isTask: true }],
  ...several("api", 10, () => ({ migrate: "completed" })),
  ...several("worker", 12, (index) => ({ [`api${index % 10 + 1}`]: "ready", cache: "ready" })),
  ...several(
    "web",
    12,
    (index) => ({ [`worker${index + 1}`]: "ready" }),
    (index) => index < 2 ? "podman" : index < 4 ? "docker" : undefined,
  ),
  ...several("edge", 10, (index) => ({ [`web${index + 1}`]: "ready", [`web11`]: "started" })),
  ["never", { needs: {}, first: "until [ -e go ]; do sleep 0.2; done" }],
  ["behind1", { needs: { never: "ready" } }],
  ["behind2", { needs: { behind1: "started" } }],
]);
const STUCK = ["never", "behind1", "behind2"];

async function writeConfig({ sandbox: { work } }: Subject): Promise<void> {
  const sessions = Object.fromEntries(
    Array.from(ENTRIES, ([name, { needs, first = "true", isTask, runtime }]) => {
      const script = `${first}; echo ${name} >> order; echo up${isTask ? "" : "; exec sleep 3600"}`;
      return [name, {
        command: ["sh", "-c", runtime ? `cd ${work} && ${script}` : script],
        depends_on: needs,
        ...isTask ? { oneshot: true } : {
          ready: { log: "^up", timeout: name === "never" ? "2s" : "300s" },
        },
        ...runtime ? { backend: "container", runtime, image: IMAGE } : {},
        ...runtime ? { volumes: [`${work}:${work}`], stop_signal: "SIGKILL" } : {},
      }];
    }),
  );
  // JSON is YAML.
  const text = JSON.stringify({ ops: { start_wait: 100, sessions } });
  await Deno.writeTextFile(`${work}/kstops.yml`, text);
}

/** The names in the order in which their programs said that they are up. */
function order({ sandbox: { work } }: Subject): readonly string[] {
  return Deno.readTextFileSync(`${work}/order`).trim().split("\n");
}

async function seen({ kstops }: Subject): Promise<ReadonlyMap<string, Said>> {
  const { stdout } = await kstops(["list", "--json"]);
  return new Map(parseSaid(stdout).map((each) => [each.name, each]));
}

function pids(sessions: ReadonlyMap<string, Said>): readonly string[] {
  return Array.from(sessions, ([name, { state, pid }]) => `${name} ${state} ${pid}`).toSorted();
}

Deno.test({
  name: "fifty sessions in six layers come up in their order, whatever happens on the way",
  ignore: Deno.build.os !== "linux" || ignoreWithoutTmux() || ignoreWithoutEngines(),
  fn: () =>
    aloneOnEngines(async () => {
      const subject = await makeSubject({ containers: true });
      const { kstops, sandbox } = subject;
      try {
        await writeConfig(subject);
        equal(ENTRIES.size, 50);
        // Killed in the middle: the next one goes on from the truth.
        await kstops(["up"], { killAfterMs: KILLED_MS });
        const first = await kstops(["up", "--json"]);
        equal(first.code, 7, first.stderr);
        const came = order(subject);
        deepEqual(
          came.toSorted(),
          [...ENTRIES.keys()].filter((each) => !STUCK.includes(each)).toSorted(),
        );
        for (const [name, { needs }] of ENTRIES) {
          if (STUCK.includes(name)) continue;
          for (const [needed, condition] of Object.entries(needs)) {
            const isInOrder = came.indexOf(needed) < came.indexOf(name);
            ok(condition === "started" || isInOrder, `${name} came before ${needed}: ${came}`);
          }
        }
        // Again: nothing is begun that is there, and nothing behind what does not come up.
        const before = await seen(subject);
        const states = STUCK.map((name) => before.get(name)?.state);
        deepEqual(states, ["running", "defined", "defined"]);
        equal((await kstops(["up"])).code, 7);
        deepEqual(pids(await seen(subject)), pids(before));
        deepEqual(order(subject), came);
        // What held them up is over: only what is left is done.
        await Deno.writeTextFile(`${sandbox.work}/go`, "");
        const last = await kstops(["up", "--json"]);
        equal(last.code, 0, last.stderr);
        const done = JSON.parse(last.stdout).filter(({ result }: { result: string }) =>
          result === "done"
        );
        deepEqual(done.map(({ name }: { name: string }) => name), ["behind1", "behind2"]);
        equal((await kstops(["plan", "--exit-code"])).code, 0);
        const down = await kstops(["down", "--json"]);
        equal(down.code, 0, down.stderr);
        for (const [name, { state }] of await seen(subject)) equal(state, "defined", name);
      } finally {
        await kstops(["stop", "--all", "--yes", "--force"]);
        await clearSandbox(sandbox, { graceMs: 0 });
      }
    }),
});
