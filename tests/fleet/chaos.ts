/**
 * Starts and stops a few sessions again and again, and at random moments kills kstops, the program, the
 * shell that keeps it or the tmux server, removes the server's socket, respawns, moves or renames what
 * is in tmux, or has another TMUX_TMPDIR. After each step what kstops says is compared with what the
 * operating system says. Exits 1 when an answer was false.
 *
 * ```sh
 * deno task chaos                        # 300 steps, on the source, or on the executable KSTOPS_BIN
 * deno task chaos --steps 50 --seed 7    # the steps of that seed, at most --minutes 60
 * ```
 */
import { waitFor } from "../support/tmux.ts";
import {
  type Event,
  planSteps,
  type Session,
  SESSIONS,
  type Step,
  stepWords,
} from "./chaos_plan.ts";
import { Faults } from "./faults.ts";
import { judgeLeftovers, judgeList, judgeStep, livingIn, type Truth, type Wrong } from "./judge.ts";
import {
  described,
  isTmuxServer,
  kill,
  type Living,
  livingProcesses,
  MARK_VARIABLE,
  markOf,
} from "./processes.ts";
import { main, type Outcome, type Proof, proveSteps, type StepOptions } from "./steps.ts";
import { type Answer, HangError, makeSubject, parseSaid, type Subject } from "./subject.ts";

/** How long an answer may take to become true after something was killed, and how often it is asked. */
const SETTLE_MS = 5_000;
const SETTLE_ASKED = 4;
/** How long a `list` takes on a quiet machine: where it takes longer, events come later. */
const QUIET_LIST_MS = 250;
const SLOWEST = 20;
/** What somebody else starts in a session's pane. */
const STRANGER = ["sleep", "86399"];
const PROGRAM = decodeURIComponent(new URL("programs/program.sh", import.meta.url).pathname);

/** Runs the proof in a sandbox of its own and clears up. */
export async function proveChaos(options: StepOptions<Step>): Promise<Outcome> {
  const subject = await makeSubject();
  const proof = new Chaos(subject, options.say);
  return await proveSteps({ name: "chaos", subject, proof }, options);
}

class Chaos implements Proof<Step> {
  readonly faults = new Faults();
  readonly story: string[] = [];
  /** How many answers became true only after a while. */
  late = 0;
  readonly #subject: Subject;
  readonly #say: (line: string) => void;
  readonly #nonce = `chaos${crypto.randomUUID().slice(0, 8)}`;
  /** How much slower than a quiet one this machine is now. */
  #slowness = 1;
  /** After a fault everything begins anew, with a state directory of its own. */
  #life = 0;

  constructor(subject: Subject, say: (line: string) => void) {
    this.#subject = subject;
    this.#say = say;
  }

