/** A proof in steps: those of a plan in turn, each judged, with a summary at the end. */
import { parseArgs } from "node:util";
import { clearSandbox } from "../support/tmux.ts";
import { type Faults, stopOnSignals } from "./faults.ts";
import type { Subject } from "./subject.ts";

/** What a proof came to. */
export interface Outcome {
  readonly faults: Faults;
  /** Some lines for people. */
  readonly summary: string;
  /** What was done, one line for each step. */
  readonly story: readonly string[];
}

/** What steps are taken, and for how long. */
export interface StepOptions<Step> {
  readonly plan: readonly Step[];
  /** Where the steps come from, for the summary. */
  readonly title: string;
  /** The proof ends early, as a fault, when it took so long. */
  readonly minutes: number;
  readonly say: (line: string) => void;
  /** Called between the steps; it throws to end the proof early. */
  readonly check?: () => void;
}

/** What takes the steps. */
export interface Proof<Step> {
  readonly faults: Faults;
  readonly story: readonly string[];
  /** How many answers became true only after a while. */
  readonly late: number;
  prepare(): Promise<void>;
  take(step: Step, number: number): Promise<void>;
  /** The last judgement. */
  end(): Promise<void>;
  /** Takes away what it made; the sandbox goes afterwards. */
  clear(): Promise<void>;
}

/** Takes the steps of a plan and clears up. */
export async function proveSteps<Step>(
  { name, subject, proof }: {
    readonly name: string;
    readonly subject: Subject;
    readonly proof: Proof<Step>;
  },
  { plan, title, minutes, say, check = () => {} }: StepOptions<Step>,
): Promise<Outcome> {
  const began = performance.now();
  const minutesGone = () => (performance.now() - began) / 60_000;
  let done = 0;
  try {
    await proof.prepare();
    for (const step of plan) {
      check();
      if (minutesGone() > minutes) {
        proof.faults.add("the time was up", `after ${done} of ${plan.length} steps`);
        break;
      }
      await proof.take(step, ++done);
      if (done % 25 === 0) {
        say(`${done} of ${plan.length} steps: ${proof.faults.count} faults so far`);
      }
    }
    await proof.end();
  } finally {
    await proof.clear();
    await clearSandbox(subject.sandbox, { graceMs: 0 });
  }
  const { faults, story, late } = proof;
  const summary = `${name}: ${done} steps of ${title} on ${subject.title} in ` +
    `${(minutesGone() * 60).toFixed(0)} s: ` +
    (faults.count === 0 ? "no false answer" : `${faults.count} false answers`) +
    (late === 0 ? "" : `; ${late} answers were true only when asked again`);
  return { faults, summary, story };
}

/** Runs a proof as its flags say, prints what it came to, and ends with 1 when an answer was false. */
export async function main<Step>(
  name: string,
  { steps: most, minutes: longest, planSteps, prove }: {
    /** Unless told. */
    readonly steps: number;
    readonly minutes: number;
    readonly planSteps: (seed: number, steps: number) => readonly Step[];
    readonly prove: (options: StepOptions<Step>) => Promise<Outcome>;
  },
): Promise<never> {
  const { values } = parseArgs({
    options: {
      steps: { type: "string", default: String(most) },
      seed: { type: "string", default: String(Math.floor(Math.random() * 1e6)) },
      minutes: { type: "string", default: String(longest) },
    },
  });
  const [steps = 0, seed = 0, minutes = 0] = [values.steps, values.seed, values.minutes].map(
    Number,
  );
  if (!Number.isInteger(steps) || steps < 1 || !Number.isInteger(seed) || !(minutes > 0)) {
    console.error(`${name}: --steps, --seed and --minutes want numbers`);
    Deno.exit(2);
  }
  console.log(`${name}: ${steps} steps of seed ${seed}`);
  const { faults, summary, story } = await prove({
    plan: planSteps(seed, steps),
    title: `seed ${seed}`,
    minutes,
    say: console.log,
    check: stopOnSignals(),
  });
  if (faults.count > 0) console.log(`${story.join("\n")}\n\n${faults}`);
  console.log(summary);
  Deno.exit(faults.count === 0 ? 0 : 1);
}
