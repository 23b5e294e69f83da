/** Hands the terminal to a session, and takes it back. */
import { SessionAttachError } from "../../errors.ts";
import { shellWord } from "../../shell.ts";
import type { Interaction, World } from "../../world/world.ts";
import type { AttachEnd, AttachOptions } from "../backend.ts";
import {
  attachSession,
  describeServer,
  detachClient,
  listClients,
  type Server,
  switchClient,
} from "./args.ts";
import { parseClients, parseServer, type ServerFacts } from "./answers.ts";
import { ANSWER_TIMEOUT_MS } from "./list.ts";
import type { TmuxSession } from "./parse.ts";
import { mainPane, statusOfSession } from "./status.ts";

/** The tools of attaching. */
interface AttachPlan {
  readonly world: World;
  readonly server: Server;
  readonly session: TmuxSession;
  readonly options: AttachOptions;
  /** Asks the server for the session again; null: it is gone. */
  readonly again: () => Promise<TmuxSession | null>;
}

/** How often to check whether the program still runs. */
const LOOK_EVERY_MS = 200;

/**
 * Attaches until the user detaches or the program ends. Inside the same tmux server it switches the
 * client and returns.
 *
 * @throws {SessionAttachError} `attach_failed`
 */
export async function attach(plan: AttachPlan): Promise<AttachEnd> {
  const { world, server, session, options } = plan;
  const around = world.env("TMUX");
  const facts = await factsOf(plan);
  if (around && isSameServer(around, facts)) return await switchTo(plan);
  options.say(detachHint(plan, facts, Boolean(around)));
  const interaction = world.interact(attachSession(server, session.id, options), {
    env: { TMUX: undefined, TMUX_PANE: undefined },
  });
  const { code, stderr } = await untilEnded(plan, interaction);
  const last = await plan.again();
  if (last === null) {
    if (code !== 0) throw notAttached(session.name, stderr);
    return { kind: "ended", status: null };
  }
  const status = statusOfSession(last, server.socketName);
  if (status.state !== "running") return { kind: "ended", status };
  if (code !== 0) throw notAttached(session.name, stderr);
  return { kind: "detached" };
}

async function factsOf({ world, server, session }: AttachPlan): Promise<ServerFacts> {
  const nonce = world.randomId();
  const argv = describeServer(server, session.id, nonce);
  const { code, stdout, stderr } = await world.exec(argv, { timeoutMs: ANSWER_TIMEOUT_MS });
  const facts = code === 0 ? parseServer(stdout, nonce) : null;
  if (facts === null) throw notAttached(session.name, stderr);
  return facts;
}

/** `TMUX` is `SOCKET,SERVER PID,SESSION NUMBER` (tmux 3.3a environ.c). */
function isSameServer(around: string, facts: ServerFacts): boolean {
  const [path, pid] = around.split(",");
  return path === facts.socketPath && pid === facts.pid;
}

async function switchTo({ world, server, session, options }: AttachPlan): Promise<AttachEnd> {
  if (options.readOnly) {
    throw new SessionAttachError(
      session.name,
      "inside of the same tmux server, it cannot be attached read-only",
      { backend: "tmux", hint: "leave out --read-only, or attach from outside of tmux" },
    );
  }
  const argv = switchClient(server, session.id);
  const { code, stderr } = await world.exec(argv, { timeoutMs: ANSWER_TIMEOUT_MS });
  if (code !== 0) throw notAttached(session.name, stderr);
  return { kind: "switched" };
}

function detachHint(plan: AttachPlan, { prefix }: ServerFacts, isNested: boolean): string {
  if (prefix === null) {
    const { server: { socketName }, session } = plan;
    const socket = socketName === "default" ? "" : ` -L ${shellWord(socketName)}`;
    return "your tmux has no prefix key: to detach, use your own key for it, or run in another " +
      `terminal: tmux${socket} detach-client -s ${quotedTarget(session.name)}`;
  }
  const keys = keyWords(prefix);
  if (!isNested) return `to detach, press ${keys}, then d`;
  return `to detach, press ${keys}, then d; press ${keys} twice if the tmux around has it, too`;
}

/** Always quoted: zsh takes a word that begins with `=` for a program. */
function quotedTarget(name: string): string {
  return `'=${name.replaceAll("'", `'\\''`)}'`;
}

/** `C-b` as written on the keys. */
function keyWords(key: string): string {
  return key.replace(/^C-/, "Ctrl-").replace(/^M-/, "Alt-");
}

/**
 * Waits for the client to end. When the program ends first, its pane stays on the screen with
 * nothing more to see: then the client is detached, unless other windows of the session live on.
 */
async function untilEnded(
  plan: AttachPlan,
  { pid, ended }: Interaction,
): Promise<Awaited<Interaction["ended"]>> {
  const { world, server, session } = plan;
  const program = mainPane(session)?.programPid ?? mainPane(session)?.pid ?? null;
  let isOver = false;
  const over = ended.then((end) => {
    isOver = true;
    return end;
  });
  while (!isOver && program !== null && await world.processes.alive(program)) {
    await Promise.race([over, world.sleep(LOOK_EVERY_MS)]);
  }
  // The keeper needs a moment to report the end.
  while (!isOver) {
    const now = await plan.again();
    if (now === null || now.panes.every(({ dead }) => dead)) break;
    if (mainPane(now)?.dead === true) return await over;
    await Promise.race([over, world.sleep(LOOK_EVERY_MS)]);
  }
  if (!isOver) await detach(world, server, pid);
  return await over;
}

async function detach(world: World, server: Server, clientPid: number): Promise<void> {
  const nonce = world.randomId();
  const argv = listClients(server, nonce);
  const { stdout } = await world.exec(argv, { timeoutMs: ANSWER_TIMEOUT_MS });
  for (const name of parseClients(stdout, clientPid, nonce)) {
    await world.exec(detachClient(server, name), { timeoutMs: ANSWER_TIMEOUT_MS });
  }
}

function notAttached(name: string, stderr: string): SessionAttachError {
  const reason = stderr.trim().split("\n").at(-1) || "the tmux server ended";
  const isTerminal = /terminal/.test(reason);
  return new SessionAttachError(name, reason, {
    backend: "tmux",
    hint: isTerminal
      ? "set TERM to what your terminal is, such as TERM=xterm-256color"
      : "kstops list shows every session",
  });
}
