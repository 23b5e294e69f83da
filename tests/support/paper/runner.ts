/** A backend that keeps sessions in plain files: what the contract suite asks for, and no more. */
import type { Runner, Session, StopOptions } from "../../../src/backends/backend.ts";
import { findProgram } from "../../../src/backends/program.ts";
import { RUN_ID_VARIABLE } from "../../../src/backends/tmux/args.ts";
import { endProcesses } from "../../../src/backends/tmux/stop.ts";
import {
  SessionAttachError,
  SessionExistsError,
  SessionStartError,
  SessionStopError,
} from "../../../src/errors.ts";
import { partName } from "../../../src/logs/parts.ts";
import { type LogStore, outputOf } from "../../../src/logs/store.ts";
import { whereIs } from "../../../src/logs/where.ts";
import { howItEnded, type SessionStatus, statusOf } from "../../../src/model.ts";
import type { Place } from "../../../src/model/place.ts";
import type { World } from "../../../src/world/world.ts";
import type { PaperDefinition } from "./words.ts";

const PLACE: Place = { host: null, backend: "paper", engine: "paper", scope: null };
const KEEPER = await Deno.readTextFile(new URL("./keeper.sh", import.meta.url));
const POLL_MS = 20;
// A process in the background starts with this signal ignored, and then no shell below it could
// trap it.
Deno.addSignalListener("SIGQUIT", () => {});
/** How many lines of output a failed start shows. */
const LAST_LINES = 10;

/** What is stored of a session. */
interface Page {
  readonly definition: PaperDefinition;
  readonly run: string;
  /** The file with its output; null: none. */
  readonly output: string | null;
}

/** The paper backend. Its sessions are in the directory `paper` of the working directory. */
export function paperRunner(
  world: World,
  { logs }: { readonly logs: LogStore },
): Runner<PaperDefinition> {
  const root = `${world.workingDirectory()}/paper`;
  const shelf = { world, logs, root };
  let last: Promise<unknown> = Promise.resolve();
  return {
    backend: "paper",
    survey: async () => {
      const sessions: Session[] = [];
      for (const name of await names(root)) {
        const session = await sessionAt(shelf, name);
        if (session !== null) sessions.push(session);
      }
      return [{ place: PLACE, sessions, trouble: null }];
    },
    check: async (definition) => await check(world, definition),
    place: () => Promise.resolve(PLACE),
    plan: (definition) => Promise.resolve({ argv: definition.argv, stdin: null, env: [] }),
    start: async (definition, { waitMs }) => {
      // One after another: among many starts of one name, the first wins.
      const begun = last.catch(() => {}).then(() => begin(shelf, definition));
      last = begun;
      await begun;
      return await proven(shelf, definition, waitMs);
    },
  };
}

interface Shelf {
  readonly world: World;
  readonly logs: LogStore;
  readonly root: string;
}

async function names(root: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(root))).map(({ name }) => name);
  } catch {
    return [];
  }
}

async function text(path: string): Promise<string | null> {
  return await Deno.readTextFile(path).catch(() => null);
}

async function check(
  world: World,
  { name, argv, env, workingDir }: PaperDefinition,
): Promise<void> {
  const [program = ""] = argv;
  const path = env["PATH"] ?? world.env("PATH") ?? "";
  const found = await findProgram(world, { program, path, workingDir });
  const refuse = (reason: string, hint: string) =>
    new SessionStartError(name, reason, { backend: "paper", hint });
  if (found.kind === "missing") throw refuse(found.reason, found.hint);
  const interpreter = /^#! *(\S+)/.exec(await text(found.path) ?? "")?.[1];
  if (interpreter === undefined || await world.files.facts(interpreter) !== null) return;
  throw refuse(`${found.path} needs ${interpreter}, which is missing`, "install that");
}

