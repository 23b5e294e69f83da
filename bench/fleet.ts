/** Many sessions at once: against one, against the engines' own calls, and against other programs. */
import { defaultSettings } from "../src/keys/file_keys.ts";
import { type Runtime, RUNTIMES } from "../src/model.ts";
import { makeSandbox, type Sandbox } from "../tests/support/tmux.ts";
import { type Engines, startEngines, type Surroundings } from "./containers.ts";
import { run, type Step } from "./measure.ts";
import type { Programs } from "./programs.ts";
import { type Rival, rivals } from "./rivals.ts";
import { stepIn } from "./sandboxes.ts";
import type { Subject } from "./subject.ts";

/** What measuring a fleet needs besides the programs. */
interface FleetSurroundings extends Surroundings {
  /** For scratch files. */
  readonly directory: string;
  /** Whether there are to be 500 sessions, too. */
  readonly isLarge: boolean;
}

const SIZES = [1, 50, 200];
const LARGE = 500;
const CONTAINERS = 20;
/** As many as other programs look after. */
const BESIDE_RIVALS = 50;
/** How many `run -d` go side by side: more at once are no faster on two cores. */
const SIDE_BY_SIDE = 4;
/** A command's target: so many times the engine's own calls. */
const AT_MOST = 1.3;

/**
 * Gives the subjects, in groups: each has to be measured before the next one is asked for.
 *
 * @throws {ProgramError} when podman or docker cannot be brought up
 */
export async function* fleetSubjects(
  { kstops }: Programs,
  surroundings: FleetSurroundings,
): AsyncGenerator<readonly Subject[]> {
  const { made, clearings, say, directory, isLarge } = surroundings;
  const sandbox = await makeSandbox();
  made.push(sandbox);
  for (const size of [...SIZES, ...isLarge ? [LARGE] : []]) {
    yield ofSessions(kstops, sandbox, size);
  }
  yield ofLayers(kstops, sandbox);
  const others = await rivals({ sandbox, directory, clearings, say, programs: BESIDE_RIVALS });
  yield againstRivals(kstops, sandbox, others);
  yield besideRunning(kstops, sandbox, others);
  clearAll(kstops, sandbox, others);
  say("bench: starting podman and docker");
  const engines = await startEngines({ made, clearings });
  for (const runtime of RUNTIMES) yield ofContainers(kstops, { engines, runtime });
}

/** Commands on all sessions of a config. */
interface Fleet {
  readonly start: Step;
  readonly startAtOnce: Step;
  readonly stop: Step;
  readonly end: Step;
}

function fleetIn(
  kstops: string,
  sandbox: Sandbox,
  { file, entry, size }: { readonly file: string; readonly entry: string; readonly size: number },
): Fleet {
  const config = `${sandbox.directory}/${file}.yml`;
  const lines = namesOf(size).map((name) => `    ${name}: ${entry}\n`);
  Deno.writeTextFileSync(config, `ops:\n  sessions:\n${lines.join("")}`);
  const call = (...words: readonly string[]): Step =>
    stepIn(sandbox, [kstops, ...words, "--all", "--quiet", "--config", config]);
  return {
    start: call("start"),
    startAtOnce: call("start", "--no-wait"),
    stop: call("stop"),
    end: call("stop", "--force"),
  };
}

function namesOf(size: number): readonly string[] {
  return Array.from({ length: size }, (_, index) => `session${index + 1}`);
}

function sessionsIn(kstops: string, sandbox: Sandbox, size: number): Fleet {
  return fleetIn(kstops, sandbox, { file: `tmux${size}`, entry: "{ command: sleep 3600 }", size });
}

const ONLY_TIME = { children: null, onlyTime: true, slow: true } as const;

function ofSessions(kstops: string, sandbox: Sandbox, size: number): Subject[] {
  const one = sessionsIn(kstops, sandbox, 1);
  const all = sessionsIn(kstops, sandbox, size);
  const started = (fleet: Fleet): Step => ({ ...fleet.start, after: [fleet.end] });
  const stopped = (fleet: Fleet): Step => ({ ...fleet.stop, before: [fleet.startAtOnce] });
  const sessions = size === 1 ? "1 session" : `${size} sessions`;
  return [
    {
      ...ONLY_TIME,
      command: `\`start --all\`, ${sessions}`,
      step: started(all),
      against: [{ what: "`start --all`, 1 session", step: started(one) }],
    },
    {
      ...ONLY_TIME,
      command: `\`stop --all\`, ${sessions}`,
      step: stopped(all),
      against: [{ what: "`stop --all`, 1 session", step: stopped(one) }],
    },
  ];
}

/**
 * How many sessions come up behind each other, how long each is watched and then takes to be ready,
 * and how many there are.
 */
const LAYERS = { deep: 6, startWaitMs: 100, readyMs: 500, sessions: 50 };
/** `up` takes at most so many times the longest path. */
const LONGEST_PATH = 2;

