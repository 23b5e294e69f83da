/**
 * Where a new tmux server is to live. One that a login, or the unit for the boot, starts directly ends
 * with it. So it gets a scope of its own below the user's service manager, if that manager goes on
 * without a login. Without lingering a direct start is better: a scope ends at the last logout for sure.
 */
import { needsScope, USER_UNIT } from "../../boot/groups.ts";
import {
  cgroupOf,
  hasSystemd,
  lingers,
  nameOfUser,
  runtimeDirectory,
  said,
} from "../../boot/machine.ts";
import type { World } from "../../world/world.ts";
import { pingServer } from "./args.ts";
import { call, type Context, WORK_TIMEOUT_MS } from "./list.ts";

/** The words before a call of tmux that may start the server of a socket; none: a direct start. */
export type Scope = readonly string[];

/** What is known of the sockets; it is found out at the first start on each. */
const SCOPES = new WeakMap<World, Map<string, Promise<Scope>>>();

/** Where the server of a socket is to be started, if it does not run yet. */
export async function scopeOf(context: Context, socketName: string): Promise<Scope> {
  const known = SCOPES.get(context.world) ?? new Map<string, Promise<Scope>>();
  SCOPES.set(context.world, known);
  const scope = known.get(socketName) ?? findScope(context, socketName);
  known.set(socketName, scope);
  return await scope;
}

/** Looks again at the next start: a server that was just started may end before. */
export function forgetScope({ world }: Context, socketName: string): void {
  SCOPES.get(world)?.delete(socketName);
}

/** Starts directly from now on: a scope cannot be had. */
export function startDirectly({ world }: Context, socketName: string): void {
  SCOPES.get(world)?.set(socketName, Promise.resolve([]));
}

async function findScope(context: Context, socketName: string): Promise<Scope> {
  const { world, binary } = context;
  if (!await wantsScope(world)) return [];
  const directory = await runtimeDirectory(world);
  if (directory === null) return [];
  const argv = pingServer({ binary, socketName });
  const answer = await call(context, argv, { timeoutMs: WORK_TIMEOUT_MS }).catch(() => null);
  // Whoever was first has made the place of the server.
  if (answer?.code === 0) return [];
  const version = await said(world, ["systemd-run", "--version"]);
  if (version === null) return [];
  const set = world.env("XDG_RUNTIME_DIR") === directory
    ? []
    : ["env", `XDG_RUNTIME_DIR=${directory}`];
  return [...set, ...scopeArgv(socketName, Number(/^systemd (\d+)/.exec(version)?.[1] ?? 0))];
}

/** Whether a server that is started from here would end with a login or a unit, and need not. */
export async function wantsScope(world: World): Promise<boolean> {
  if (!await hasSystemd(world)) return false;
  const [user, cgroup] = await Promise.all([nameOfUser(world), cgroupOf(world, "self")]);
  if (user === null || cgroup === null || !needsScope(cgroup)) return false;
  return await lingers(world, user);
}

/** The first release of systemd that knows what to do with the rest when memory ran out. */
const KNOWS_OOM_POLICY = 253;

/** Runs what follows in a scope that a shutdown ends behind the unit that stops sessions. */
export function scopeArgv(socketName: string, systemd: number): readonly string[] {
  return [
    ...["systemd-run", "--user", "--scope", "--collect", "--quiet"],
    `--description=tmux server of kstops, socket ${socketName}`,
    ...["-p", `Before=${USER_UNIT}`],
    // One program without memory must not end all sessions.
    ...(systemd >= KNOWS_OOM_POLICY ? ["-p", "OOMPolicy=continue"] : []),
    // systemd-run sets it, and a server would give it to all sessions.
    ...["--", "env", "-u", "INVOCATION_ID"],
  ];
}