async function begin({ world, logs, root }: Shelf, definition: PaperDefinition): Promise<void> {
  const { name, argv, env, workingDir, owner } = definition;
  const directory = `${root}/${name}`;
  const before = await sessionAt({ world, logs, root }, name);
  if (before?.status.state === "running") {
    throw new SessionExistsError(name, "it is already running", { backend: "paper" });
  }
  await check(world, definition);
  if (before !== null) await Deno.remove(directory, { recursive: true });
  const run = world.randomId();
  const capture = await logs.open(name, run, definition.log);
  const output = capture === null ? null : outputOf(capture);
  await Deno.mkdir(directory, { recursive: true });
  const page: Page = { definition, run, output };
  await Deno.writeTextFile(`${directory}/page`, JSON.stringify(page));
  const log = output === null ? "/dev/null" : partName(output, 1);
  const { success } = await new Deno.Command("setsid", {
    args: ["-f", "sh", "-c", KEEPER, "keeper", directory, log, ...argv],
    cwd: workingDir,
    clearEnv: true,
    env: { ...world.environment(), ...env, [RUN_ID_VARIABLE]: run },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  if (!success) throw new SessionStartError(name, "no process can be made", { backend: "paper" });
  await logs.record(name, {
    ...{ event: "begun", run, at: world.now(), backend: "paper", engine: "paper", owner },
    ...{ where: whereIs([], world), socketName: null, image: null, workingDir },
    ...{ definition: "", ending: null },
  });
  while (await text(`${directory}/pid`) === null) await world.sleep(POLL_MS);
}

/** The status once the program has lived for that long, or has ended well. */
async function proven(
  shelf: Shelf,
  { name }: PaperDefinition,
  waitMs: number,
): Promise<SessionStatus> {
  const { world } = shelf;
  const due = world.now().getTime() + waitMs;
  for (;;) {
    const session = await sessionAt(shelf, name);
    if (session === null) throw new SessionStartError(name, "it has gone", { backend: "paper" });
    const { status } = session;
    if (waitMs === 0) return { ...status, state: "running", exitCode: null, finishedAt: null };
    const { state, exitCode, signal } = status;
    if (state === "exited" && exitCode !== 0) {
      const output = new TextDecoder().decode(await session.logs({ lines: LAST_LINES }));
      throw new SessionStartError(name, `it ended with ${exitCode}`, {
        backend: "paper",
        details: { exit_code: exitCode, signal, output: output.split("\n").slice(0, -1) },
      });
    }
    if (state === "exited" || world.now().getTime() >= due) return status;
    await world.sleep(POLL_MS);
  }
}

async function sessionAt(shelf: Shelf, name: string): Promise<Session | null> {
  const { world, logs, root } = shelf;
  const directory = `${root}/${name}`;
  const written = await text(`${directory}/page`);
  if (written === null) return null;
  const page: Page = JSON.parse(written);
  const { definition, run, output } = page;
  return {
    status: await statusIn(directory, page),
    protected: definition.protected,
    stop: async (options) => await stop({ world, logs }, directory, { page, options }),
    attach: () =>
      Promise.reject(new SessionAttachError(name, "paper has no terminal", { backend: "paper" })),
    run,
    recorded: false,
    hidesProgram: false,
    leftovers: () => Promise.resolve(null),
    logs: async (wanted) => output === null ? new Uint8Array() : await logs.read(output, wanted),
    follow: (wanted, abort) => logs.follow(name, wanted, abort),
    definition: () => Promise.resolve(definition),
  };
}

async function statusIn(directory: string, { definition }: Page): Promise<SessionStatus> {
  const { name, owner, argv, workingDir } = definition;
  const pid = Number(await text(`${directory}/pid`)) || null;
  const end = await text(`${directory}/end`);
  const timeOf = async (file: string) =>
    (await Deno.stat(`${directory}/${file}`).catch(() => null))?.mtime ?? null;
  return statusOf({
    ...{ name, backend: "paper", engine: "paper", managed: true, ...owner },
    state: end === null ? "running" : "exited",
    ...(end === null ? { pid } : howItEnded(Number(end))),
    finishedAt: end === null ? null : await timeOf("end"),
    createdAt: await timeOf("page"),
    command: argv,
    workingDir,
  });
}

async function stop(
  { world, logs }: Pick<Shelf, "world" | "logs">,
  directory: string,
  { page, options }: { readonly page: Page; readonly options: StopOptions },
): Promise<SessionStatus> {
  const { definition, run } = page;
  const keeper = Number(await text(`${directory}/keeper`));
  const program = Number(await text(`${directory}/pid`)) || null;
  const isEnded = await text(`${directory}/end`) !== null;
  const { survivors } = await endProcesses(world, {
    panes: isEnded || keeper === 0 ? [] : [{ pid: keeper, isKept: true, program }],
    ...{ run, known: [], sessions: [], scope: definition.stopScope ?? "main", holdFile: null },
    signal: options.force ? null : definition.stopSignal ?? "SIGTERM",
    timeoutMs: (options.timeoutSeconds ?? definition.stopTimeoutSeconds) * 1000,
  });
  if (survivors.length > 0) {
    throw new SessionStopError(definition.name, "it is still alive", { backend: "paper" });
  }
  const status = await statusIn(directory, page);
  await logs.record(definition.name, {
    ...{ event: "stopped", run, at: world.now(), hadEnded: isEnded },
  });
  await Deno.remove(directory, { recursive: true }).catch(() => {});
  return { ...status, state: "stopped", pid: null };
}