/** Sessions that need each other: each layer takes a while to be ready. */
function ofLayers(kstops: string, sandbox: Sandbox): Subject[] {
  const { deep, startWaitMs, readyMs, sessions } = LAYERS;
  const path = deep * (startWaitMs + readyMs) / 1000;
  const config = `${sandbox.directory}/layers.yml`;
  const lines = namesOf(sessions).map((name, index) => {
    const needs = index < deep * Math.floor(sessions / deep) && index % deep > 0
      ? `, depends_on: { session${index}: ready }`
      : "";
    return `    ${name}: { command: sleep 3600, ready: { delay: ${readyMs}ms }${needs} }\n`;
  });
  Deno.writeTextFileSync(
    config,
    `ops:\n  start_wait: ${startWaitMs}\n  sessions:\n${lines.join("")}`,
  );
  const call = (...words: readonly string[]): Step =>
    stepIn(sandbox, [kstops, ...words, "--config", config]);
  return [{
    ...ONLY_TIME,
    command: `\`up\`, ${sessions} sessions in ${deep} layers`,
    step: { ...call("up", "--quiet"), after: [call("down", "--quiet", "--force")] },
    against: [{
      what: `the longest path, \`sleep ${path}\``,
      step: stepIn(sandbox, ["sleep", String(path)]),
      atMost: LONGEST_PATH,
    }],
  }];
}

/** All started, and all stopped, by other programs. */
function againstRivals(kstops: string, sandbox: Sandbox, others: readonly Rival[]): Subject[] {
  const all = sessionsIn(kstops, sandbox, BESIDE_RIVALS);
  if (others.length === 0) return [];
  return [
    {
      ...ONLY_TIME,
      command: `\`start --all\`, ${BESIDE_RIVALS} sessions`,
      step: { ...all.start, after: [all.end] },
      against: others.map(({ startAll, stopAll }) => ({
        what: startAll.what,
        step: { ...startAll.step, after: [stopAll.step] },
      })),
    },
    {
      ...ONLY_TIME,
      command: `\`stop --all\`, ${BESIDE_RIVALS} sessions`,
      step: { ...all.stop, before: [all.start] },
      against: others.map(({ startAll, stopAll }) => ({
        what: stopAll.what,
        step: { ...stopAll.step, before: [startAll.step] },
      })),
    },
  ];
}

/** One is restarted, and all are shown, while they run. */
function besideRunning(kstops: string, sandbox: Sandbox, others: readonly Rival[]): Subject[] {
  if (others.length === 0) return [];
  run(sessionsIn(kstops, sandbox, BESIDE_RIVALS).start);
  for (const { startAll } of others) run(startAll.step);
  const config = ["--config", `${sandbox.directory}/tmux${BESIDE_RIVALS}.yml`];
  return [
    {
      ...ONLY_TIME,
      command: `\`restart NAME\`, ${BESIDE_RIVALS} sessions`,
      step: stepIn(sandbox, [kstops, "restart", "session1", "--quiet", ...config]),
      against: others.map(({ restartOne }) => restartOne),
    },
    {
      ...ONLY_TIME,
      command: `\`list\`, ${BESIDE_RIVALS} sessions`,
      step: stepIn(sandbox, [kstops, "list", ...config]),
      against: others.map(({ showAll }) => showAll),
    },
  ];
}

function clearAll(kstops: string, sandbox: Sandbox, others: readonly Rival[]): void {
  if (others.length === 0) return;
  run(sessionsIn(kstops, sandbox, BESIDE_RIVALS).end);
  for (const { stopAll } of others) run(stopAll.step);
}

function ofContainers(
  kstops: string,
  { engines, runtime }: { readonly engines: Engines; readonly runtime: Runtime },
): Subject[] {
  const sandbox = engines[runtime];
  const names = namesOf(CONTAINERS);
  const entry = `{ backend: container, image: "${engines.image}", command: sleep 3600 }`;
  const all = fleetIn(kstops, sandbox, { file: "containers", entry, size: CONTAINERS });
  const runOne = `${runtime} run -d -i -t --init --name {} ${engines.image} sleep 3600`;
  const rawRun = stepIn(sandbox, [
    ...["sh", "-c", `printf '%s\\n' "$@" | xargs -P ${SIDE_BY_SIDE} -I{} ${runOne}`, "sh"],
    ...names,
  ]);
  const time = runtime === "podman" ? ["--time", "0"] : [];
  const remove = stepIn(sandbox, [runtime, "rm", "--force", ...time, ...names]);
  return [
    {
      ...ONLY_TIME,
      command: `\`start --all\`, less its wait, ${CONTAINERS} containers on ${runtime}`,
      step: { ...all.start, after: [remove] },
      against: [{
        what: `\`${runtime} run -d\`, ${SIDE_BY_SIDE} at a time`,
        step: { ...rawRun, after: [remove] },
        atMost: AT_MOST,
      }],
      waitMs: defaultSettings().startWaitMs,
    },
    {
      ...ONLY_TIME,
      command: `\`stop --all\`, ${CONTAINERS} containers on ${runtime}`,
      step: { ...all.stop, before: [all.startAtOnce] },
      against: [{
        what: `\`${runtime} stop\` and \`rm\` of all`,
        step: {
          ...stepIn(sandbox, [runtime, "stop", ...names], [runtime, "rm", ...names]),
          before: [rawRun],
        },
        atMost: AT_MOST,
      }],
    },
  ];
}
