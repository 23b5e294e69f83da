/** What must be true after a step of the walk. Pure: what was done and seen stands in its arguments. */
import type { Wrong } from "./judge.ts";
import type { Said } from "./subject.ts";
import type { Command, Meaning } from "./walk_plan.ts";

/** Where a session can be. */
export type Place = "tmux:default" | "tmux:bots" | "podman" | "docker";

/** A program that lives, by the process table. */
export interface Main {
  readonly pid: number;
  /** The pid by which its engine knows it: of a container, that of its init. */
  readonly known: number;
  /** By its container, or by the variables of its terminal; null: neither says. */
  readonly place: Place | null;
}

/** What an engine has of a session, by the engine's own client. */
export interface Kept {
  readonly place: Place;
  /** What the engine calls it now. */
  readonly name: string;
  readonly id: string;
  /** The engine's own word: `running`, `exited`, `created`. */
  readonly state: string;
  /** Null: it runs nothing. */
  readonly pid: number | null;
}

/** What there is of a session, whatever kstops says. */
export interface Truth {
  /** Never more than one. */
  readonly mains: readonly Main[];
  /** Other processes that its programs started. */
  readonly others: readonly number[];
  readonly kept: readonly Kept[];
}

/** Whether a place is one that these words mean. */
export function isAt(meaning: Meaning, place: Place): boolean {
  if (meaning === "tmux") return place.startsWith("tmux:");
  if (meaning === "container") return !place.startsWith("tmux:");
  return meaning === place;
}

/** What flags and config mean together. */
export function meantBy(config: Meaning, flags: Meaning | null): Meaning {
  if (flags === null) return config;
  const isOpen = flags === "tmux" || flags === "container";
  return isOpen && (backendOf(config) === flags) ? config : flags;
}

function backendOf(meaning: Meaning): "tmux" | "container" {
  return meaning.startsWith("tmux") ? "tmux" : "container";
}

/** The programs of a session that live, by the process table or by an engine: never more than one. */
export function copiesIn({ mains, kept }: Truth): readonly number[] {
  const running = kept.filter(({ place, pid }) => !place.startsWith("tmux:") && pid !== null);
  const pids = [...mains.map(({ known }) => known), ...running.map(({ pid }) => pid ?? 0)];
  return [...new Set(pids)];
}

// --- commands --------------------------------------------------------------------------------------

/** What a command must come to. */
export interface Expected {
  readonly codes: readonly number[];
  /**
   * `same`: what ran runs on, and nothing else. `ended`: nothing lives. `runs`: a new program does.
   * `any`: only that there are never two.
   */
  readonly effect: "same" | "ended" | "runs" | "any";
  /** Where the new program must be, if it matters. */
  readonly isRightPlace: (place: Place) => boolean;
}

const ANYWHERE = () => true;

/** What must come of a command. */
export function expect(command: Command, before: Truth, config: Meaning): Expected {
  const { verb, flags, isTwice, killAfterMs } = command;
  const expected = expectOfOne(command, before, config);
  // Of two at once one may find the work of the other done, or under way.
  if (isTwice) return { ...expected, codes: [...expected.codes, 0, 5, 6], effect: "any" };
  // What it came to was not seen.
  if (killAfterMs !== null && verb !== "stop") return { ...expected, effect: "any" };
  // A definition that is only half-made says nothing that could be relied on.
  if (flags === null && before.kept.some(({ state }) => state === "created")) {
    return { ...expected, codes: [...expected.codes, 0, 6], effect: "any" };
  }
  return expected;
}

function expectOfOne({ verb, flags }: Command, before: Truth, config: Meaning): Expected {
  const [living] = before.mains;
  const meant = meantBy(config, flags);
  const same = (...codes: readonly number[]): Expected => ({
    codes,
    effect: "same",
    isRightPlace: ANYWHERE,
  });
  const ended = { codes: [0], effect: "ended", isRightPlace: ANYWHERE } as const;
  const reaches = flags === null ||
    (living !== undefined && living.place !== null && isAt(flags, living.place));
  switch (verb) {
    case "list":
      return same(0);
    case "status":
    case "why":
      // What lives elsewhere is not there for these flags, and never said to be over.
      return reaches ? same(0) : living === undefined ? same(0, 5) : same(5);
    case "logs":
      return reaches ? same(0) : same(0, 5);
    case "logs --previous":
      return same(0, 5);
    case "start":
      return living !== undefined ? same(6) : {
        codes: [0],
        effect: "runs",
        isRightPlace: (place) => place === firstPlace(meant),
      };
    case "stop":
    case "stop --force":
      if (living !== undefined && !reaches) return same(5);
      return reaches ? ended : same(0, 5);
    case "stop --keep":
      if (living === undefined) return same(0, 2, 5);
      if (!reaches) return same(5);
      return living.place?.startsWith("tmux:") ? same(2) : ended;
    case "restart": {
      const stays = living?.place !== undefined && living.place !== null &&
        isAt(meant, living.place);
      const isRightPlace = (place: Place) => stays ? place === living.place : isAt(meant, place);
      if (reaches) return { codes: [0], effect: "runs", isRightPlace };
      if (living !== undefined) return same(5);
      return { codes: [0, 5], effect: "any", isRightPlace };
    }
  }
}

