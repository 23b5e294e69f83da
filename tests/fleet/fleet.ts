/**
 * Starts a fleet of sessions, one of each kind of program that people keep running, and stops it, again
 * and again. After each stop nothing of it may live, each program was allowed to finish and got each
 * signal at most once, and no answer of kstops was false. Exits 1 when one of this is not so.
 *
 * ```sh
 * deno task fleet                # 3 rounds, on the source, or on the executable KSTOPS_BIN
 * deno task fleet --rounds 20
 * ```
 */
import { parseArgs } from "node:util";
import { clearSandbox, waitFor } from "../support/tmux.ts";
import { Faults, stopOnSignals } from "./faults.ts";
import { interpreters, type Kind, KINDS, type SessionKeys } from "./programs.ts";
import {
  described,
  isTmuxServer,
  kill,
  type Living,
  livingProcesses,
  MARK_VARIABLE,
  markOf,
} from "./processes.ts";
import { parseRecord, readyIn, wrongsIn } from "./records.ts";
import { type Answer, makeSubject, parseSaid, type Said, type Subject } from "./subject.ts";

/** How long a condition may take that only a fault keeps from coming. */
const PATIENCE_MS = 180_000;
/** How long what is no program (a keeper, a filter of a pipeline) may live on after a stop. */
const GRACE_MS = 15_000;

/** More than any program here needs to finish, on any machine; those that never do have their own. */
const STOP_SECONDS = 30;

/** A session of the fleet. */
interface Ship {
  readonly kind: Kind;
  readonly port: number;
  readonly record: string;
  readonly keys: SessionKeys;
}

interface Fleet {
  readonly subject: Subject;
  readonly nonce: string;
  readonly ships: readonly Ship[];
  readonly faults: Faults;
  /** Sessions whose program could not print its last words: who read them had ended. */
  readonly unheard: Set<string>;
}

/** What a proof came to. */
export interface Outcome {
  readonly faults: Faults;
  /** Some lines for people. */
  readonly summary: string;
}

/**
 * Runs the proof in a sandbox of its own and clears up.
 *
 * @param options `check` is called between the steps; it throws to end the proof early
 */
export async function proveFleet(
  options: {
    readonly rounds: number;
    readonly say: (line: string) => void;
    readonly check?: () => void;
  },
): Promise<Outcome> {
  const { rounds, say, check = () => {} } = options;
  const subject = await makeSubject();
  const faults = new Faults();
  const nonce = `fleet${crypto.randomUUID().slice(0, 8)}`;
  try {
    const { ships, missing, notes } = await buildFleet(subject, nonce);
    for (const note of notes) faults.add("the config has no such key", note);
    if (Deno.env.get("KSTOPS_CI")) {
      for (const name of missing) faults.add("not installed", name);
    }
    const fleet: Fleet = { subject, nonce, ships, faults, unheard: new Set() };
    const began = performance.now();
    for (let round = 1; round <= rounds; round++) {
      const before = faults.count;
      await sail(fleet, round, check);
      // At once: the proof may be ended before its end.
      if (faults.count > before) say(String(faults));
      say(`round ${round} of ${rounds}: ${faults.count} faults so far`);
    }
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    const summary = `fleet: ${ships.length} sessions on ${subject.title}, ${rounds} rounds in ` +
      `${seconds} s: ${faults.count === 0 ? "no fault" : `${faults.count} faults`}` +
      (fleet.unheard.size === 0
        ? ""
        : `\nlast words that nobody could hear (no fault): ${[...fleet.unheard].join(", ")}`) +
      (missing.length === 0 ? "" : `\nnot installed here, left out: ${missing.join(", ")}`);
    return { faults, summary };
  } finally {
    for (const { pid, session } of livingProcesses({ nonce, work: subject.sandbox.work })) {
      if (session !== null) kill(pid);
    }
    await clearSandbox(subject.sandbox, { graceMs: 0 });
  }
}

async function buildFleet(
  subject: Subject,
  nonce: string,
): Promise<
  {
    readonly ships: readonly Ship[];
    readonly missing: readonly string[];
    readonly notes: readonly string[];
  }
