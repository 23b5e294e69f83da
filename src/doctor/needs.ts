/** Which engines are wanted, and for what. Pure. */
import type { Config } from "../config/config.ts";
import { definedSessions } from "../config/defined.ts";
import { type Engine, type Runtime, RUNTIMES } from "../model.ts";
import { namesText } from "./finding.ts";

/** For what each engine is wanted, in words; null: for nothing. */
export interface Needs {
  readonly of: Readonly<Record<Engine, string | null>>;
  /** For what a container runtime is wanted, whichever it is. */
  readonly runtime: string | null;
  /** The tmux sockets that the config names. */
  readonly sockets: readonly string[];
}

/**
 * What the sessions of a config need; where it has none, the default backend is needed, for sessions
 * that are made up.
 *
 * @param installed the runtimes that have a client, the preferred one first
 */
export function needsOf(config: Config, installed: readonly Runtime[]): Needs {
  const sessions = definedSessions(config);
  const { defaultBackend, containerRuntime } = config.settings;
  const [preferred = null] = installed;
  if (sessions.length === 0) {
    const words = "it is the default backend";
    const runtime = defaultBackend === "container" ? containerRuntime ?? preferred : null;
    return {
      of: {
        tmux: defaultBackend === "tmux" ? words : null,
        podman: runtime === "podman" ? words : null,
        docker: runtime === "docker" ? words : null,
      },
      runtime: defaultBackend === "container" ? words : null,
      sockets: [],
    };
  }
  const inTmux = sessions.filter(({ backend }) => backend === "tmux");
  const containers = sessions.filter(({ backend }) => backend === "container");
  const [podman = null, docker = null] = RUNTIMES.map((runtime) =>
    neededBy(containers.filter(({ named }) => (named.runtime ?? preferred) === runtime))
  );
  return {
    of: { tmux: neededBy(inTmux), podman, docker },
    runtime: neededBy(containers),
    sockets: inTmux.map(({ named }) => named.socketName ?? "default"),
  };
}

function neededBy(sessions: readonly { readonly name: string }[]): string | null {
  return sessions.length === 0 ? null : `needed by ${namesText(sessions.map(({ name }) => name))}`;
}
