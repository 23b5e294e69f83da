/** Commands on containers, compared with the calls of podman and docker that they consist of. */
import { defaultSettings } from "../src/keys/file_keys.ts";
import { type Runtime, RUNTIMES } from "../src/model.ts";
import { startDaemon } from "../tests/support/daemon.ts";
import { makeSandbox, type Sandbox, waitFor } from "../tests/support/tmux.ts";
import { run, type Step } from "./measure.ts";
import { ProgramError, type Programs } from "./programs.ts";
import { fill as fillWithSessions, stepIn } from "./sandboxes.ts";
import type { Subject } from "./subject.ts";

/** What measuring containers needs besides the programs. */
export interface Surroundings {
  readonly made: Sandbox[];
  readonly clearings: (() => Promise<void>)[];
  readonly say: (text: string) => void;
}

/** The target of a command: so many times its slowest call and an empty program. */
const LIST_AT_MOST = 1.3;
const PROGRAM = ["sleep", "3600"];
const FEW = 1;
const MANY = 50;
const MOST = 100;
/** Tmux sessions beside them. */
const BESIDE = 200;

/** Private engines, and in each of these sandboxes the clients in its name. */
export interface Engines {
  readonly image: string;
  readonly podman: Sandbox;
  readonly docker: Sandbox;
  readonly both: Sandbox;
  /** The same with tmux sessions beside the containers. */
  readonly crowded: Sandbox;
}

/**
 * Starts engines and yields the subjects in groups: each group must be measured before the next one
 * is requested, since more containers are started then.
 *
 * @throws {ProgramError} when podman or docker cannot be started
 */
export async function* containerSubjects(
  programs: Programs,
  { made, clearings, say }: Surroundings,
): AsyncGenerator<readonly Subject[]> {
  say("bench: starting podman and docker");
  const engines = await startEngines({ made, clearings });
  for (const runtime of RUNTIMES) yield changing(programs, { engines, runtime });
  fill(engines, { from: 0, to: FEW });
  yield lists(programs, { engines, count: FEW });
  say(`bench: starting containers (${MANY} on each)`);
  fill(engines, { from: FEW, to: MANY });
  yield lists(programs, { engines, count: MANY });
  say(`bench: starting sessions (${BESIDE}, beside the containers)`);
  await fillWithSessions(programs.kstops, engines.crowded, { sessions: BESIDE, sockets: 1 });
  yield [everything(programs, engines)];
  say(`bench: starting containers (${MOST} on each)`);
  fill(engines, { from: MANY, to: MOST });
  yield lists(programs, { engines, count: MOST });
  for (const runtime of RUNTIMES) yield await lookingUp(programs, { engines, runtime });
}

/**
 * Starts engines that are gone when everything is cleared up.
 *
 * @throws {ProgramError} when podman or docker cannot be brought up
 */
export async function startEngines(
  { made, clearings }: Omit<Surroundings, "say">,
): Promise<Engines> {
  const daemon = await startDaemon().catch((error) => {
    throw new ProgramError(`podman and docker cannot be brought up: ${error.message}`);
  });
  clearings.push(daemon.remove);
  const { TMUX_TMPDIR: _, KSTOPS_TEST_IMAGE: image = "", ...leading } = daemon.env;
  const sandboxWith = async (...runtimes: readonly Runtime[]): Promise<Sandbox> => {
    const sandbox = await makeSandbox();
    made.push(sandbox);
    const bin = `${sandbox.directory}/bin`;
    await Deno.mkdir(bin);
    for (const runtime of runtimes) await Deno.symlink(await pathOf(runtime), `${bin}/${runtime}`);
    return {
      ...sandbox,
      env: { ...sandbox.env, ...leading, PATH: `${bin}:${sandbox.env["PATH"]}` },
    };
  };
  return {
    image,
    podman: await sandboxWith("podman"),
    docker: await sandboxWith("docker"),
    both: await sandboxWith("podman", "docker"),
    crowded: await sandboxWith("podman", "docker"),
  };
}

async function pathOf(program: string): Promise<string> {
  const argv = ["-c", `command -v ${program}`];
  const { stdout } = await new Deno.Command("sh", { args: argv }).output();
  return new TextDecoder().decode(stdout).trim();
}

function fill(
  engines: Engines,
  { from, to }: { readonly from: number; readonly to: number },
): void {
  for (const runtime of RUNTIMES) {
    for (let n = from; n < to; n++) {
      run(runIn(engines, runtime, `session${n + 1}`));
    }
  }
}

/** A container without kstops, with the settings that kstops uses. */
function runIn(engines: Engines, runtime: Runtime, name: string): Step {
  const argv = [runtime, "run", "-d", "-i", "-t", "--init", "--name", name];
  return stepIn(engines[runtime], [...argv, engines.image, ...PROGRAM]);
}

const PODMAN_LIST = ["podman", "ps", "--all", "--no-trunc", "--format", "json"];