> {
  const { work } = subject.sandbox;
  const found = await interpreters();
  const ports = freePorts(KINDS.length);
  const knowsScope = (await subject.kstops(["config", "schema"])).stdout.includes("stop_scope");
  const ships: Ship[] = [];
  const missing: string[] = [];
  const notes: string[] = [];
  for (const [index, kind] of KINDS.entries()) {
    const port = ports[index] ?? 0;
    const directory = `${work}/${kind.name}`;
    const mark = markOf(nonce, kind.name);
    const keys = await kind.session({ ...found, directory, mark, port });
    if (keys === null) missing.push(kind.name);
    else if (keys.stop_scope !== undefined && !knowsScope) {
      notes.push(`stop_scope, for ${kind.name}`);
    } else ships.push({ kind, port, keys, record: `${work}/${kind.name}.record` });
  }
  const sessions = Object.fromEntries(ships.map(({ kind, keys, record }) => [kind.name, {
    ...keys,
    env: { [MARK_VARIABLE]: markOf(nonce, kind.name), FLEET_RECORD: record },
  }]));
  // JSON is YAML.
  await Deno.writeTextFile(
    `${work}/kstops.yml`,
    JSON.stringify({ ops: { stop_timeout: STOP_SECONDS, sessions } }),
  );
  return { ships, missing, notes };
}

/** Ports that nobody has now, from below those that the kernel hands out by itself. */
function freePorts(count: number): readonly number[] {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = 12_000 + Math.floor(Math.random() * 20_000);
    if (isFree(port)) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}

/** One round: all start, are ready, and stop. */
async function sail(fleet: Fleet, round: number, check: () => void): Promise<void> {
  const { subject: { kstops }, ships, faults } = fleet;
  for (const { record } of ships) await Deno.writeTextFile(record, "");
  check();
  const start = await kstops(["start", "--all", "--json"]);
  const said = saidBy(start, { faults, round });
  const notReady = await waitForAll(fleet, said);
  for (const [ship, why] of notReady) {
    faults.add("a session that was started is not ready", `round ${round}, ${ship}: ${why}`);
  }
  await checkStarted(fleet, { round, said, answer: start, notReady });
  const before = processesBySession(fleet);
  check();
  const stop = await kstops(["stop", "--all", "--json"]);
  const after = processesBySession(fleet);
  const stopped = saidBy(stop, { faults, round });
  if (stop.code !== 0) {
    faults.add(`stop --all: exit ${stop.code}`, `round ${round}: ${stop.stderr.trim()}`);
  }
  await checkStopped(fleet, { round, stopped, before, after });
  await checkStates(fleet, round);
}

/** Waits for each that was started; tells of those that never are ready, and why. */
async function waitForAll(
  { ships, nonce }: Fleet,
  said: readonly Said[],
): Promise<ReadonlyMap<string, string>> {
  const begun = new Set(said.filter(({ error }) => error === null).map(({ name }) => name));
  const missing = () =>
    ships.filter((ship) => readyIn(recordOf(ship)).length < ship.kind.processes);
  const isReady = () => !missing().some(({ kind }) => begun.has(kind.name));
  try {
    await waitFor(isReady, "the fleet", { timeoutMs: PATIENCE_MS });
  } catch {
    // It is told below which ones are not.
  }
  return new Map(
    missing().map((ship) => {
      const what = recordOf(ship).map(({ role, what }) => `${role} ${what}`).join(", ");
      return [ship.kind.name, `${what || "no process of it began"} (${nonce})`];
    }),
  );
}

function recordOf({ record }: Ship): ReturnType<typeof parseRecord> {
  return parseRecord(Deno.readTextFileSync(record));
}

function processesBySession(
  { nonce, subject }: Fleet,
): ReadonlyMap<string, readonly Living[]> {
  const living = livingProcesses({ nonce, work: subject.sandbox.work });
  return Map.groupBy(living.filter(({ session }) => session !== null), (one) => one.session ?? "");
}

function saidBy(
  { args, stdout, stderr, code }: Answer,
  { faults, round }: { readonly faults: Faults; readonly round: number },
): readonly Said[] {
  try {
    return parseSaid(stdout);
  } catch {
    faults.add(`${args.join(" ")}: no JSON`, `round ${round}: exit ${code}: ${stderr} ${stdout}`);
    return [];
  }
}

/** What runs is said to run, with its own pid. */
async function checkStarted(
  fleet: Fleet,
  { round, said, answer, notReady }: {
    readonly round: number;
    readonly said: readonly Said[];
    readonly answer: Answer;
    readonly notReady: ReadonlyMap<string, string>;
  },
): Promise<void> {
  const { faults, ships } = fleet;
  if (answer.code !== 0 && notReady.size === 0) {
    faults.add(
      `start --all: exit ${answer.code}, and every program runs`,
      `round ${round}: ${answer.stderr.trim()}`,
    );
  }
  const living = processesBySession(fleet);
  for (const { kind } of ships.filter(({ kind }) => !notReady.has(kind.name))) {
    const one = said.find(({ name }) => name === kind.name);
    const wanted = kind.endsAtOnce ? "exited" : "running";
    const told = `round ${round}, ${kind.name}: ${JSON.stringify(one)}`;
    // On a busy machine what ends at once may still be there when the wait of the start is over.
    const isLate = kind.endsAtOnce && one?.state === "running";
    if (isLate) await waitForEnd(fleet, kind.name, told);
    else if (one?.state !== wanted) faults.add(`start does not say ${wanted}`, told);
    else if (!kind.endsAtOnce) {
      const isOwn = living.get(kind.name)?.some(({ pid }) => pid === one.pid);
      if (!isOwn) faults.add("start says a pid that is not the program's", told);
    }
  }
}

