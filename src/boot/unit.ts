/** The files by which an init system starts the sessions of a config. Pure. */
import { shellWord } from "../shell.ts";
import { USER_UNIT } from "./groups.ts";

/** What is started at boot, and how. */
export interface BootPlan {
  /** The words that run this kstops. */
  readonly program: readonly string[];
  /** Absolute path of the config. */
  readonly config: string;
  /** Sessions that start whatever their policy; none: those that their policy starts. */
  readonly names: readonly string[];
  /** Variables that lead to programs, engines and the state directory. */
  readonly env: Readonly<Record<string, string>>;
  /** How long all sessions may take to end. */
  readonly stopSeconds: number;
  /** The user of a unit of the system, and the number of that user; null: a unit of this user. */
  readonly system: { readonly user: string; readonly uid: number } | null;
}

/** The longest time that the service manager of a user gives to its units (user@.service). */
export const MOST_USER_SECONDS = 110;

/** The words that start, and the words that stop the sessions. */
export function bootWords(plan: BootPlan): { readonly start: string[]; readonly stop: string[] } {
  const { program, config, names } = plan;
  const kstops = [...program, "--config", config];
  return { start: [...kstops, "up", "--boot", ...names], stop: [...kstops, "down", "--boot"] };
}

/**
 * The unit of systemd. Its programs are prefixed with `-`: after a session that could not start, the unit
 * must stay active, or nothing would be asked to end at a shutdown. `KillMode=process`: a tmux server
 * that got no scope of its own outlives a restart of the unit.
 */
export function systemdUnit(plan: BootPlan): string {
  const { env, stopSeconds, system, config } = plan;
  const { start, stop } = bootWords(plan);
  const after = system === null ? [] : [
    "Wants=network-online.target",
    // Without dbus, a user cannot ask whether the machine goes down.
    "After=network-online.target dbus.service dbus.socket " +
    `user@${system.uid}.service docker.service podman.service`,
  ];
  return [
    "[Unit]",
    `Description=Sessions of kstops (${config.replaceAll("%", "%%")})`,
    ...after,
    "",
    "[Service]",
    "Type=oneshot",
    "RemainAfterExit=yes",
    ...system === null ? [] : [`User=${system.user}`, "WorkingDirectory=~"],
    ...Object.entries(env).map(([key, value]) =>
      `Environment=${unitWord(`${key}=${value}`, false)}`
    ),
    `ExecStart=-${start.map((word) => unitWord(word)).join(" ")}`,
    `ExecStop=-${stop.map((word) => unitWord(word)).join(" ")}`,
    "TimeoutStartSec=infinity",
    `TimeoutStopSec=${stopSeconds}`,
    "KillMode=process",
    "",
    "[Install]",
    `WantedBy=${system === null ? "default.target" : "multi-user.target"}`,
    "",
  ].join("\n");
}

/** A word of a unit (systemd.service(5)); in a command, `$` would be replaced as well. */
export function unitWord(word: string, isCommand = true): string {
  const percent = word.replaceAll("%", "%%");
  const text = isCommand ? percent.replaceAll("$", "$$$$") : percent;
  if (/^[A-Za-z0-9_@%+=:,./$-]+$/.test(text)) return text;
  const escaped = text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")
    .replaceAll("\t", "\\t");
  return `"${escaped}"`;
}

/** What makes scopes of a kind end behind the unit, so that the unit can ask what is in them to end. */
export function scopeDropIn(): string {
  return `[Unit]\nBefore=${USER_UNIT}\n`;
}

/** The kinds of scopes that hold programs of sessions: panes of newer tmux, and rootless containers. */
export const SCOPES = ["tmux-spawn-.scope", "libpod-.scope"] as const;

/** A line of a crontab, without its mark; a `%` would end the command (crontab(5)). */
export function crontabLine(plan: BootPlan): string {
  const env = Object.entries(plan.env).map(([key, value]) => shellWord(`${key}=${value}`));
  const words = [...["/usr/bin/env", ...env], ...bootWords(plan).start.map(shellWord)];
  return `@reboot ${words.join(" ").replaceAll("%", "\\%")} >/dev/null 2>&1`;
}

/** The longest command that cron takes (Debian's cron 3.0, MAX_COMMAND). */
export const MOST_CRON_BYTES = 990;

/** The label of the job of launchd. */
export const LAUNCHD_LABEL = "dev.kstops.boot";

/** An agent of launchd: it runs after its user has logged in, and launchd leaves tmux servers alone. */
export function launchdAgent(plan: BootPlan): string {
  const text = (value: string): string =>
    `<string>${
      value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    }</string>`;
  const env = Object.entries(plan.env).map(([key, value]) =>
    `    <key>${key}</key>\n    ${text(value)}\n`
  );
  return `<plist version="1.0">
<dict>
  <key>Label</key>
  ${text(LAUNCHD_LABEL)}
  <key>ProgramArguments</key>
  <array>
${bootWords(plan).start.map((word) => `    ${text(word)}\n`).join("")}  </array>
  <key>EnvironmentVariables</key>
  <dict>
${env.join("")}  </dict>
  <key>RunAtLoad</key>
  <true/>
  <key>AbandonProcessGroup</key>
  <true/>
</dict>
</plist>
`;
}

/** A script of OpenRC, for the user of the plan. */
export function openrcScript(plan: BootPlan): string {
  const { start, stop } = bootWords(plan);
  const env = Object.entries(plan.env).map(([key, value]) => shellWord(`${key}=${value}`)).join(
    " ",
  );
  const as = (words: readonly string[]): string =>
    `su -s /bin/sh -c ${shellWord(`exec env ${env} ${words.map(shellWord).join(" ")}`)} ${
      shellWord(plan.system?.user ?? "root")
    }`;
  return `description="Sessions of kstops"

depend() {
  need localmount
  after net docker podman
}

start() {
  ${as(start)}
  return 0
}

stop() {
  [ "$RC_GOINGDOWN" = YES ] || return 0
  ${as(stop)}
}
`;
}
