/**
 * The store against a plain model of it: thousands of random sequences of calls, by two processes of
 * which each may die, under a clock that only the test moves. After every step both say the same.
 */
import { OPERATION_STATES, type OperationState } from "../../../src/model.ts";
import { deepEqual, fail, ok } from "node:assert/strict";
import fc from "fast-check";
import { property } from "../../support/property.ts";
import { type Json, OperationNotFoundError, OperationRunningError } from "../../../src/errors.ts";
import type { OperationEvent, Retention } from "../../../src/operations/ledger.ts";
import { IllegalMoveError } from "../../../src/operations/machine.ts";
import type { Operation } from "../../../src/operations/machine.ts";
import { OperationStore } from "../../../src/operations/store.ts";
import { denoWorld } from "../../../src/world/deno.ts";
import type { World } from "../../../src/world/world.ts";

const RETENTION: Retention = { operations: 4, days: 1 };
const DAY_MS = 86_400_000;

/** A call, or something that happens. Operations are counted from the newest one. */
type Step =
  | { readonly do: "open"; readonly session: string | null }
  | { readonly do: "move"; readonly which: number; readonly to: OperationState; outcome: Json }
  | { readonly do: "heartbeat"; readonly which: number }
  | { readonly do: "resume"; readonly which: number }
  | { readonly do: "close"; readonly which: number; readonly payload: Json }
  | { readonly do: "ask"; readonly which: number; readonly payload: Json }
  | { readonly do: "claim"; readonly which: number; readonly place: string }
  | { readonly do: "abandoned"; readonly ageSeconds: number }
  | { readonly do: "advance"; readonly ms: number }
  | { readonly do: "collect" }
  | { readonly do: "die" };

type Told = "nothing" | "refused" | "unknown" | "running" | readonly string[];

interface Subject {
  readonly step: (step: Step, by: number) => Promise<Told> | Told;
  readonly operations: () => readonly Omit<Operation, "owner">[];
  readonly events: () => readonly Omit<OperationEvent, "seq">[];
}

/** Legal moves that lead on, besides the two ends that are legal everywhere. */
const ONWARD: Partial<Record<OperationState, readonly OperationState[]>> = {
  pending: ["validating"],
  validating: ["planning"],
  planning: ["input_required", "applying"],
  input_required: ["planning"],
  applying: ["verifying"],
  verifying: ["done"],
};
const OVER: readonly OperationState[] = ["done", "failed", "aborted"];
const PHASE: Partial<Record<OperationState, Operation["currentPhase"]>> = {
  validating: "validating_inputs",
  planning: "planning",
  input_required: "input_required",
  applying: "applying_changes",
  verifying: "verifying_state",
  done: "done",
};

/** The ids that the store under test is given, and the model gives. */
function idOf(number: number): string {
  return `00000000-0000-4000-8000-${Math.abs(number).toString(16).padStart(12, "0")}`;
}

