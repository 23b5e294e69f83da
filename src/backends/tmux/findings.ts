/** Findings about tmux. Pure. */
import { isTooOld, OLDEST_TMUX } from "./version.ts";
import type { Found } from "../program.ts";
import { quote } from "../../errors.ts";
import { shellWord } from "../../shell.ts";
import {
  type Answer,
  counted,
  type Finding,
  namesText,
  ok,
  skipped,
  withoutPassword,
  wrong,
} from "../../model/finding.ts";
import type { Needs } from "../doctor.ts";

/** The facts about tmux. */
export interface TmuxFacts {
  /** As given in the config. */
  readonly binary: string;
  readonly found: Found;
  /** How to get tmux. */
  readonly installHint: string;
  /** Null when there is no program to ask. */
  readonly version: Answer<string> | null;
  /** Absolute path of the directory with the sockets. */
  readonly directory: string;
  /** Why tmux will not use that directory. */
  readonly directoryTrouble: { readonly reason: string; readonly fix: string } | null;
  readonly servers: readonly ServerFacts[];
  /** Managed sessions whose end nobody has recorded. */
  readonly unended: readonly { readonly name: string; readonly socketName: string }[];
}

/** The facts about the server of a socket. */
export interface ServerFacts {
  readonly socketName: string;
  /** Absolute path. */
  readonly path: string;
  /** Null: no server listens there. */
  readonly answer: Answer<TmuxServer | null>;
}

/** A running tmux server. */
export interface TmuxServer {
  /** Null: a server without sessions does not tell. */
  readonly version: string | null;
  readonly pid: number | null;
  readonly sessions: number;
  /** The sessions whose description by tmux cannot be read. */
  readonly unreadable: readonly { readonly name: string | null; readonly reason: string }[];
}

/** Findings about version, servers and sockets. */
export function tmuxFindings(facts: TmuxFacts, needs: Needs): readonly Finding[] {
  const version = versionFinding(facts, needs.any);
  // Without a program no server was asked.
  if (facts.version === null) return [version];
  return [version, ...socketFindings(facts, needs)];
}

function versionFinding(facts: TmuxFacts, need: string | null): Finding {
  const check = "tmux.version";
  const { binary, found, version, installHint } = facts;
  const because = need === null ? "" : ` (${need})`;
  const level = need === null ? "warning" : "failure";
  if (found.kind === "missing" || version === null) {
    const reason = found.kind === "missing" ? found.reason : "it cannot be executed";
    const isConfigured = binary !== "tmux";
    const message = `tmux is not there: ${reason}${because}`;
    const fix = isConfigured
      ? `set tmux_binary to a tmux ${OLDEST_TMUX} or newer, or leave it out`
      : installHint;
    const details = { engine: "tmux", path: null, version: null, milliseconds: null };
    return need === null && !isConfigured
      ? skipped(check, message, { fix, details })
      : wrong(level, check, { message, fix, details });
  }
  const { path } = found;
  const { milliseconds } = version;
  if (version.kind === "failed") {
    return wrong(level, check, {
      message: `${path} does not tell its version: ${version.reason}${because}`,
      fix: `try it by hand: ${shellWord(path)} -V`,
      details: { engine: "tmux", path, version: null, milliseconds },
    });
  }
  const details = { engine: "tmux", path, version: version.value, milliseconds };
  if (isTooOld(version.value)) {
    return wrong(level, check, {
      message: `tmux ${version.value} (${path}) is too old, kstops needs ${OLDEST_TMUX}${because}`,
      fix: `install tmux ${OLDEST_TMUX} or newer, or set tmux_binary to one`,
      details,
    });
  }
  return ok(check, `tmux ${version.value} (${path}) answers in ${milliseconds} ms`, details);
}

