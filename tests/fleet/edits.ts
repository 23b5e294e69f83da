/**
 * Edits a config at random, stops and kills its sessions, and each time asks `plan` and then `up`: the
 * plan must have told everything that `up` did, and nothing else, and leave nothing to do. Exits 1 when
 * an answer was false.
 *
 * ```sh
 * deno task edits                      # 200 steps, on the source, or on the executable KSTOPS_BIN
 * deno task edits --steps 20 --seed 7  # the steps of that seed, at most --minutes 30
 * ```
 */
import { waitFor } from "../support/tmux.ts";
import { type Entries, FIRST, IDLE_WORDS, planSteps, type Step } from "./edits_plan.ts";
import { Faults } from "./faults.ts";
import { main, type Outcome, type Proof, proveSteps, type StepOptions } from "./steps.ts";
import { type Answer, makeSubject, parseSaid, type Said, type Subject } from "./subject.ts";

/** Proves it in a sandbox of its own and clears up. */
export async function proveEdits(options: StepOptions<Step>): Promise<Outcome> {
  const subject = await makeSubject();
  return await proveSteps({ name: "edits", subject, proof: new Edits(subject) }, options);
}

/** A step of a plan, as `plan --json` and `up --json` tell it. */
interface Told {
  readonly name: string;
  readonly action: string;
  /** Action, cause, changes and needs as one text. */
  readonly text: string;
}

class Edits implements Proof<Step> {
  readonly faults = new Faults();
  readonly story: string[] = [];
  readonly late = 0;
  readonly #subject: Subject;
  #entries: Entries = FIRST;
  #edits = 0;

  constructor(subject: Subject) {
    this.#subject = subject;
  }

  async prepare(): Promise<void> {
    await this.#write(FIRST);
    await this.#ok(["up", "--yes"]);
  }

  async take(step: Step, number: number): Promise<void> {
    const words = step.kind === "edit" ? step.words : `${step.kind} ${step.name}`;
    const fault = (kind: string, detail: string) =>
      this.faults.add(kind, `${number}. ${words}: ${detail}`);
    await this.#do(step);
    const before = await this.#seen();
    const plan = await this.#ok(["plan", "--prune", "--json"]);
    const planned = toldIn(plan.stdout);
    const done = await this.#kstops(["up", "--prune", "--yes", "--json"]);
    if (done.code !== 0) return fault("up fails", `exit ${done.code}: ${done.stderr}`);
    const did = toldIn(done.stdout);
    this.story.push(
      `${number}. ${words}: ` + (planned.filter(({ action }) => action !== "keep")
        .map(({ action, name }) => `${action} ${name}`).join(", ") || "nothing"),
    );
    const texts = (all: readonly Told[]) => all.map(({ text }) => text).join("\n");
    if (texts(planned) !== texts(did)) {
      fault("up did not do what the plan said", `plan:\n${texts(planned)}\nup:\n${texts(did)}`);
    }
    const after = await this.#seen();
    for (const { name, action } of planned) {
      const [was, is] = [before.get(name), after.get(name)];
      const seen = `${action} ${name}: ${said(was)}, then ${said(is)}`;
      if (!isAsSaid(action, was, is)) fault("a step was not what was planned", seen);
    }
    for (const [name, was] of before) {
      const isPlanned = planned.some((each) => each.name === name);
      if (!isPlanned && said(was) !== said(after.get(name))) {
        fault("something happened that was not planned", `${name}: ${said(was)}`);
      }
    }
    if (step.kind === "edit" && IDLE_WORDS.some((each) => words.startsWith(each))) {
      const change = planned.find(({ action }) => action !== "keep");
      if (change !== undefined) fault("an edit without a meaning changed something", change.text);
    }
    const again = await this.#kstops(["plan", "--prune", "--exit-code"]);
    if (again.code !== 0) {
      fault("up left something to do", `exit ${again.code}: ${again.stdout}${again.stderr}`);
    }
    const drifted = await this.#ok(["list", "--drift", "-q"]);
    if (drifted.stdout !== "") fault("up left something that differs", drifted.stdout);
  }

  async end(): Promise<void> {
    await this.#ok(["down", "--yes"]);
    for (const [name, each] of await this.#seen()) {
      if (each.state !== "defined") {
        this.faults.add("down leaves something", `${name}: ${said(each)}`);
      }
    }
  }

  async clear(): Promise<void> {
    await this.#kstops(["stop", "--all", "--yes", "--force"]);
  }

  async #do(step: Step): Promise<void> {
    if (step.kind === "edit") {
      this.#entries = step.entries;
      return await this.#write(step.entries);
    }
    if (step.kind === "stop") {
      await this.#kstops(["stop", step.name, "--yes"]);
      return;
    }
    const session = (await this.#seen()).get(step.name);
    if (session?.state !== "running" || session.pid === null) return;
    Deno.kill(session.pid, "SIGKILL");
    const isSeen = async () => (await this.#seen()).get(step.name)?.pid !== session.pid;
    await waitFor(isSeen, `the end of ${step.name}`);
    const entry = this.#entries.get(step.name);
    if (!entry?.restart?.startsWith("on-failure")) return;
    // Its policy acts by itself, in the middle of a plan as well.
    const isBack = async () => (await this.#seen()).get(step.name)?.state === "running";
    await waitFor(isBack, `the restart of ${step.name}`);
  }

  async #write(entries: Entries): Promise<void> {
    const sessions = Object.fromEntries(entries);
    const ops = { start_wait: 100, defaults: { restart_delay: 0.1 }, sessions };
    // JSON is YAML.
    const text = `# edit ${++this.#edits}\n${JSON.stringify({ ops })}\n`;
    await Deno.writeTextFile(`${this.#subject.sandbox.work}/kstops.yml`, text);
  }

  async #seen(): Promise<ReadonlyMap<string, Said>> {
    const { stdout } = await this.#ok(["list", "--json"]);
    return new Map(parseSaid(stdout).map((each) => [each.name, each]));
  }

  async #kstops(args: readonly string[]): Promise<Answer> {
    return await this.#subject.kstops(args);
  }

  async #ok(args: readonly string[]): Promise<Answer> {
    const answer = await this.#kstops(args);
    if (answer.code === 0) return answer;
    throw new Error(`kstops ${args.join(" ")}: exit ${answer.code}: ${answer.stderr}`);
  }
}

/** The steps in the JSON of `plan` or `up`. */
function toldIn(json: string): readonly Told[] {
  const rows: unknown = JSON.parse(json);
  if (!Array.isArray(rows)) throw new Error(`no list of steps: ${json}`);
  return rows.map((row: unknown) => {
    const { name, action, cause, changes, depends_on } = Object.assign(
      { name: "", action: "", cause: "", changes: [], depends_on: [] },
      row,
    );
    return { name, action, text: JSON.stringify([action, name, cause, changes, depends_on]) };
  });
}

function said(session: Said | undefined): string {
  return session === undefined ? "nothing" : `${session.state} (pid ${session.pid ?? "none"})`;
}

/** Whether what was seen before and after is what the action means. */
function isAsSaid(action: string, was: Said | undefined, is: Said | undefined): boolean {
  const isNew = is !== undefined && is.state !== "defined" && is.pid !== was?.pid;
  switch (action) {
    case "start":
      return was?.state !== "running" && (isNew || is?.state === "exited");
    case "restart":
      return isNew;
    case "stop":
      return is === undefined;
    default:
      return said(was) === said(is);
  }
}

if (import.meta.main) {
  await main("edits", { steps: 200, minutes: 30, planSteps, prove: proveEdits });
}