function model(clock: () => number): Subject {
  interface Kept {
    id: string;
    session: string | null;
    place: string | null;
    owner: number;
    state: OperationState;
    created: number;
    beat: number;
    pending: Json;
    error: Json;
    result: Json;
  }
  let kept: Kept[] = [];
  let events: Omit<OperationEvent, "seq">[] = [];
  // A process is the number of its birth: the one that died is none of the living.
  const living = [0, 1];
  let born = 2;
  let opened = 0;

  function tell(each: Kept, type: "moved" | "outcome", payload: Json): void {
    const { id, session, state } = each;
    const at = new Date(clock());
    events.push({ operationId: id, kind: "stop", session, at, type, state, payload });
  }
  function go(each: Kept, to: OperationState, payload: Json = null): void {
    each.state = to;
    each.pending = to === "input_required" ? payload : null;
    if (to === "failed") each.error = payload;
    else if (OVER.includes(to)) each.result = payload;
    tell(each, "moved", to === "input_required" || OVER.includes(to) ? payload : null);
  }
  function can(each: Kept, to: OperationState): boolean {
    if (OVER.includes(each.state)) return false;
    return to === "failed" || to === "aborted" || (ONWARD[each.state] ?? []).includes(to);
  }
  function isWaiting(each: Kept): boolean {
    return each.state === "input_required";
  }
  /** Ends it, where it is abandoned. */
  function bury(each: Kept): boolean {
    const silence = clock() - each.beat;
    if (isWaiting(each) && silence > 3_600_000) {
      go(each, "aborted", { code: "session_abandoned", reason: "no client heartbeat for >1h" });
      return true;
    }
    const isDead = !living.includes(each.owner) || silence > 30_000;
    if (OVER.includes(each.state) || isWaiting(each) || !isDead) return false;
    go(each, "failed", "operation_abandoned");
    return true;
  }
  function collect(): string[] {
    const buried = kept.filter(bury).map(({ id }) => id);
    const expired = kept.slice(0, Math.max(0, kept.length - RETENTION.operations)).filter((each) =>
      OVER.includes(each.state) && each.created < clock() - RETENTION.days * DAY_MS
    );
    kept = kept.filter((each) => !expired.includes(each));
    events = events.filter(({ operationId }) => !expired.some(({ id }) => id === operationId));
    return buried;
  }

  return {
    operations: () =>
      kept.map((each) => ({
        id: each.id,
        kind: "stop",
        session: each.session,
        parentId: null,
        place: each.place,
        request: { of: each.session },
        actor: null,
        state: each.state,
        currentPhase: PHASE[each.state] ?? null,
        nextAction: isWaiting(each) ? "awaiting_input" as const : "none" as const,
        createdAt: new Date(each.created),
        lastHeartbeat: new Date(each.beat),
        pendingInput: each.pending,
        error: each.error,
        result: each.result,
      })).reverse(),
    events: () => events,
    step: (step, by) => {
      if (step.do === "advance") return "nothing";
      if (step.do === "collect") return collect();
      if (step.do === "abandoned") {
        return kept.filter((each) =>
          isWaiting(each) && clock() - each.beat > step.ageSeconds * 1000
        ).map(({ id }) => id);
      }
      if (step.do === "die") {
        living[by] = born++;
        collect();
        return "nothing";
      }
      if (step.do === "open") {
        const owner = living[by] ?? fail();
        const blank = { place: null, pending: null, error: null, result: null };
        const opening = { id: idOf(++opened), session: step.session, owner, ...blank };
        const each: Kept = { ...opening, state: "pending", created: clock(), beat: clock() };
        kept.push(each);
        tell(each, "moved", null);
        return "nothing";
      }
      const each = kept.find(({ id }) => id === idOf(opened - step.which));
      if (step.do === "heartbeat") {
        if (each) each.beat = clock();
        return "nothing";
      }
      if (step.do === "close") {
        if (!each || each.error !== null || each.result !== null) return "nothing";
        if (!OVER.includes(each.state)) return "refused";
        if (each.state === "failed") each.error = step.payload;
        else each.result = step.payload;
        tell(each, "outcome", step.payload);
        return "nothing";
      }
      if (!each) return "unknown";
      if (step.do === "claim") {
        if (each.state !== "planning") return "refused";
        const rivals = kept.filter((other) =>
          other !== each && each.session !== null && other.session === each.session &&
          other.place === step.place &&
          !OVER.includes(other.state)
        );
        // One transaction: whoever is refused has not buried anybody either.
        const blocking = rivals.find((rival) =>
          !isWaiting(rival) && living.includes(rival.owner) && clock() - rival.beat <= 30_000
        );
        if (blocking) return "running";
        for (const rival of rivals) {
          if (!bury(rival)) {
            const reason = "another operation on the session";
            go(rival, "aborted", { code: "superseded", reason, by: each.id });
          }
        }
        each.place = step.place;
        return "nothing";
      }
      if (step.do === "resume") {
        if (!isWaiting(each)) return "refused";
        each.owner = living[by] ?? fail();
        each.beat = clock();
        go(each, "planning");
        return "nothing";
      }
      const to = step.do === "ask" ? "input_required" : step.to;
      if (!can(each, to)) return "refused";
      if (step.do === "ask") go(each, to, step.payload);
      else go(each, to, OVER.includes(to) ? step.outcome : null);
      return "nothing";
    },
  };
}

