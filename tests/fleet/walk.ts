/**
 * Walks at random over tmux, podman and docker: starts, stops and restarts a few sessions, moves them
 * in the config and by flags, and renames, removes and kills behind the back of kstops. After each step
 * what kstops says is compared with what the process table and the engines' own clients say, and what
 * `logs` shows with what the programs wrote down. Exits 1 when an answer was false.
 *
 * ```sh
 * . <(.ci/engines up)                   # private engines
 * deno task walk                        # 500 steps, on the source, or on the executable KSTOPS_BIN
 * deno task walk --steps 50 --seed 7    # the steps of that seed, at most --minutes 90
 * ```
 */
import { problemWith, published } from "../support/json_schema.ts";
import { waitFor } from "../support/tmux.ts";
import { Faults } from "./faults.ts";
import type { Wrong } from "./judge.ts";
import { MARK_VARIABLE, markOf } from "./processes.ts";
import { main, type Outcome, type Proof, proveSteps, type StepOptions } from "./steps.ts";
import {
  type Answer,
  HangError,
  makeSubject,
  parseSaid,
  type Said,
  type Subject,
} from "./subject.ts";
import {
  type Execution,
  judgeAgreement,
  judgeCommand,
  judgeJson,
  judgeOutput,
  judgeSaid,
  type Missing,
  parseExecutions,
  told,
  type Truth,
} from "./walk_model.ts";
import {
  type Command,
  type Event,
  FIRST_MEANING,
  flagsOf,
  type Meaning,
  planSteps,
  type Session,
  SESSIONS,
  type Step,
  stepWords,
} from "./walk_plan.ts";
import { type Engines, enginesOf } from "./walk_raw.ts";

/** How long an answer may take to become true after something was killed, and how often it is asked. */
const SETTLE_MS = 10_000;
const SETTLE_ASKED = 5;
/** How long a command takes on a quiet machine: where it takes longer, it is killed later. */
const QUIET_MS = 600;
const SLOWEST = 20;
/** How much output is kept: little, so that one session alone goes beyond it. */
const LOG = { bytes: 64 * 1024, keep: 2 };
/** One file may just have been begun. */
const PROMISED_BYTES = LOG.bytes * (LOG.keep - 1);
/** How many lines each program prints at once. */
const LINES: Readonly<Record<Session, number>> = {
  plain: 300,
  stubborn: 20,
  chatty: 3000,
  family: 100,
};
const NOTHING: Truth = { mains: [], others: [], kept: [] };
const WALKER = new URL("programs/walker.sh", import.meta.url);
/** Which commands print the result of a change. */
const CHANGES = /^(start|stop|restart)/;

/** A walk. */
export interface WalkOptions extends StepOptions<Step> {
  readonly image: string;
}

/** Walks in a sandbox of its own and clears up. */
export async function proveWalk({ image, ...options }: WalkOptions): Promise<Outcome> {
  const subject = await makeSubject({ containers: true });
  const proof = new Walk(subject, { say: options.say, image });
  return await proveSteps({ name: "walk", subject, proof }, options);
}

/** What is seen of a session, by kstops and without it. */
interface Look {
  readonly session: Session;
  readonly truth: Truth;
  readonly executions: readonly Execution[];
  readonly status: Answer;
  /** Null: it was not asked. */
  readonly logs: Answer | null;
}

class Walk implements Proof<Step> {
  readonly faults = new Faults();
  readonly story: string[] = [];
  /** How many answers became true only after a while. */
  late = 0;
  readonly #subject: Subject;
  readonly #say: (line: string) => void;
  readonly #image: string;
  readonly #nonce = `walk${crypto.randomUUID().slice(0, 8)}`;
  readonly #engines: Engines;
  readonly #meanings = new Map<Session, Meaning>(SESSIONS.map((each) => [each, FIRST_MEANING]));
  /** What may be missing of the output of executions that were disturbed. */
  readonly #missing = new Map<string, Missing>();
  /** What there was of each session when the last step had come to rest. */
  readonly #resting = new Map<Session, Truth>();
  /** How much slower than a quiet one this machine is now. */
  #slowness = 1;
  /** After a fault everything begins anew, with a state directory of its own. */
  #life = 0;