async function waitForEnd({ subject, faults }: Fleet, name: string, told: string): Promise<void> {
  const isExited = async () => {
    const { stdout } = await subject.kstops(["status", name, "--json"]);
    return parseSaid(stdout).some(({ state }) => state === "exited");
  };
  try {
    await waitFor(isExited, "its end");
  } catch {
    faults.add("what ends at once is never exited", told);
  }
}

async function checkStopped(
  fleet: Fleet,
  { round, stopped, before, after }: {
    readonly round: number;
    readonly stopped: readonly Said[];
    readonly before: ReadonlyMap<string, readonly Living[]>;
    readonly after: ReadonlyMap<string, readonly Living[]>;
  },
): Promise<void> {
  const { faults, ships } = fleet;
  for (const ship of ships) {
    const { name } = ship.kind;
    const record = recordOf(ship);
    if (record.some(({ what }) => what.startsWith("unheard"))) fleet.unheard.add(name);
    const programs = new Set(record.map(({ pid }) => pid));
    const left = (after.get(name) ?? []).filter(({ pid }) => programs.has(pid));
    const one = stopped.find((said) => said.name === name);
    const told = `round ${round}, ${name}`;
    if (left.length > 0) {
      faults.add(
        one?.error === null ? "stop says Stopped, and programs live" : "stop failed, programs live",
        `${told}: ${described(left)}; ${JSON.stringify(one)}`,
      );
    }
    if (one?.state !== "defined") {
      faults.add("stop does not say defined", `${told}: ${JSON.stringify(one)}`);
    }
    const own = new Set([...programs, ...(before.get(name) ?? []).map(({ pid }) => pid)]);
    for (const wrong of wrongsIn(record, ship.kind, own)) {
      faults.add(`${name}: ${wrong.split(":")[0]}`, `round ${round}: ${wrong}`);
    }
    if (ship.kind.listens && !isFree(ship.port)) {
      faults.add("a port is still taken after its stop", `${told}: port ${ship.port}`);
    }
  }
  const ofSessions = () => [...processesBySession(fleet).values()].flat();
  try {
    await waitFor(() => ofSessions().length === 0, "nothing of it", { timeoutMs: GRACE_MS });
  } catch {
    const left = ofSessions();
    const names = [...new Set(left.map(({ session }) => session))].join(", ");
    faults.add(
      "something of a stopped session lives on",
      `round ${round}, ${names}: ${described(left)}`,
    );
    // The next round is not to suffer from this one.
    for (const { pid } of left) kill(pid);
  }
}

/** After all of it nothing is there, and no tmux either. */
async function checkStates({ subject, faults, nonce, ships }: Fleet, round: number): Promise<void> {
  const list = await subject.kstops(["list", "--json"]);
  const said = saidBy(list, { faults, round });
  for (const { kind } of ships) {
    const rows = said.filter(({ name }) => name === kind.name);
    if (rows.length !== 1 || rows[0]?.state !== "defined") {
      faults.add(
        "list does not say defined",
        `round ${round}, ${kind.name}: ${JSON.stringify(rows)}`,
      );
    }
  }
  const servers = () => livingProcesses({ nonce, work: subject.sandbox.work }).filter(isTmuxServer);
  try {
    await waitFor(() => servers().length === 0, "no tmux", { timeoutMs: GRACE_MS });
  } catch {
    faults.add("a tmux server stays without a session", `round ${round}: ${described(servers())}`);
    for (const { pid } of servers()) kill(pid);
  }
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { rounds: { type: "string", default: "3" } } });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) {
    console.error("fleet: --rounds wants a number of rounds");
    Deno.exit(2);
  }
  const { faults, summary } = await proveFleet({
    rounds,
    say: console.log,
    check: stopOnSignals(),
  });
  if (faults.count > 0) console.log(String(faults));
  console.log(summary);
  Deno.exit(faults.count === 0 ? 0 : 1);
}