/** The store under test, with the processes that use it. */
async function real(clock: () => number, directory: string | null): Promise<Subject> {
  let opened = 0;
  let born = 0;
  const alive = new Set<number>();
  const system = denoWorld();

  async function birth(): Promise<OperationStore> {
    const pid = 100 + born++;
    alive.add(pid);
    let hasInstance = false;
    const world: World = {
      ...system,
      now: () => new Date(clock()),
      // The first one is the process's own.
      randomUuid: () => {
        if (hasInstance) return idOf(++opened);
        hasInstance = true;
        return `process ${pid}`;
      },
      processes: {
        ...system.processes,
        self: pid,
        alive: (other) => Promise.resolve(alive.has(other)),
      },
    };
    if (directory === null) return OperationStore.inMemory(world, RETENTION);
    const store = await OperationStore.inDirectory(world, {
      directory,
      warn: fail,
      retention: RETENTION,
    });
    return store;
  }

  const stores = directory === null ? [await birth()] : [await birth(), await birth()];
  const pids = [100, 101];
  const storeOf = (by: number): OperationStore => stores[by % stores.length] ?? fail();

  async function call(step: Step, by: number): Promise<Told> {
    const store = storeOf(by);
    switch (step.do) {
      case "advance":
        return "nothing";
      case "collect":
        return (await store.collectGarbage()).abandoned;
      case "abandoned":
        return store.abandonedOlderThan(step.ageSeconds);
      case "die": {
        alive.delete(pids[by] ?? fail());
        pids[by] = 100 + born;
        await store.dispose();
        stores[by] = await birth();
        return "nothing";
      }
      case "open":
        store.open("stop", { of: step.session }, { session: step.session });
        return "nothing";
      case "heartbeat":
        store.heartbeat(idOf(opened - step.which));
        return "nothing";
      case "close":
        store.close(idOf(opened - step.which), step.payload);
        return "nothing";
      case "claim":
        await store.claim(idOf(opened - step.which), step.place);
        return "nothing";
      case "resume":
        store.resume(idOf(opened - step.which));
        return "nothing";
      case "ask":
        store.requestInput(idOf(opened - step.which), step.payload);
        return "nothing";
      case "move":
        store.transition(idOf(opened - step.which), step.to, step.outcome);
        return "nothing";
    }
  }

  return {
    step: async (step, by) => {
      try {
        return await call(step, by);
      } catch (error) {
        if (error instanceof IllegalMoveError) return "refused";
        if (error instanceof OperationNotFoundError) return "unknown";
        if (error instanceof OperationRunningError) return "running";
        throw error;
      }
    },
    // What either of them sees: they are the same.
    operations: () => storeOf(opened).list().map(({ owner: _, ...rest }) => briefly(rest)),
    events: () =>
      storeOf(opened).list().flatMap(({ id }) => storeOf(opened).history(id))
        .toSorted((one, other) => one.seq - other.seq)
        .map(({ seq: _, payload, ...rest }) => ({ ...rest, payload: brief(payload) })),
  };
}

/** The long words about an abandoned operation have a test of their own. */
function brief(payload: Json): Json {
  const { code } = (payload ?? {}) as { code?: Json };
  return code === "operation_abandoned" ? code : payload;
}

function briefly(operation: Omit<Operation, "owner">): Omit<Operation, "owner"> {
  return { ...operation, error: brief(operation.error) };
}

const which = fc.nat({ max: 3 });
const newest = fc.constant(0);
const session = fc.constantFrom("astro", "astro", null);
const place = fc.constantFrom("here", "here", "there");
const payload = fc.constantFrom<Json[]>({ a: 1 }, "x", null);

/** Any single step. */
const SINGLE = fc.oneof(
  { weight: 1, arbitrary: a("open", { session }) },
  { weight: 6, arbitrary: move(fc.constantFrom(...OPERATION_STATES)) },
  { weight: 2, arbitrary: a("heartbeat", { which }) },
  { weight: 3, arbitrary: a("ask", { which, payload }) },
  { weight: 3, arbitrary: a("resume", { which }) },
  { weight: 2, arbitrary: a("close", { which, payload }) },
  { weight: 4, arbitrary: a("claim", { which, place }) },
  { weight: 1, arbitrary: a("abandoned", { ageSeconds: fc.constantFrom(0, 30, 3600) }) },
  {
    weight: 4,
    arbitrary: a("advance", {
      ms: fc.constantFrom(1, 30_000, 30_001, 3_600_000, 3_600_001, DAY_MS, DAY_MS + 1),
    }),
  },
  { weight: 4, arbitrary: a("collect", {}) },
  { weight: 1, arbitrary: a("die", {}) },
).map((step) => [step]);

