/** Looking at tmux. No server is started for it: `list-sessions` never does that (tmux 3.3a). */
import { tmux } from "../../backends/tmux/args.ts";
import { installHint } from "../../backends/tmux/ask.ts";
import { OUTSIDE_OF_SESSIONS } from "../../backends/tmux/list.ts";
import { parseFailure } from "../../backends/tmux/parse.ts";
import { socketsOf } from "../../backends/tmux/sockets.ts";
import { findProgram } from "../../backends/program.ts";
import { logStore } from "../../logs/store.ts";
import { whereIs } from "../../logs/where.ts";
import { shellWord } from "../../shell.ts";
import { DEFAULT_PATH, type World } from "../../world.ts";
import type { ServerFacts, TmuxFacts, TmuxServer } from "../tmux.ts";
import { ask } from "./ask.ts";

/** What there is of tmux, and of its servers. */
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
  const [version, directoryTrouble, unended, ...servers] = await Promise.all([
    ask(world, [found.path, "-V"], {
      env: OUTSIDE_OF_SESSIONS,
      read: (stdout) => /^tmux (\S+)/.exec(stdout)?.[1],
    }),
    troubleWith(world, { directory, trouble }),
    unendedIn(world),
    ...names.map((name) => lookAtServer(world, { binary: found.path, directory, name })),
  ]);
  return { ...common, version, directoryTrouble, servers, unended };
}

/** By what is recorded of their last runs, on the tmux that is asked here. */
async function unendedIn(world: World): Promise<TmuxFacts["unended"]> {
  const store = logStore(world, () => {});
  const here = whereIs("tmux", world);
  const names = await store.names();
  const runs = await Promise.all(names.map((name) => store.newestRun(name)));
  return names.flatMap((name, index) => {
    const { begun = null, ended = null, stopped = null } = runs[index] ?? {};
    return begun?.engine === "tmux" && begun.where === here && ended === null && stopped === null
      ? [{ name, socketName: begun.socketName ?? "default" }]
      : [];
  });
}

async function lookAtServer(
  world: World,
  { binary, directory, name }: {
    readonly binary: string;
    readonly directory: string;
    readonly name: string;
  },
): Promise<ServerFacts> {
  const argv = [
    ...tmux({ binary, socketName: name }),
    ...["list-sessions", "-F", "#{version} #{pid}"],
  ];
  const answer = await ask<TmuxServer | null>(world, argv, {
    env: OUTSIDE_OF_SESSIONS,
    read: serverIn,
    failed: (stderr) => {
      const failure = parseFailure(stderr);
      return failure.kind === "no_server"
        ? { value: null }
        : { reason: failure.kind === "other" ? failure.reason : "its server was just ending" };
    },
  });
  return { socketName: name, path: `${directory}/${name}`, answer };
}

function serverIn(stdout: string): TmuxServer | undefined {
  const lines = stdout.trim().split("\n");
  const [, version = "", pid = ""] = /^(\S+) (\d+)$/.exec(lines[0] ?? "") ?? [];
  return version === "" ? undefined : { version, pid: Number(pid), sessions: lines.length };
}

/** tmux refuses a directory that others may use, or that is somebody else's (tmux 3.3a tmux.c). */
async function troubleWith(
  world: World,
  { directory, trouble }: { readonly directory: string; readonly trouble: string | null },
): Promise<TmuxFacts["directoryTrouble"]> {
  const facts = await world.files.facts(directory);
  const elsewhere = "set TMUX_TMPDIR to a directory of your own";
  if (facts === null) return null;
  if (facts.kind !== "directory") {
    return { reason: "it is no directory", fix: `remove it, or ${elsewhere}` };
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
