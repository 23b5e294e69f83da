/** Definitions of sessions as tests need them. */
import {
  type ContainerDefinition,
  DEFAULT_LOG,
  NOBODY,
  type TmuxDefinition,
} from "../../src/model.ts";

/** A container with only a program by default. */
export function containerDefinition(
  more: Partial<ContainerDefinition> = {},
): ContainerDefinition {
  return {
    backend: "container",
    name: "astro",
    owner: NOBODY,
    image: "busybox:1",
    argv: ["sleep", "60"],
    workingDir: null,
    env: {},
    volumes: [],
    logVolume: null,
    ports: [],
    runtime: null,
    network: null,
    user: null,
    restart: null,
    ready: null,
    tty: true,
    runArgs: [],
    stopSignal: null,
    stopTimeoutSeconds: 10,
    log: DEFAULT_LOG,
    protected: false,
    ...more,
  };
}

/** A tmux session with only a program by default. */
export function tmuxDefinition(more: Partial<TmuxDefinition> = {}): TmuxDefinition {
  return {
    backend: "tmux",
    name: "astro",
    owner: NOBODY,
    argv: ["sleep", "60"],
    workingDir: "/project",
    socketName: "default",
    restart: null,
    restartDelaySeconds: 1,
    restartMaxDelaySeconds: 60,
    restartResetSeconds: 60,
    successExitCodes: [],
    ready: null,
    env: {},
    stopSignal: null,
    stopScope: null,
    stopTimeoutSeconds: 10,
    log: DEFAULT_LOG,
    protected: false,
    ...more,
  };
}