/** A new operation that comes as far as planning, and mostly further: few would by single steps. */
const BEGIN = fc.tuple(
  a("open", { session }),
  move(fc.constant<OperationState>("validating"), newest),
  move(fc.constant<OperationState>("planning"), newest),
  a("claim", { which: newest, place }),
  fc.oneof(
    a("ask", { which: newest, payload }),
    move(fc.constant<OperationState>("applying"), newest),
    a("collect", {}),
  ),
);

/** A new operation that comes to a good end, which single steps hardly ever find. */
const WHOLE = fc.tuple(
  a("open", { session }),
  ...(["validating", "planning", "applying", "verifying", "done"] as const).map((state) =>
    move(fc.constant<OperationState>(state), newest)
  ),
);

const SEQUENCES = (processes: number) =>
  fc.array(
    fc.tuple(
      fc.oneof(
        { weight: 16, arbitrary: SINGLE },
        { weight: 4, arbitrary: BEGIN },
        { weight: 1, arbitrary: WHOLE },
      ),
      fc.nat({
        max: processes - 1,
      }),
    ),
    { minLength: 1, maxLength: 40, size: "max" },
  ).map((parts) => parts.flatMap(([steps, by]) => steps.map((step) => ({ step, by }))));

function a<Rest>(
  what: Step["do"],
  rest: { [Key in keyof Rest]: fc.Arbitrary<Rest[Key]> },
): fc.Arbitrary<Step> {
  return fc.record({ do: fc.constant(what), ...rest }) as unknown as fc.Arbitrary<Step>;
}

function move(to: fc.Arbitrary<OperationState>, of = which): fc.Arbitrary<Step> {
  return a("move", { which: of, to, outcome: payload });
}

/** Memory, where the system has a directory for that: thousands of databases are made. */
const FAST = await Deno.stat("/dev/shm").then(() => "/dev/shm", () => "/tmp");

const PLACES: Record<string, { readonly processes: number; readonly runs: number }> = {
  "in memory": { processes: 1, runs: 1000 },
  "in a database": { processes: 2, runs: 150 },
};
for (const [where, { processes, runs }] of Object.entries(PLACES)) {
  property(`the store ${where} does what the model of it does, step by step`, () => {
    const reached = new Set<string>();
    return {
      input: SEQUENCES(processes),
      holds: async (sequence) => {
        let time = Date.UTC(2026, 0, 2);
        const clock = () => time;
        const directory = processes === 1 ? null : await Deno.makeTempDir({ dir: FAST });
        try {
          const expected = model(clock);
          const store = await real(clock, directory);
          for (const { step, by } of sequence) {
            // What is in memory dies with its process.
            if (step.do === "die" && processes === 1) continue;
            if (step.do === "advance") time += step.ms;
            const told = await expected.step(step, by);
            deepEqual(await store.step(step, by), told);
            deepEqual(store.operations(), expected.operations());
            deepEqual(store.events(), expected.events());
            if (typeof told === "string") reached.add(told);
            for (const { payload, state } of expected.events()) reached.add(nameOf(payload, state));
          }
        } finally {
          if (directory !== null) await Deno.remove(directory, { recursive: true });
        }
      },
      cases: runs,
      afterwards: () => { // A test of agreement is worth what it has come across.
        for (const each of WANTED) ok(reached.has(each), `never came across ${each}`);
      },
    };
  });
}

const WANTED = [
  ...["nothing", "refused", "unknown", ...OPERATION_STATES],
  ...["session_abandoned", "superseded", "operation_abandoned", "running"],
];

function nameOf(payload: Json, state: OperationState): string {
  if (payload === "operation_abandoned") return payload;
  const { code } = (payload ?? {}) as { code?: string };
  return code ?? state;
}