/** Where a start goes when nothing else is said. */
function firstPlace(meaning: Meaning): Place {
  if (meaning === "tmux") return "tmux:default";
  return meaning === "container" ? "podman" : meaning;
}

/** What a command came to, with what there was before and after it. */
export interface Done {
  readonly command: Command;
  readonly config: Meaning;
  /** Null: it was killed. */
  readonly code: number | null;
  readonly output: string;
  readonly before: Truth;
  readonly after: Truth;
}

/** Compares what a command came to with what it must. */
export function judgeCommand(done: Done): readonly Wrong[] {
  const { command, config, code, output, before, after } = done;
  const { verb } = command;
  const wrongs: Wrong[] = [];
  const add = (kind: string) =>
    wrongs.push({
      kind: `${verb}: ${kind}`,
      detail: `exit ${code}: ${output.trim()}; before: ${told(before)}; after: ${told(after)}`,
    });
  if (copiesIn(after).length > 1) add("two copies of one program");
  if (code === null) return wrongs;
  const { codes, effect, isRightPlace } = expect(command, before, config);
  if (output.includes("session_ambiguous")) add("one session is called several");
  if (!codes.includes(code)) add(`exit ${code} instead of ${codes.join(" or ")}`);
  // What failed is judged by its code, and by what kstops says afterwards.
  if (code !== 0 && effect !== "same") return wrongs;
  const [was] = before.mains;
  const [is] = after.mains;
  if (effect === "same" && was?.pid !== is?.pid) add("it changes what runs");
  if (effect === "ended") {
    if (after.mains.length > 0) add("it says Stopped, and its program lives");
    else if (after.others.length > 0) add("it says Stopped, and something of it lives");
    if (after.kept.length > 0 && verb !== "stop --keep") {
      add("it says Stopped, and its engine has it");
    }
  }
  if (effect === "runs") {
    if (is === undefined) add("it succeeds, and no program runs");
    else if (is.pid === was?.pid) add("it succeeds, and the program is the old one");
    else if (is.place !== null && !isRightPlace(is.place)) add(`it runs in ${is.place}`);
  }
  return wrongs;
}

const ERROR_CODES: Readonly<Record<number, readonly string[]>> = {
  2: ["usage"],
  5: ["session_not_found"],
  6: ["session_exists", "operation_running"],
};

