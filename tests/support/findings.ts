/** Findings of `doctor`, one of each kind, for tests of its output. */
import { type Finding, ok, skipped, wrong } from "../../src/model/finding.ts";

/** Findings of every part of the report and of every level. */
export const FINDINGS: readonly Finding[] = [
  ok("tmux.version", "tmux 3.3a (/usr/bin/tmux) answers in 2 ms", {
    engine: "tmux",
    path: "/usr/bin/tmux",
    version: "3.3a",
    milliseconds: 2,
  }),
  wrong("warning", "tmux.stale_sockets", {
    message: "12 tmux sockets have no server behind them: left over and 11 more",
    fix: "run: rm '/tmp/tmux-1000/left over' /tmp/tmux-1000/one-with-a-name-that-is-rather-long",
    details: { paths: ["/tmp/tmux-1000/left over"] },
  }),
  wrong("failure", "docker.reachable", {
    message: "docker cannot be asked: Cannot connect to the Docker daemon at " +
      "unix:///var/run/docker.sock. Is the docker daemon running? (needed by web)",
    fix: "start it (systemctl start docker), or see why it is down",
    details: { engine: "docker", version: null, rootless: null, host: null, milliseconds: 12 },
  }),
  skipped("logout.tmux", "no systemd runs here, so nothing ends sessions at a logout"),
  ok("terminal.locale", "the locale is UTF-8 (LANG=C.UTF-8)"),
  wrong("failure", "config.valid", {
    message:
      "/home/ada/\u001b[31mred\u202e/kstops.yml:3:14: ops.sessions.astro.comand: unknown key",
    fix: "see everything that is wrong: kstops config validate",
  }),
  ok("state.disk", "50 GiB of 100 GiB are free on /home"),
];
