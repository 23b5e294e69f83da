/** What the config, the engines and the recorded operations offer as values. */
import type { Descriptor } from "../../backends/descriptor.ts";
import type { Config } from "../../config/config.ts";
import { escapeControls } from "../../errors.ts";
import {
  BACKENDS,
  type OperationState,
  RUNTIMES,
  type SessionState,
  type SessionStatus,
} from "../../model.ts";
import type { Listing } from "../../sessions/sessions.ts";
import type { World } from "../../world/world.ts";
import type { Kind } from "../grammar.ts";
import type { Line } from "../scan.ts";

/** How long to wait for engines. */
const PATIENCE_MS = 1000;

/** The states in which a command accepts a session; commands that are not listed accept all. */
const STATES: Readonly<Record<string, readonly SessionState[]>> = {
  start: ["defined", "exited", "stopped"],
  attach: ["running"],
};

/** What the backend must be able to do before a command accepts its sessions. */
const ABILITIES: Readonly<Record<string, keyof Descriptor["can"]>> = { attach: "attach" };

/** One thing that may come next. */
export interface Candidate {
  readonly value: string;
  readonly about: string;
}

/** The possible values of a kind, and a title for them. */
export async function known(
  kind: Exclude<Kind, "file" | "directory"> | "group",
  line: Line,
  world: World,
): Promise<{ readonly title: string; readonly all: readonly Candidate[] }> {
  switch (kind) {
    case "socket":
      return { title: "socket", all: await sockets(line, world) };
    case "owner":
      return { title: "project", all: await owners(line, world) };
    case "session":
      return { title: "session", all: await sessions(line, world) };
    case "defined session":
      return { title: "session", all: await definedSessions(line, world) };
    case "group":
      return { title: "group", all: await groups(line, world) };
    case "image":
      return { title: "image", all: await images(line, world) };
    case "operation":
      return { title: "operation", all: await operations(world) };
    case "waiting operation":
      return { title: "operation", all: await operations(world, "input_required") };
  }
}

// --- what the config knows -----------------------------------------------------------------------

/** The sessions of the config, without asking an engine. */
async function definedSessions(line: Line, world: World): Promise<Candidate[]> {
  const { sessions } = await configFor(line, world);
  return [...sessions.keys()]
    .filter((name) => isSayable(name) && (line.hasDashes || !name.startsWith("-")))
    .map((value) => ({ value, about: "" }));
}

/** The groups of the config, each with its sessions. */
async function groups(line: Line, world: World): Promise<Candidate[]> {
  const { sessions } = await configFor(line, world);
  const all = [...sessions.values()].flatMap((entry) => {
    const { groups } = entry.kind === "usable" ? entry.settings : entry;
    return groups.map((group) => ({ group, name: entry.name }));
  });
  return [...Map.groupBy(all, ({ group }) => group)]
    .map(([group, members]) => ({
      value: `@${group}`,
      about: members.map(({ name }) => name).join(", "),
    }));
}

/** The images of the config, each with its sessions. */
async function images(line: Line, world: World): Promise<Candidate[]> {
  const [{ sessions }, { hasVariables }] = await Promise.all([
    configFor(line, world),
    import("../../config/interpolate.ts"),
  ]);
  const usable = [...sessions.values()].flatMap((entry) => {
    const image = entry.kind === "usable" ? entry.settings.image : null;
    // The value of a variable may be secret, and a flag does not fill in variables.
    return image === null || hasVariables(image) ? [] : [{ name: entry.name, image }];
  });
  return [...Map.groupBy(usable, ({ image }) => image)]
    .map(([value, all]) => ({ value, about: all.map(({ name }) => name).join(", ") }));
}

// --- what engines know ---------------------------------------------------------------------------

async function sessions(line: Line, world: World): Promise<Candidate[]> {
  const { place, operands, hasDashes, flags, open } = line;
  const isException = open?.key === "except";
  if (flags.some(({ key }) => key === "all") && !isException) return [];
  const command = place.names.join(" ");
  const states = STATES[command];
  const ability = ABILITIES[command];
  const { statuses } = await listing(line, world);
  const { descriptorOf } = await import("../../backends/registry.ts");
  const about = new Map<string, string>();
  for (const status of statuses) {
    const { name, state, backend } = status;
    if (name === null || !isSayable(name) || operands.includes(name)) continue;
    // Without `--` before it, it would be read as a flag.
    if (name.startsWith("-") && !hasDashes) continue;
    if (states !== undefined && !states.includes(state)) continue;
    if (ability !== undefined && !descriptorOf(backend).can[ability]) continue;
    const before = about.get(name);
    about.set(name, before === undefined ? aboutOf(status) : `${before}; ${aboutOf(status)}`);
  }
  return [...about].map(([value, text]) => ({ value, about: text }));
}

