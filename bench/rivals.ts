/** Other programs that look after many: made ready in a directory of their own, where they can be had. */
import type { Sandbox } from "../tests/support/tmux.ts";
import { run, type Step } from "./measure.ts";
import { stepIn } from "./sandboxes.ts";
import type { Against } from "./subject.ts";

/** A program that looks after programs, with as many as were asked for in its config. */
export interface Rival {
  readonly startAll: Against;
  readonly stopAll: Against;
  readonly restartOne: Against;
  readonly showAll: Against;
}

/** What a rival is made ready with. */
interface Ground {
  readonly sandbox: Sandbox;
  /** For what is installed. */
  readonly directory: string;
  /** Gets what has to be done in the end. */
  readonly clearings: (() => Promise<void>)[];
  readonly say: (text: string) => void;
  /** How many programs it is to look after. */
  readonly programs: number;
}

const PM2 = "pm2@7.0.4";

/** Those that can be had on this machine. */
export async function rivals(ground: Ground): Promise<readonly Rival[]> {
  const found: Rival[] = [];
  for (const [name, make] of [["supervisor", supervisor], [PM2, pm2]] as const) {
    ground.say(`bench: getting ${name}`);
    try {
      found.push(await make(ground));
    } catch (error) {
      ground.say(`bench: ${name} is left out: ${error instanceof Error ? error.message : error}`);
    }
  }
  return found;
}

/** Runs a program that gets something, with the environment of the user. */
async function get(directory: string, script: string, ...args: readonly string[]): Promise<void> {
  await Deno.mkdir(directory, { recursive: true });
  const { success, stderr } = await new Deno.Command("sh", {
    args: ["-ec", script, "sh", ...args],
    cwd: directory,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr).trim().split("\n").at(-1));
}

/** Debian's package, unpacked and not installed. */
const GET_SUPERVISOR = `apt-get download --quiet supervisor python3-pkg-resources
for package in *.deb; do dpkg -x "$package" root; done`;

async function supervisor(ground: Ground): Promise<Rival> {
  const { sandbox, clearings, programs } = ground;
  const directory = `${ground.directory}/supervisor`;
  await get(directory, GET_SUPERVISOR);
  const config = `${sandbox.directory}/supervisord.conf`;
  await Deno.writeTextFile(config, supervisorConfig(sandbox.directory, programs));
  const step = (program: string, ...words: readonly string[]): Step => {
    const path = `${directory}/root/usr/bin/${program}`;
    const plain = stepIn(sandbox, ["/usr/bin/python3", path, "-c", config, ...words]);
    const modules = `${directory}/root/usr/lib/python3/dist-packages`;
    return { ...plain, env: { ...plain.env, PYTHONPATH: modules } };
  };
  const call = (...words: readonly string[]): Against => ({
    what: `\`supervisorctl ${words.join(" ")}\``,
    step: step("supervisorctl", ...words),
  });
  run(step("supervisord"));
  clearings.push(() => Promise.resolve(run(call("shutdown").step)));
  return {
    startAll: call("start", "all"),
    stopAll: call("stop", "all"),
    restartOne: call("restart", "session1"),
    showAll: call("status"),
  };
}

function supervisorConfig(directory: string, programs: number): string {
  const entries = Array.from({ length: programs }, (_, index) =>
    `[program:session${index + 1}]
command=sleep 3600
autostart=false
`);
  return `[supervisord]
logfile=${directory}/supervisord.log
pidfile=${directory}/supervisord.pid
childlogdir=${directory}
[unix_http_server]
file=${directory}/supervisor.sock
[supervisorctl]
serverurl=unix://${directory}/supervisor.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
${entries.join("")}`;
}

async function pm2(ground: Ground): Promise<Rival> {
  const { sandbox, clearings, programs } = ground;
  const directory = `${ground.directory}/pm2`;
  await get(directory, 'npm install --silent --no-audit --no-fund --prefix . "$1"', PM2);
  const config = `${sandbox.directory}/fleet.config.json`;
  const apps = Array.from({ length: programs }, (_, index) => ({
    name: `session${index + 1}`,
    script: "sleep",
    args: "3600",
    interpreter: "none",
  }));
  await Deno.writeTextFile(config, JSON.stringify({ apps }));
  const call = (shown: string, ...words: readonly string[]): Against => {
    const plain = stepIn(sandbox, [`${directory}/node_modules/.bin/pm2`, ...words]);
    const step = { ...plain, env: { ...plain.env, PM2_HOME: `${sandbox.directory}/pm2` } };
    return { what: `\`pm2 ${shown}\``, step };
  };
  // Its daemon comes with its first command.
  run(call("ping", "ping").step);
  clearings.push(() => Promise.resolve(run(call("kill", "kill").step)));
  return {
    startAll: call("start CONFIG", "start", config),
    stopAll: call("stop all", "stop", "all"),
    restartOne: call("restart NAME", "restart", "session1"),
    showAll: call("list", "list"),
  };
}