function lists(
  { kstops, empty }: Programs,
  { engines, count }: { readonly engines: Engines; readonly count: number },
): Subject[] {
  const containers = count === 1 ? "1 container" : `${count} containers`;
  // podman's list tells everything about each container. docker's own list does not: everything
  // takes two calls.
  const names = Array.from({ length: count }, (_, index) => `session${index + 1}`);
  const docker = ["docker", "container", "inspect", ...names];
  const dockerIds = ["docker", "ps", "--all", "--quiet"];
  const subject = (
    where: keyof Omit<Engines, "image" | "crowded">,
    slowest: { readonly what: string; readonly argv: readonly string[] },
  ): Subject => {
    const sandbox = engines[where];
    return {
      command: `\`list\`, ${containers} on ${where === "both" ? "each of both" : where}`,
      step: stepIn(sandbox, [kstops, "list"]),
      against: [
        {
          what: `${slowest.what} + empty program`,
          step: stepIn(sandbox, slowest.argv, [empty]),
          atMost: LIST_AT_MOST,
        },
        ...where === "docker"
          ? [{
            what: "`docker ps`, `docker inspect` + empty program",
            step: stepIn(sandbox, dockerIds, docker, [empty]),
          }]
          : [],
        { what: "empty program", step: stepIn(sandbox, [empty]) },
      ],
      children: where === "both" ? 4 : 2,
    };
  };
  return [
    subject("podman", { what: "`podman ps`", argv: PODMAN_LIST }),
    subject("docker", { what: "`docker inspect`", argv: docker }),
    subject("both", { what: "`podman ps`", argv: PODMAN_LIST }),
  ];
}

/** Everything that a large machine has, in one list. */
function everything({ kstops, empty }: Programs, { crowded }: Engines): Subject {
  return {
    command: `\`list --json\`, ${BESIDE} sessions and ${MANY} containers on each of both`,
    step: stepIn(crowded, [kstops, "list", "--json"]),
    against: [
      {
        what: "`podman ps` + empty program",
        step: stepIn(crowded, PODMAN_LIST, [empty]),
        atMost: 1.25,
      },
      { what: "empty program", step: stepIn(crowded, [empty]) },
    ],
    children: 5,
  };
}

/** `start` and `stop`. */
function changing(
  { kstops }: Programs,
  { engines, runtime }: { readonly engines: Engines; readonly runtime: Runtime },
): Subject[] {
  const sandbox = engines[runtime];
  const name = "measured";
  const flags = ["--image", engines.image, "--runtime", runtime];
  const start = (...more: readonly string[]): Step =>
    stepIn(sandbox, [kstops, "start", name, ...flags, ...more, "--", ...PROGRAM]);
  const stop = stepIn(sandbox, [kstops, "stop", name]);
  const rawRun = runIn(engines, runtime, name);
  const time = runtime === "podman" ? ["--time", "0"] : [];
  const remove = stepIn(sandbox, [runtime, "rm", "--force", ...time, name]);
  const rawStart = { what: `\`${runtime} run -d\``, step: { ...rawRun, after: [remove] } };
  return [
    {
      command: `\`start --no-wait\` on ${runtime}`,
      step: { ...start("--no-wait"), after: [remove] },
      against: [rawStart],
      children: null,
      slow: true,
    },
    {
      command: `\`start\`, less its wait, on ${runtime}`,
      step: { ...start(), after: [remove] },
      against: [rawStart],
      children: null,
      waitMs: defaultSettings().startWaitMs,
      slow: true,
    },
    {
      command: `\`stop\` on ${runtime}`,
      step: { ...stop, before: [start("--no-wait")] },
      against: [{
        what: `\`${runtime} stop\` and \`rm\``,
        step: {
          ...stepIn(sandbox, [runtime, "stop", name], [runtime, "rm", name]),
          before: [rawRun],
        },
      }],
      children: null,
      slow: true,
    },
  ];
}

/** The container whose output is read, and what it prints: 300,000 lines, 2 MB. */
const LOUD = "loud";
const LOUD_COMMAND = ["sh", "-c", "seq 300000; echo the end; exec sleep 3600"];

/** `status` and `logs`, beside many other containers. */
async function lookingUp(
  { kstops, empty }: Programs,
  { engines, runtime }: { readonly engines: Engines; readonly runtime: Runtime },
): Promise<Subject[]> {
  const sandbox = engines[runtime];
  const flags = ["--image", engines.image, "--runtime", runtime, "--no-wait", "--quiet"];
  run(stepIn(sandbox, [kstops, "start", LOUD, ...flags, "--", ...LOUD_COMMAND]));
  await waitFor(async () => {
    const { stdout } = await new Deno.Command(runtime, {
      args: ["logs", "--tail", "1", LOUD],
      env: { ...sandbox.env },
    }).output();
    return new TextDecoder().decode(stdout).trim() === "the end";
  }, "a large log");
  return [
    {
      command: `\`status NAME\`, ${MOST} containers on ${runtime}`,
      step: stepIn(sandbox, [kstops, "status", "session1"]),
      against: [{
        what: `\`${runtime} inspect NAME\` + empty program`,
        step: stepIn(sandbox, [runtime, "container", "inspect", "session1"], [empty]),
      }],
      children: 2,
    },
    {
      command: `\`logs NAME\`, 100 lines of 2 MB on ${runtime}`,
      step: stepIn(sandbox, [kstops, "logs", LOUD]),
      against: [{
        what: `\`${runtime} logs --tail 100\` + empty program`,
        step: stepIn(sandbox, [runtime, "logs", "--tail", "100", LOUD], [empty]),
      }],
      children: null,
    },
  ];
}