function aboutOf({ state, engine, socketName }: SessionStatus): string {
  const where = socketName === null || socketName === "default" ? "" : `, socket ${socketName}`;
  return `${state}${engine === null ? "" : `, ${engine}`}${where}`;
}

/** How many operations to offer: nobody looks for older ones by ID. */
const OFFERED_OPERATIONS = 50;

/** The IDs of the newest operations. Creates nothing when nothing is recorded. */
async function operations(world: World, state?: OperationState): Promise<Candidate[]> {
  const [{ stateDirectory }, { OperationStore }] = await Promise.all([
    import("../../logs/store.ts"),
    import("../../operations/store.ts"),
  ]);
  const store = await OperationStore.toLookAt(world, stateDirectory(world));
  const found = store?.list({ state, limit: OFFERED_OPERATIONS }) ?? [];
  return found.map(({ id, kind, session, state }) => ({
    value: id,
    about: escapeControls([kind, ...(session === null ? [] : [session]), state].join(" ")),
  }));
}

/** The sockets of existing and defined sessions, and those that do not answer. */
async function sockets(line: Line, world: World): Promise<Candidate[]> {
  // The flag whose value is sought must not narrow the search.
  const flags = line.flags.filter(({ key }) => key === "config");
  const { statuses } = await listing({ ...line, flags }, world);
  const names = statuses.flatMap(({ socketName }) => socketName ?? []).filter(isSayable);
  return [...new Set(names)].sort().map((value) => ({ value, about: "" }));
}

/** The projects of existing sessions, or their configs when these have none. */
async function owners(line: Line, world: World): Promise<Candidate[]> {
  const [{ statuses }, { ownerName }] = await Promise.all([
    listing(line, world),
    import("../../owner.ts"),
  ]);
  const named = statuses.filter(({ name, state }) =>
    state !== "defined" && (line.operands.length === 0 || line.operands.includes(name ?? ""))
  );
  const names = named.map(ownerName).filter(isSayable);
  return [...new Set(names)].sort().map((value) => ({ value, about: "" }));
}

/** Whether it can be shown and typed as it is. */
function isSayable(name: string): boolean {
  return name !== "" && escapeControls(name) === name;
}

async function listing(line: Line, world: World): Promise<Listing> {
  const [{ sessionsOf }, { logStore }] = await Promise.all([
    import("../../sessions/machine.ts"),
    import("../../logs/store.ts"),
  ]);
  const hurried = withPatience(world);
  let config: Promise<Config> | null = null;
  const settings = {
    config: () => config ??= configFor(line, hurried),
    logs: logStore(hurried, () => {}),
  };
  const backend = flagValue(line, "backend");
  const socket = flagValue(line, "socket");
  const runtime = flagValue(line, "runtime");
  return await sessionsOf(hurried, settings).list({
    backend: BACKENDS.find((each) => each === backend),
    scope: socket === undefined
      ? undefined
      : (await import("../../validate/socket_name.ts")).validateSocketName(socket),
    engine: RUNTIMES.find((each) => each === runtime),
  });
}

/** The config that the line names, or the one that is found. */
async function configFor(line: Line, world: World): Promise<Config> {
  const [{ directoryOf }, { loadConfig }] = await Promise.all([
    import("../../config/config.ts"),
    import("../../config/load.ts"),
  ]);
  const named = flagValue(line, "config");
  const config = await loadConfig(world, named === undefined ? null : fromHome(named, world));
  // Looking around in a directory must not run a program that a file there names.
  const isHere = config.path !== null && directoryOf(config.path) === world.workingDirectory();
  return isHere ? { ...config, settings: { ...config.settings, tmuxBinary: "tmux" } } : config;
}

function flagValue({ flags }: Line, wanted: string): string | undefined {
  return flags.findLast(({ key }) => key === wanted)?.value ?? undefined;
}

/** A world for a user who waits for an answer: all calls together get only a moment. */
function withPatience(world: World): World {
  const deadline = world.now().getTime() + PATIENCE_MS;
  return {
    ...world,
    exec: (argv, options) => {
      const leftMs = Math.max(1, deadline - world.now().getTime());
      return world.exec(argv, { ...options, timeoutMs: Math.min(options.timeoutMs, leftMs) });
    },
  };
}

/** A path as a shell would have expanded it. */
function fromHome(path: string, world: World): string {
  const home = world.env("HOME");
  return home !== undefined && /^~(\/|$)/.test(path) ? home + path.slice(1) : path;
}
