/** Looks at tmux. Starts no server: `list-panes` never does that (tmux 3.3a). */
import { askServer, installHint } from "./ask.ts";
import { type Context, list, OUTSIDE_OF_SESSIONS } from "./list.ts";
import type { TmuxSession } from "./parse.ts";
import { socketsOf } from "./sockets.ts";
import { findProgram } from "../program.ts";
import { BackendUnavailableError } from "../../errors.ts";
import { logStore } from "../../logs/store.ts";
import { LEADS } from "./leads.ts";
import { whereIs } from "../../logs/where.ts";
import { shellWord } from "../../shell.ts";
import { DEFAULT_PATH, ProgramMissingError, type World } from "../../world/world.ts";
import { type ServerFacts, type TmuxFacts, tmuxFindings, type TmuxServer } from "./findings.ts";
import { ask, type Examination, type Examined } from "../doctor.ts";

/** Findings about tmux, and the running servers of this user. */
export async function examineTmux(
  world: World,
  { tmuxBinary, needs }: Examination,
): Promise<Examined> {
  const facts = await lookAtTmux(world, tmuxBinary);
  return {
    findings: tmuxFindings(facts, needs([])),
    servers: facts.servers.flatMap(({ socketName, answer }) =>
      answer.kind === "answered" && answer.value !== null && answer.value.pid !== null
        ? [{ socketName, pid: answer.value.pid }]
        : []
    ),
    isPartial: facts.version?.kind !== "answered" ||
      facts.servers.some(({ answer }) => answer.kind !== "answered"),
  };
}

/** The facts about tmux and its servers. */
export async function lookAtTmux(world: World, binary: string): Promise<TmuxFacts> {
  const path = world.env("PATH") ?? DEFAULT_PATH;
  const [found, { directory, names, trouble }] = await Promise.all([
    findProgram(world, { program: binary, path, workingDir: "/" }),
    socketsOf(world),
  ]);
  const common = { binary, found, installHint: installHint(world), directory };
  if (found.kind === "missing") {
    return { ...common, version: null, directoryTrouble: null, servers: [], unended: [] };
  }
  const context: Context = { world, binary: found.path, logs: logStore(world, () => {}) };
  const [version, directoryTrouble, unended, ...servers] = await Promise.all([
    ask(world, [found.path, "-V"], {
      env: OUTSIDE_OF_SESSIONS,
      read: (stdout) => /^tmux (\S+)/.exec(stdout)?.[1],
    }),
    troubleWith(world, { directory, trouble }),
    unendedIn(world),
    ...names.map((name) => lookAtServer(context, { directory, name })),
  ]);
  return { ...common, version, directoryTrouble, servers, unended };
}

/** According to the records of their last runs on the tmux that is asked here. */
async function unendedIn(world: World): Promise<TmuxFacts["unended"]> {
  const store = logStore(world, () => {});
  const here = whereIs(LEADS, world);
  const names = await store.names();
  const unended = await Promise.all(
    names.map(async (name) =>
      (await store.newestRuns(name)).flatMap(({ begun, ended, stopped }) =>
        begun?.backend === "tmux" && begun.where === here && ended === null &&
          stopped === null
          ? { name, socketName: begun.socketName ?? "default" }
          : []
      )
    ),
  );
  return unended.flat();
}

/** Asked and parsed as in every other command: what cannot be read here cannot be read there. */
async function lookAtServer(
  context: Context,
  { directory, name }: { readonly directory: string; readonly name: string },
): Promise<ServerFacts> {
  const { world } = context;
  const began = world.now().getTime();
  const facts = { socketName: name, path: `${directory}/${name}` };
  const milliseconds = (): number => world.now().getTime() - began;
  try {
    const sessions = await askServer(context, name, list(context, name));
    const value = sessions === null ? null : serverOf(sessions);
    return { ...facts, answer: { kind: "answered", value, milliseconds: milliseconds() } };
  } catch (error) {
    const reason = error instanceof BackendUnavailableError
      ? error.reason
      : error instanceof ProgramMissingError
      ? error.message
      : null;
    if (reason === null) throw error;
    return { ...facts, answer: { kind: "failed", reason, milliseconds: milliseconds() } };
  }
}

function serverOf(sessions: readonly TmuxSession[]): TmuxServer {
  const first = sessions.find(({ serverPid }) => serverPid > 0);
  return {
    version: first?.serverVersion ?? null,
    pid: first?.serverPid ?? null,
    sessions: sessions.length,
    unreadable: sessions.flatMap(({ name, unreadable }) =>
      unreadable === null ? [] : [{ name: name || null, reason: unreadable }]
    ),
  };
}

/**
 * tmux refuses a directory that others may use, or that belongs to somebody else (tmux 3.3a
 * tmux.c).
 */
async function troubleWith(
  world: World,
  { directory, trouble }: { readonly directory: string; readonly trouble: string | null },
): Promise<TmuxFacts["directoryTrouble"]> {
  const facts = await world.files.facts(directory);
  const elsewhere = "set TMUX_TMPDIR to a directory of your own";
  if (facts === null) return null;
  if (facts.kind !== "directory") {
    return { reason: "it is not a directory", fix: `remove it, or ${elsewhere}` };
  }
  const uid = world.uid();
  if (uid !== null && facts.uid !== uid) {
    return { reason: `it belongs to another user (uid ${facts.uid})`, fix: elsewhere };
  }
  if ((facts.mode & 0o007) !== 0) {
    return { reason: "others may use it", fix: `run: chmod 700 ${shellWord(directory)}` };
  }
  return trouble === null ? null : { reason: trouble, fix: elsewhere };
}