/** Whether what a change prints as JSON fits its exit code and what there is. */
export function judgeJson(
  { code, stdout, stderr, rows, name, after }: {
    readonly code: number;
    readonly stdout: string;
    readonly stderr: string;
    /** What was on stdout; null: no JSON. */
    readonly rows: readonly Said[] | null;
    readonly name: string;
    readonly after: Truth;
  },
): readonly Wrong[] {
  const wrong = (kind: string): readonly Wrong[] => [
    { kind, detail: `exit ${code}: ${stdout}${stderr}; after: ${told(after)}` },
  ];
  if (code !== 0) {
    const line = stderr.trimEnd().split("\n").at(-1) ?? "";
    const said = /^\{"error":\{"code":"(\w+)"/.exec(line)?.[1];
    if (stdout !== "") return wrong("an error, and something on stdout");
    const fits = ERROR_CODES[code]?.includes(said ?? "") ?? said !== undefined;
    return fits ? [] : wrong("the error in JSON does not fit the exit code");
  }
  const [row] = rows ?? [];
  if (row === undefined || row.name !== name) return wrong("success, and no JSON of the session");
  const [main] = after.mains;
  if ((row.state === "running" ? row.pid : undefined) === main?.known) return [];
  return wrong("the JSON of a change is not what there is");
}

// --- what kstops says -------------------------------------------------------------------------------

/** Compares what `list` or `status` says of a session with what there is. */
export function judgeSaid(rows: readonly Said[], truth: Truth): readonly Wrong[] {
  const wrongs: Wrong[] = [];
  const add = (kind: string) => wrongs.push({ kind, detail: detailsOf(rows, truth) });
  if (copiesIn(truth).length > 1) add("two copies of one program");
  const [row] = rows;
  if (row === undefined) add("a session of the config is not there");
  else if (rows.length > 1) add("one session is there twice");
  if (row === undefined || rows.length > 1) return wrongs;
  if (!row.defined) add("a session of the config is not said to be defined");
  const [main] = truth.mains;
  if (main !== undefined) {
    if (row.state !== "running") add(`${row.state}, and its program lives`);
    else if (row.pid !== main.known) add("running with a pid that is not its own");
    else if (!row.managed) add("running, and not managed");
    else if (main.place !== null && placeSaid(row) !== main.place) {
      add("running in another place than is said");
    }
    return wrongs;
  }
  if (row.state === "running") add("running, and its program is dead");
  else if (row.state === "unknown") add("unknown, and its engine can be asked");
  const [kept] = truth.kept;
  if (kept !== undefined && row.state === "defined") add("defined, and its engine has it");
  return wrongs;
}

/** Whether two answers about a session are the same one. */
export function judgeAgreement(one: Said, other: Said): readonly Wrong[] {
  const facts = ({ state, pid, engine, socketName, engineState }: Said) =>
    JSON.stringify({ state, pid, engine, socketName, engineState });
  if (facts(one) === facts(other)) return [];
  return [{
    kind: "list and status do not agree",
    detail: `${facts(one)} and ${facts(other)}`,
  }];
}

function placeSaid({ engine, socketName }: Said): string | null {
  return engine === "tmux" ? `tmux:${socketName}` : engine;
}

// --- what is kept of the output -----------------------------------------------------------------------

/** An execution of a program, by what it wrote down itself. */
export interface Execution {
  readonly id: string;
  /** How many lines it has printed at least. */
  readonly lines: number;
}

/** What may be missing of an execution: nothing, its end, or all of it. */
export type Missing = "nothing" | "end" | "all";

/** Reads what the programs of a session wrote down: in the order of their first lines. */
export function parseExecutions(record: string): readonly Execution[] {
  const lines = new Map<string, number>();
  for (const line of record.split("\n").slice(0, -1)) {
    const [id = "", count] = line.split(" ");
    lines.set(id, Math.max(lines.get(id) ?? 0, Number(count)));
  }
  return Array.from(lines, ([id, count]) => ({ id, lines: count }));
}

/** The numbers of the lines of one execution in an output. */
function numbersOf(output: string, id: string): readonly number[] {
  return output.split("\n").flatMap((line) =>
    line.startsWith(`${id} `) ? [Number(line.slice(id.length + 1).split(" ")[0])] : []
  );
}

/** Whether the output of an execution is there as promised. */
export function judgeOutput(
  output: string,
  { id, lines }: Execution,
  { missing, promisedBytes }: { readonly missing: Missing; readonly promisedBytes: number },
): readonly Wrong[] {
  const numbers = numbersOf(output, id);
  const [first = 0] = numbers;
  const last = numbers.at(-1) ?? 0;
  const details = `${numbers.length} lines of ${id}, from ${first} to ${last} of ${lines}, ` +
    `${output.length} bytes`;
  const wrong = (kind: string): readonly Wrong[] => [{ kind, detail: details }];
  // A signal may come between a line and its count: then its number comes twice.
  const gap = numbers.findIndex((number, index) => {
    const before = numbers[index - 1];
    return before !== undefined && number !== before && number !== before + 1;
  });
  if (gap !== -1) return wrong(`the output has a hole before line ${numbers[gap]}`);
  if (missing === "nothing" && last < lines) return wrong("the end of the output is missing");
  if (missing !== "all" && first > 1 && output.length < promisedBytes) {
    return wrong("less is kept of the output than is promised");
  }
  return [];
}

/** What is told of a truth. */
export function told({ mains, others, kept }: Truth): string {
  const programs = mains.map(({ pid, place }) => `${pid} in ${place}`);
  const engines = kept.map(({ place, name, state, pid }) => `${place}/${name} ${state} ${pid}`);
  return `program [${programs}] others [${others}] engines [${engines}]`;
}

function detailsOf(rows: readonly Said[], truth: Truth): string {
  const said = rows.map(({ state, engine, socketName, engineState, pid, reason }) =>
    JSON.stringify({ state, engine, socketName, engineState, pid, reason })
  );
  return `kstops says ${said.join(" and ") || "nothing"}; in truth ${told(truth)}`;
}