function socketFindings(facts: TmuxFacts, needs: Needs): readonly Finding[] {
  const { directory, directoryTrouble, servers, unended, binary } = facts;
  if (directoryTrouble !== null) {
    return [wrong(needs.any === null ? "warning" : "failure", "tmux.sockets", {
      message: `tmux cannot keep its sockets in ${directory}: ${directoryTrouble.reason}`,
      fix: directoryTrouble.fix,
      details: { directory },
    })];
  }
  const running: (ServerFacts & { readonly server: TmuxServer; readonly milliseconds: number })[] =
    [];
  const stale: ServerFacts[] = [];
  const troubled: Finding[] = [];
  for (const each of servers) {
    const { socketName, answer } = each;
    const level = needs.scopes.includes(socketName) ? "failure" : "warning";
    const details = { engine: "tmux", socket_name: socketName, milliseconds: answer.milliseconds };
    if (answer.kind === "failed") {
      troubled.push(wrong(level, "tmux.server", {
        message: `the tmux server on socket ${quote(socketName)} cannot be asked: ${
          withoutPassword(answer.reason)
        }`,
        fix: `try it by hand: ${shellWord(binary)} -L ${shellWord(socketName)} list-sessions`,
        details: { ...details, version: null },
      }));
    } else if (answer.value === null) {
      stale.push(each);
    } else if (answer.value.version !== null && isTooOld(answer.value.version)) {
      const { version } = answer.value;
      troubled.push(wrong(level, "tmux.server", {
        message: `the tmux server on socket ${
          quote(socketName)
        } is tmux ${version}: too old, kstops needs ${OLDEST_TMUX}`,
        fix: `end its sessions; the next start there begins a server of the tmux that is installed`,
        details: { ...details, version },
      }));
    } else {
      const { milliseconds } = answer;
      const { unreadable, version } = answer.value;
      if (unreadable.length > 0) {
        troubled.push(wrong(level, "tmux.unreadable", {
          message: unreadableText(socketName, unreadable),
          fix: "report it as a fault of kstops, with the version of tmux",
          details: { ...details, version, sessions: unreadable.map(({ name }) => name) },
        }));
      }
      running.push({ ...each, server: answer.value, milliseconds });
    }
  }
  // Sessions on a server that does not answer may still run.
  const alive = servers.filter(({ answer }) => answer.kind === "failed" || answer.value !== null);
  const lost = unended.filter(({ socketName }) =>
    !alive.some((server) => server.socketName === socketName)
  );
  return [
    ...troubled,
    ...running.length > 0 || troubled.length === 0 ? [runningFinding(running)] : [],
    ...stale.length > 0 ? [staleFinding(stale)] : [],
    ...lost.length > 0 ? [lostFinding(lost.map(({ name }) => name))] : [],
  ];
}

function unreadableText(socketName: string, unreadable: TmuxServer["unreadable"]): string {
  const names = unreadable.map(({ name }) => name === null ? "one without a name" : quote(name));
  return `what the tmux server on socket ${quote(socketName)} says of ` +
    `${counted(unreadable.length, "session")} cannot be read (${namesText(names)}): ` +
    (unreadable[0]?.reason ?? "");
}

function runningFinding(
  running: readonly (ServerFacts & {
    readonly server: TmuxServer;
    readonly milliseconds: number;
  })[],
): Finding {
  if (running.length === 0) {
    return ok("tmux.server", "no tmux server runs; the first start begins one", { servers: [] });
  }
  const sessions = running.reduce((sum, { server }) => sum + server.sessions, 0);
  const slowest = Math.max(...running.map(({ milliseconds }) => milliseconds));
  const names = namesText(running.map(({ socketName }) => socketName));
  const answers = running.length === 1 ? "answers" : "answer";
  return ok(
    "tmux.server",
    `${counted(running.length, "tmux server")} ${answers} in ${slowest} ms (${names}), with ` +
      counted(sessions, "session"),
    {
      servers: running.map(({ socketName, server: { pid, version, sessions }, milliseconds }) => ({
        socket_name: socketName,
        pid,
        version,
        sessions,
        milliseconds,
      })),
    },
  );
}

/** Every `list` asks stale sockets in vain, and this many take time. */
const MANY_STALE = 10;

/** tmux leaves its socket behind when its last session ends, and reuses it (tmux 3.3a). */
function staleFinding(stale: readonly ServerFacts[]): Finding {
  const paths = stale.map(({ path }) => path);
  const names = namesText(stale.map(({ socketName }) => quote(socketName)));
  const isMany = stale.length >= MANY_STALE;
  const message = stale.length === 1
    ? `the tmux socket ${names} has no server behind it`
    : `${stale.length} tmux sockets have no server behind them: ${names}`;
  return {
    check: "tmux.stale_sockets",
    level: isMany ? "warning" : "ok",
    message: `${message} (${isMany ? "every list asks them in vain" : "which does no harm"})`,
    fix: `run: rm ${paths.map(shellWord).join(" ")}`,
    details: { paths },
  };
}

function lostFinding(names: readonly string[]): Finding {
  const [first = ""] = names;
  return wrong("warning", "tmux.lost_sessions", {
    message: `${counted(names.length, "session")} ran when the tmux server went, as at a reboot: ` +
      namesText(names),
    fix: `see what is known: kstops why ${first}; then start or stop it`,
    details: { sessions: names },
  });
}