  async prepare(): Promise<void> {
    const { work, directory } = this.#subject.sandbox;
    await Deno.mkdir(`${directory}/t2`, { mode: 0o700 });
    const fifo = `${work}/fifo`;
    await this.#subject.exec(["mkfifo", fifo]);
    const sessions = Object.fromEntries(SESSIONS.map((name, index) => [name, {
      command: [
        "sh",
        PROGRAM,
        `--mark=${this.#mark(name)}`,
        name,
        "main",
        this.#record(name),
        fifo,
      ],
      env: { [MARK_VARIABLE]: this.#mark(name) },
      // Both ways to be asked.
      ...(index % 2 === 0 ? {} : { stop_signal: "SIGTERM" }),
    }]));
    const ops = { start_wait: 200, stop_timeout: 3, sessions };
    // JSON is YAML.
    await Deno.writeTextFile(`${work}/kstops.yml`, JSON.stringify({ ops }));
    await this.#begin();
  }

  async #begin(): Promise<void> {
    this.#life++;
    for (const name of SESSIONS) await Deno.writeTextFile(this.#record(name), "");
  }

  /** Does a step, and judges it. */
  async take(step: Step, number: number): Promise<void> {
    const said = `${number}. ${stepWords(step)}`;
    const before = this.#truth(step.session);
    let answer: Answer;
    try {
      answer = await this.#do(step);
    } catch (error) {
      if (!(error instanceof HangError)) throw error;
      this.story.push(`${said}: no end`);
      this.faults.add("a command does not end", `${said}: ${error.message}`);
      return await this.#beginAnew();
    }
    const { code } = answer;
    this.story.push(`${said}: ${code === null ? "killed" : `exit ${code}`}`);
    const output = `${answer.stdout} ${answer.stderr}`;
    const judge = () => judgeStep({ step, code, output, before, after: this.#truth(step.session) });
    const wrongs = [
      // What a stop says is true when it says so; a program may take a moment to begin.
      ...(step.action.startsWith("stop")
        ? judge()
        : await this.#settled(() => Promise.resolve(judge()))),
      ...(step.action.startsWith("stop") && code === 0 ? await this.#keepers(step) : []),
      ...await this.#settled(() => this.#judgeAll()),
      ...await this.#settled(() => this.#judgeStatus(step.session)),
    ];
    if (wrongs.length === 0) return;
    for (const { kind, detail } of wrongs) {
      this.faults.add(kind, `${said}: ${detail}`);
      // At once: the proof may be ended before its end.
      this.#say(`${said}: ${kind}: ${detail}`);
    }
    this.story.push(`   false: ${wrongs.map(({ kind }) => kind).join("; ")}; all begins anew`);
    await this.#beginAnew();
  }

  /** Stops everything; nothing may be left. */
  async end(): Promise<void> {
    const answer = await this.#kstops(["stop", "--all", "--yes"]);
    if (answer.code !== 0) {
      this.faults.add("the last stop --all fails", `exit ${answer.code}: ${answer.stderr}`);
    }
    const left = SESSIONS.flatMap((name) => livingIn(this.#truth(name)));
    if (left.length > 0) this.faults.add("programs live after the last stop --all", `${left}`);
    const wrongs = await this.#settled(() => this.#judgeAll());
    for (const { kind, detail } of wrongs) this.faults.add(kind, `at the end: ${detail}`);
    try {
      await waitFor(() => this.#marked().length === 0, "nothing", { timeoutMs: SETTLE_MS });
    } catch {
      this.faults.add("something lives after the last stop --all", described(this.#marked()));
    }
  }

  clear(): Promise<void> {
    this.#killAll();
    return Promise.resolve();
  }

  /** Kills what the sessions are made of, and every tmux server. */
  #killAll(): void {
    for (let round = 0; round < 100; round++) {
      const all = this.#living().filter((one) => one.session !== null || isTmuxServer(one));
      if (all.length === 0) return;
      for (const { pid } of all) kill(pid);
    }
  }

  async #beginAnew(): Promise<void> {
    const gone = () => {
      this.#killAll();
      return !this.#living().some((one) => one.session !== null || isTmuxServer(one));
    };
    await waitFor(gone, "an end of everything");
    await this.#begin();
  }

  /** Repeats a judgement until there is nothing wrong, or it had its time. */
  async #settled(judge: () => Promise<readonly Wrong[]>): Promise<readonly Wrong[]> {
    const deadline = performance.now() + SETTLE_MS;
    for (let asked = 1;; asked++) {
      const wrongs = await judge();
      if (wrongs.length === 0) {
        if (asked > 1) this.late++;
        return [];
      }
      if (wrongs.some(({ kind }) => kind.includes("two copies"))) return wrongs;
      if (asked >= SETTLE_ASKED && performance.now() > deadline) return wrongs;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  async #judgeAll(): Promise<readonly Wrong[]> {
    const truths = () => SESSIONS.map((name) => this.#truth(name));
    const before = truths();
    const began = performance.now();
    const { code, stdout, stderr } = await this.#kstops(["list", "--json"]);
    const slowness = (performance.now() - began) / QUIET_LIST_MS;
    this.#slowness = Math.min(Math.max(slowness, 1), SLOWEST);
    const after = truths();
    if (code !== 0) return [{ kind: "list fails", detail: `exit ${code}: ${stderr}` }];
    const rows = parseSaid(stdout);
    return SESSIONS.flatMap((name, index) => {
      const truth = after[index];
      // It changed while kstops was asked: whatever it says may be true.
      if (truth === undefined || String(truth.mains) !== String(before[index]?.mains)) return [];
      return judgeList(rows.filter((row) => row.name === name), truth);
    });
  }

  async #judgeStatus(session: Session): Promise<readonly Wrong[]> {
    const truth = this.#truth(session);
    if (truth.mains.length > 0 || truth.children.length === 0) return [];
    const { code, stdout, stderr } = await this.#kstops(["status", session, "--json"]);
    if (code !== 0) return [{ kind: "status fails", detail: `exit ${code}: ${stderr}` }];
    const [status] = parseSaid(stdout);
    return status === undefined ? [] : judgeLeftovers(status, this.#truth(session));
  }

  /** What is no program of a stopped session, its keeper above all, may live on for a moment. */
  async #keepers({ session, event }: Step): Promise<readonly Wrong[]> {
    if (event === "respawn pane") return [];
    const left = () => this.#marked().filter((one) => one.session === session);
    try {
      await waitFor(() => left().length === 0, "nothing of it", { timeoutMs: SETTLE_MS });
      return [];
    } catch {
      return [{ kind: "stop says Stopped, and its keeper lives", detail: described(left()) }];
    }
  }

  async #do(step: Step): Promise<Answer> {
    const { action, session, event, isElsewhere } = step;
    const eventAfterMs = step.eventAfterMs === null ? null : step.eventAfterMs * this.#slowness;
    const env = isElsewhere ? { TMUX_TMPDIR: `${this.#subject.sandbox.directory}/t2` } : {};
    const args = [...action.split(" "), session, ...(action === "start" ? [] : ["--yes"])];
    if (event === null) return await this.#kstops(args, { env });
    if (event === "kill kstops") {
      return await this.#kstops(args, { env, killAfterMs: eventAfterMs ?? 0 });
    }
    const command = this.#kstops(args, { env });
    const moment = eventAfterMs === null
      ? command
      : new Promise((resolve) => setTimeout(resolve, eventAfterMs));
    const [answer] = await Promise.all([
      command,
      moment.then(() => this.#happen(event, session)),
    ]);
    return answer;
  }

  async #happen(event: Event, session: Session): Promise<void> {
    const { sandbox } = this.#subject;
    const living = this.#living();
    const [main] = this.#truth(session).mains;
    if (event === "kill program" && main !== undefined) kill(main);
    if (event === "kill keeper") {
      const parent = living.find(({ pid }) => pid === main)?.parent;
      const keeper = living.find((one) => one.pid === parent);
      if (keeper !== undefined && !isTmuxServer(keeper)) kill(keeper.pid);
    }
    if (event === "kill server") { for (const { pid } of living.filter(isTmuxServer)) kill(pid); }
    if (event === "remove socket") {
      const socket = `${sandbox.env["TMUX_TMPDIR"]}/tmux-${Deno.uid()}/default`;
      await Deno.remove(socket).catch(() => {});
    }
    if (event === "respawn pane") {
      await this.#tmux("respawn-pane", "-k", "-t", `=${session}:`, "--", ...STRANGER);
    }
    if (event === "move window") {
      await this.#tmux("new-session", "-d", "-s", "other", "--", "sleep", "86398");
      await this.#tmux("move-window", "-s", `=${session}:0`, "-t", "=other:");
    }
    if (event === "rename session") {
      await this.#tmux("rename-session", "-t", `=${session}:`, `zz-${session}`);
    }
  }

  /** It may fail: the session is not there just now. */
  async #tmux(...args: readonly string[]): Promise<void> {
    await this.#subject.exec(["tmux", "-u", "-f", "/dev/null", ...args]);
  }

  #kstops(
    args: readonly string[],
    options: Parameters<Subject["kstops"]>[1] = {},
  ): Promise<Answer> {
    const state = { KSTOPS_STATE_DIR: `${this.#subject.sandbox.directory}/state${this.#life}` };
    return this.#subject.kstops(args, { ...options, env: { ...options.env, ...state } });
  }

  /** What lives of a session: who was there when it wrote itself down, and is the same process still. */
  #truth(session: Session): Truth {
    const living = this.#living().filter((one) => one.session === session);
    const byPid = new Map(living.map((one) => [one.pid, one]));
    const of: Record<"main" | "child", Living[]> = { main: [], child: [] };
    for (const line of Deno.readTextFileSync(this.#record(session)).split("\n")) {
      const [pid, ticks, role] = line.split(" ");
      const one = byPid.get(Number(pid));
      if (one === undefined || one.startTicks !== Number(ticks)) continue;
      if (role === "main" || role === "child") of[role].push(one);
    }
    const strangers = living.filter(({ command }) => command === STRANGER.join(" "));
    const pids = (processes: readonly Living[]) => processes.map(({ pid }) => pid);
    const runs = [...of.main, ...of.child, ...strangers].flatMap(({ run }) => run ?? []);
    return {
      mains: pids(of.main),
      children: pids(of.child),
      strangers: pids(strangers),
      runs: [...new Set(runs)],
    };
  }

  #living(): readonly Living[] {
    return livingProcesses({ nonce: this.#nonce, work: this.#subject.sandbox.work });
  }

  #marked(): readonly Living[] {
    return this.#living().filter(({ session }) => session !== null);
  }

  #mark(session: Session): string {
    return markOf(this.#nonce, session);
  }

  #record(session: Session): string {
    return `${this.#subject.sandbox.work}/${session}.record`;
  }
}

if (import.meta.main) {
  await main("chaos", { steps: 300, minutes: 60, planSteps, prove: proveChaos });
}