  constructor(
    subject: Subject,
    { say, image }: { readonly say: (line: string) => void; readonly image: string },
  ) {
    this.#subject = subject;
    this.#say = say;
    this.#image = image;
    this.#engines = enginesOf(subject, { nonce: this.#nonce, program: this.#program });
  }

  async prepare(): Promise<void> {
    await Deno.copyFile(WALKER, this.#program);
    await this.#writeConfig();
    await this.#begin();
  }

  async #begin(): Promise<void> {
    this.#life++;
    this.#missing.clear();
    this.#resting.clear();
    for (const session of SESSIONS) await Deno.writeTextFile(this.#record(session), "");
  }

  async #writeConfig(): Promise<void> {
    const { work } = this.#subject.sandbox;
    const sessions = Object.fromEntries(SESSIONS.map((session, index) => {
      const meaning = this.#meanings.get(session) ?? FIRST_MEANING;
      const [engine, socket] = meaning.split(":");
      const isTmux = engine === "tmux";
      return [this.#name(session), {
        backend: isTmux ? "tmux" : "container",
        ...(socket === undefined ? {} : { socket_name: socket }),
        ...(isTmux || meaning === "container" ? {} : { runtime: meaning }),
        image: this.#image,
        volumes: [`${work}:${work}`],
        command: [
          "sh",
          this.#program,
          `--mark=${this.#mark(session)}`,
          session,
          String(LINES[session]),
          this.#record(session),
        ],
        env: { [MARK_VARIABLE]: this.#mark(session) },
        // Both ways to be asked.
        ...(index % 2 === 0 ? {} : { stop_signal: "SIGTERM" }),
      }];
    }));
    const ops = {
      start_wait: 200,
      stop_timeout: 10,
      log_max_size: LOG.bytes,
      log_keep: LOG.keep,
      sessions,
    };
    // JSON is YAML.
    await Deno.writeTextFile(`${work}/kstops.yml`, JSON.stringify({ ops }));
  }

