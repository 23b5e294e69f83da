/** One session of every kind, for tests of output. */
import { type SessionStatus, statusOf } from "../../src/model.ts";

/** When these statuses are looked at. */
export const NOW = new Date("2026-03-04T12:00:00.000Z");

function ago(milliseconds: number): Date {
  return new Date(NOW.getTime() - milliseconds);
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const TMUX = { backend: "tmux", engine: "tmux", socketName: "default" } as const;

/** A tmux session with all fields known. */
export const TMUX_SESSION: SessionStatus = statusOf({
  ...TMUX,
  name: "astro",
  state: "running",
  pid: 4711,
  createdAt: ago(5 * MINUTE),
  managed: true,
  defined: true,
  windowCount: 2,
  attached: 1,
  id: "$3",
  command: ["python", "-c", "print('hi')", ""],
  workingDir: "/opt/astro",
});

/** A container with all fields known. */
export const CONTAINER: SessionStatus = statusOf({
  name: "astro-prod",
  backend: "container",
  state: "exited",
  exitCode: 137,
  signal: "SIGKILL",
  createdAt: ago(3 * DAY),
  finishedAt: new Date(ago(2 * HOUR).getTime() + 7),
  managed: true,
  engine: "podman",
  engineState: "exited",
  id: "4f5d0c1a9be3d8477c2b60a1f9e8d7c6b5a4938271605f4e3d2c1b0a99887766",
  image: "localhost:5000/astro-bot:latest",
  ports: [
    { hostIp: "127.0.0.1", hostPort: 8081, containerPort: 8080, protocol: "tcp" },
    { hostIp: null, hostPort: null, containerPort: 53, protocol: "udp" },
  ],
  command: ["serve"],
  workingDir: "/app",
  reason: "killed: out of memory",
});

/** A session that is only in the config. */
export const DEFINED: SessionStatus = statusOf({
  ...TMUX,
  name: "worker",
  state: "defined",
  defined: true,
  command: ["python -m worker"],
  workingDir: "/srv/worker",
});

/** The row of an engine that cannot be asked. */
export const TROUBLE: SessionStatus = statusOf({
  name: null,
  backend: "container",
  state: "unknown",
  engine: "docker",
  reason: "permission denied while trying to connect to the docker API",
});

/** A session of every state, with names and texts that could harm a terminal. */
export const STATUSES: readonly SessionStatus[] = [
  TMUX_SESSION,
  CONTAINER,
  statusOf({
    ...TMUX,
    name: "日本語のボット",
    state: "running",
    pid: 101,
    createdAt: ago(3 * HOUR),
    command: ["tail -f 記録.log"],
  }),
  statusOf({
    ...TMUX,
    name: "🐍👩‍🚀🇩🇪",
    state: "running",
    pid: 1234567,
    createdAt: ago(50 * HOUR),
    command: ["/usr/local/bin/a-program-with-a-long-name", "--and", "many long arguments"],
  }),
  statusOf({
    ...TMUX,
    name: "evil\x1b[2J\x1b]0;title\x07\nroot\ttab\u202egpj.exe\x9b31m",
    state: "exited",
    exitCode: 3,
    createdAt: ago(HOUR),
    finishedAt: ago(59_000),
    command: ["printf '\x1b[31m'\nrm"],
  }),
  statusOf({
    ...TMUX,
    name: "migrate",
    state: "exited",
    exitCode: 0,
    createdAt: ago(HOUR),
    finishedAt: ago(HOUR - 1),
    managed: true,
    socketName: "bots",
    command: ["./migrate"],
  }),
  statusOf({
    name: "a-name-of-sixty-four-characters-which-is-the-longest-that-there-is",
    backend: "container",
    state: "stopped",
    createdAt: ago(400 * DAY),
    engine: "docker",
    engineState: "paused",
    image: "registry.example.com/team/project/some-image-with-a-long-name:v1.2.3-rc.4",
  }),
  statusOf({
    name: "web",
    backend: "container",
    state: "running",
    pid: 4713,
    createdAt: ago(HOUR),
    managed: true,
    defined: true,
    engine: "docker",
    engineState: "running",
    image: "nginx:alpine",
    ports: [
      { hostIp: "0.0.0.0", hostPort: 8080, containerPort: 80, protocol: "tcp" },
      { hostIp: "::", hostPort: 8080, containerPort: 80, protocol: "tcp" },
      { hostIp: null, hostPort: null, containerPort: 443, protocol: "tcp" },
    ],
  }),
  DEFINED,
  TROUBLE,
];
