/** Private homes and tmux servers with sessions in them, to measure commands on. */
import { makeSandbox, type Sandbox, waitFor } from "../tests/support/tmux.ts";
import { run, type Step } from "./measure.ts";

/** What to fill a sandbox with. */
export interface Filling {
  /** How many sessions of kstops, which all sleep. */
  readonly sessions: number;
  /** Over how many tmux sockets they are spread; one is the default socket. */
  readonly sockets: number;
}

/**
 * Makes a sandbox and puts it into `made` at once, so that it can be cleared whatever happens.
 *
 * @returns when every program in it runs
 */
export async function filledSandbox(
  kstops: string,
  { made, ...filling }: Filling & { readonly made: Sandbox[] },
): Promise<Sandbox> {
  const sandbox = await makeSandbox();
  made.push(sandbox);
  await fill(kstops, sandbox, filling);
  return sandbox;
}

/** Starts sessions in a sandbox, and waits until every program in it runs. */
export async function fill(
  kstops: string,
  sandbox: Sandbox,
  { sessions, sockets }: Filling,
): Promise<void> {
  const config = `${sandbox.directory}/all.yml`;
  await Deno.writeTextFile(config, configOf({ sessions, sockets }));
  run(stepIn(sandbox, [kstops, "start", "--all", "--no-wait", "--quiet", "--config", config]));
  await waitFor(() => allRun(kstops, { sandbox, sessions }), `${sessions} sessions`, {
    timeoutMs: 120_000,
  });
}

/** The names of the sockets of {@link Filling}. */
export function socketNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => index === 0 ? "default" : `socket${index}`);
}

/** One program in a sandbox. */
export function stepIn(sandbox: Sandbox, ...argvs: readonly (readonly string[])[]): Step {
  return { argvs, env: sandbox.env, workingDirectory: sandbox.work };
}

function configOf({ sessions, sockets }: Filling): string {
  const names = socketNames(sockets);
  const lines = Array.from(
    { length: sessions },
    (_, index) =>
      `    session${index + 1}: { command: sleep 3600, socket_name: ${names[index % sockets]} }\n`,
  );
  return `ops:\n  sessions:\n${lines.join("")}`;
}

/** Whether kstops knows the pid of every program, which comes last. */
async function allRun(
  kstops: string,
  { sandbox, sessions }: { readonly sandbox: Sandbox; readonly sessions: number },
): Promise<boolean> {
  const { stdout } = await new Deno.Command(kstops, {
    args: ["list", "--json", "--backend", "tmux"],
    env: { ...sandbox.env },
    clearEnv: true,
    cwd: sandbox.work,
    stdin: "null",
  }).output();
  const found: readonly { readonly pid: number | null }[] = JSON.parse(
    new TextDecoder().decode(stdout),
  );
  return found.filter(({ pid }) => pid !== null).length === sessions;
}