  /** Does a step, and judges it. */
  async take(step: Step, number: number): Promise<void> {
    const said = `${number}. ${stepWords(step)}`;
    const before = this.#resting.get(step.session) ?? NOTHING;
    const wrongs: Wrong[] = [];
    let answers: readonly Answer[] = [];
    try {
      answers = await this.#do(step, before);
      await this.#quiet();
    } catch (error) {
      if (!(error instanceof HangError)) throw error;
      wrongs.push({ kind: "a command does not end", detail: error.message });
    }
    const codes = answers.map(({ code }) => code === null ? "killed" : `exit ${code}`);
    this.story.push([said, ...codes].join(": "));
    if (step.kind === "command") {
      // What a stop says is true when it says so; a program may take a moment to begin.
      const settled = step.verb.startsWith("stop") && !step.isTwice
        ? (judge: () => Promise<readonly Wrong[]>) => judge()
        : this.#settled.bind(this);
      for (const answer of answers) {
        wrongs.push(...await settled(() => this.#judgeCommand(step, before, answer)));
      }
      if (step.isTwice) wrongs.push(...judgeTwice(step, answers));
    }
    if (wrongs.length === 0) wrongs.push(...await this.#settled(() => this.#judgeAll(step)));
    if (wrongs.length === 0) return;
    for (const { kind, detail } of wrongs) {
      this.faults.add(kind, `${said}: ${detail}`);
      // At once: the walk may be ended before its end.
      this.#say(`${said}: ${kind}: ${detail}`);
    }
    this.story.push(`   false: ${wrongs.map(({ kind }) => kind).join("; ")}; all begins anew`);
    await this.clear();
    await this.#begin();
  }

  /** Stops everything; nothing may be left, and of what was printed as much as is promised. */
  async end(): Promise<void> {
    const { code, stderr } = await this.#kstops(["stop", "--all", "--yes"]);
    if (code !== 0) this.faults.add("the last stop --all fails", `exit ${code}: ${stderr}`);
    const left = async (): Promise<readonly Wrong[]> => {
      const truths = await this.#truths(...SESSIONS);
      return truths.filter(({ mains, others, kept }) => mains.length + others.length + kept.length)
        .map((truth) => ({
          kind: "something is left after the last stop --all",
          detail: told(truth),
        }));
    };
    const judgeStates = async (): Promise<readonly Wrong[]> => {
      const rows = parseSaid((await this.#kstops(["list", "--json"])).stdout);
      return rows.filter(({ name, state }) => name.startsWith(this.#nonce) && state !== "defined")
        .map(({ name, state }) => ({ kind: `${state} after the last stop --all`, detail: name }));
    };
    const wrongs = [
      ...await this.#settled(left),
      ...await this.#settled(judgeStates),
      ...(await Promise.all(SESSIONS.map((session) => this.#judgeKept(session)))).flat(),
    ];
    for (const { kind, detail } of wrongs) this.faults.add(kind, `at the end: ${detail}`);
  }

  async clear(): Promise<void> {
    await this.#engines.clear(SESSIONS.map((session) => this.#name(session)));
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
      if (asked > 1 && wrongs.some(({ kind }) => kind.includes("two copies"))) return wrongs;
      if (asked >= SETTLE_ASKED && performance.now() > deadline) return wrongs;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  /** A client that outlives its kstops still changes something. */
  async #quiet(): Promise<void> {
    await waitFor(() => this.#engines.isQuiet(), "the end of every client");
  }

  async #judgeCommand(
    command: Command,
    before: Truth,
    answer: Answer,
  ): Promise<readonly Wrong[]> {
    const { code, stdout, stderr } = answer;
    const [after] = await this.#truths(command.session);
    const output = CHANGES.test(command.verb) ? `${stdout}${stderr}` : stderr;
    const config = this.#meanings.get(command.session) ?? FIRST_MEANING;
    const wrongs = judgeCommand({ command, config, code, output, before, after });
    if (code === null || command.isTwice || !CHANGES.test(command.verb)) return wrongs;
    const rows = code === 0 ? rowsOf(stdout) : null;
    const name = this.#name(command.session);
    return [...wrongs, ...judgeJson({ code, stdout, stderr, rows, name, after })];
  }

  async #judgeAll(step: Step): Promise<readonly Wrong[]> {
    const name = this.#name(step.session);
    // What was killed or disturbed may take a while to end.
    const isCalm = step.kind === "edit" ||
      step.kind === "command" && step.killAfterMs === null && !step.isTwice;
    const before = isCalm ? null : await this.#truths(...SESSIONS);
    // Before the logs are asked: what is printed meanwhile may be in them or not.
    const executions = parseExecutions(Deno.readTextFileSync(this.#record(step.session)));
    const isQuestion = step.kind === "command" && !CHANGES.test(step.verb) && step.verb !== "logs";
    const [list, status, logs] = await Promise.all([
      this.#kstops(["list", "--json"]),
      this.#kstops(["status", name, "--json"]),
      // A question changes nothing of what was printed.
      isQuestion ? null : this.#kstops(["logs", name, "-n", "all"]),
    ]);
    const after = await this.#truths(...SESSIONS);
    if (list.code !== 0) {
      return [{ kind: "list fails", detail: `exit ${list.code}: ${list.stderr}` }];
    }
    const rows = parseSaid(list.stdout);
    const wrongs = SESSIONS.flatMap((session, index): readonly Wrong[] => {
      const truth = after[index];
      if (truth === undefined || told(truth) !== told(before?.[index] ?? truth)) {
        return [{ kind: "it does not come to rest", detail: session }];
      }
      this.#resting.set(session, truth);
      return judgeSaid(rows.filter((row) => row.name === this.#name(session)), truth);
    });
    const truth = after[SESSIONS.indexOf(step.session)];
    if (truth === undefined) return wrongs;
    return [
      ...wrongs,
      ...this.#judgeLook({ session: step.session, executions, truth, status, logs }, rows),
    ];
  }

  #judgeLook(
    { session, executions, truth, status, logs }: Look,
    rows: readonly Said[],
  ): readonly Wrong[] {
    if (status.code !== 0) {
      return [{ kind: "status fails", detail: `exit ${status.code}: ${status.stderr}` }];
    }
    const problem = problemWith(published("status.schema.json"), JSON.parse(status.stdout));
    if (problem !== null) return [{ kind: "status is not as its schema says", detail: problem }];
    const said = parseSaid(status.stdout);
    const listed = rows.find(({ name }) => name === this.#name(session));
    const [own] = said;
    const wrongs = [
      ...judgeSaid(said, truth),
      ...(own === undefined || listed === undefined ? [] : judgeAgreement(listed, own)),
    ];
    if (logs === null) return wrongs;
    if (logs.code !== 0) {
      return [...wrongs, { kind: "logs fails", detail: `exit ${logs.code}: ${logs.stderr}` }];
    }
    const newest = executions.at(-1);
    if (newest === undefined) return wrongs;
    const missing = this.#missing.get(newest.id) ?? "nothing";
    const options = { missing, promisedBytes: PROMISED_BYTES };
    return [...wrongs, ...judgeOutput(logs.stdout, newest, options)];
  }

  /** Of the files that are kept in the end: what is there has no hole, and there is enough of it. */
  async #judgeKept(session: Session): Promise<readonly Wrong[]> {
    const directory = `${this.#state()}/logs/${this.#name(session)}`;
    const files: string[] = [];
    try {
      for await (const { name } of Deno.readDir(directory)) {
        if (name.endsWith(".log")) files.push(name);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    const runs = Map.groupBy(files.toSorted(), (file) => file.replace(/-\d{6}\.log$/, ""));
    const texts = Array.from(
      runs.values(),
      (parts) => parts.map((part) => Deno.readTextFileSync(`${directory}/${part}`)).join(""),
    );
    const executions = parseExecutions(Deno.readTextFileSync(this.#record(session)));
    const seen = texts.map((text) => executions.filter(({ id }) => text.includes(`${id} `)));
    const isFull = files.length >= LOG.keep;
    const wrongs = texts.flatMap((text, index) =>
      (seen[index] ?? []).flatMap((execution) => {
        const missing = this.#missing.get(execution.id) ?? "nothing";
        // Of the oldest one the beginning may be gone.
        const promisedBytes = index === 0 && isFull ? 0 : PROMISED_BYTES;
        return judgeOutput(text, execution, { missing, promisedBytes });
      })
    );
    const kept = new Set(seen.flat().map(({ id }) => id));
    const lost = executions.filter(({ id, lines }) =>
      lines > 0 && !kept.has(id) && !this.#missing.has(id)
    );
    if (isFull || lost.length === 0) return wrongs;
    const detail = `${session}: ${lost.map(({ id, lines }) => `${id} (${lines} lines)`).join()}`;
    return [...wrongs, { kind: "the output of a run is not kept", detail }];
  }

  async #do(step: Step, before: Truth): Promise<readonly Answer[]> {
    if (step.kind === "edit") {
      this.#meanings.set(step.session, step.meaning);
      await this.#writeConfig();
      return [];
    }
    if (step.kind === "event") {
      await this.#happen(step.event, step.session, before);
      return [];
    }
    const { verb, session, flags, killAfterMs, isTwice } = step;
    const args = [
      ...verb.split(" ").slice(0, 1),
      ...(verb === "list" ? [] : [this.#name(session)]),
      ...verb.split(" ").slice(1),
      ...flagsOf(flags),
      ...(CHANGES.test(verb) ? ["--json"] : []),
      ...(verb.startsWith("stop") || verb === "restart" ? ["--yes"] : []),
    ];
    if (killAfterMs !== null) {
      return [await this.#kstops(args, { killAfterMs: killAfterMs * this.#slowness })];
    }
    const began = performance.now();
    const answers = await Promise.all(
      [args, ...(isTwice ? [args] : [])].map((each) => this.#kstops(each)),
    );
    const slowness = (performance.now() - began) / QUIET_MS;
    this.#slowness = Math.min(Math.max(slowness, 1), SLOWEST);
    return answers;
  }

  async #happen(event: Event, session: Session, { mains, kept }: Truth): Promise<void> {
    const [main] = mains;
    const [there] = kept;
    const place = main?.place ?? there?.place;
    if (event === "kill program" && main !== undefined) Deno.kill(main.pid, "SIGKILL");
    if (event === "kill server" && place?.startsWith("tmux:")) {
      // What was on its way from a terminal to a file goes with it.
      const truths = await this.#truths(...SESSIONS);
      for (const [index, each] of SESSIONS.entries()) {
        if (truths[index]?.mains.some((one) => one.place === place)) this.#miss(each, "end");
      }
      await this.#engines.killServer(place);
    }
    if (there === undefined) return;
    if (event === "rename") await this.#engines.rename(this.#name(session), there);
    if (event === "remove") {
      // A container takes its output with it, and a terminal what was just printed.
      this.#miss(session, there.place.startsWith("tmux:") ? "end" : "all");
      await this.#engines.remove(there);
    }
    if (event === "kill pane" && there.place.startsWith("tmux:")) {
      this.#miss(session, "end");
      await this.#engines.killPane(there);
    }
    if (event === "engine's own stop") await this.#engines.stop(there);
    if (event === "engine's own start" && main === undefined) await this.#engines.start(there);
  }

  /** From now on something may be missing of the output of the newest execution. */
  #miss(session: Session, missing: Missing): void {
    const newest = parseExecutions(Deno.readTextFileSync(this.#record(session))).at(-1);
    if (newest !== undefined) this.#missing.set(newest.id, missing);
  }

  async #truths<const Sessions extends readonly Session[]>(
    ...sessions: Sessions
  ): Promise<{ readonly [Index in keyof Sessions]: Truth }> {
    const names = sessions.map((session) => this.#name(session));
    const truths = await this.#engines.truths(names);
    return truths as unknown as { readonly [Index in keyof Sessions]: Truth };
  }

  #kstops(
    args: readonly string[],
    options: Parameters<Subject["kstops"]>[1] = {},
  ): Promise<Answer> {
    return this.#subject.kstops(args, { ...options, env: { KSTOPS_STATE_DIR: this.#state() } });
  }

  #state(): string {
    return `${this.#subject.sandbox.directory}/state${this.#life}`;
  }

  /** What kstops calls it: engines are shared with strangers. */
  #name(session: Session): string {
    return `${this.#nonce}-${session}`;
  }

  #mark(session: Session): string {
    return markOf(this.#nonce, this.#name(session));
  }

  get #program(): string {
    return `${this.#subject.sandbox.work}/walker.sh`;
  }

  #record(session: Session): string {
    return `${this.#subject.sandbox.work}/${session}.record`;
  }
}

/** Of two at once one at least must come to something. */
function judgeTwice({ verb }: Command, answers: readonly Answer[]): readonly Wrong[] {
  const wanted = verb === "start" ? [0, 6] : [0, 2, 5, 6];
  if (answers.some(({ code }) => code !== null && wanted.includes(code))) return [];
  const detail = answers.map(({ code, stderr }) => `exit ${code}: ${stderr}`).join("; ");
  return [{ kind: `${verb}, twice at once: both fail`, detail }];
}

function rowsOf(stdout: string): readonly Said[] | null {
  try {
    return parseSaid(stdout);
  } catch {
    return null;
  }
}

if (import.meta.main) {
  const image = Deno.env.get("KSTOPS_TEST_IMAGE");
  if (image === undefined) {
    console.error("walk: there are no engines of its own: .ci/engines up");
    Deno.exit(2);
  }
  const prove = (options: StepOptions<Step>) => proveWalk({ ...options, image });
  await main("walk", { steps: 500, minutes: 90, planSteps, prove });
}
