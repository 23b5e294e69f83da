/** Random edits of a config, and what happens to its sessions between them. Pure. */
import { randomFrom } from "./random.ts";

/** A session of the edited config, as it stands in the file. */
export interface Entry {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, string>>;
  readonly oneshot?: boolean;
  readonly stop_timeout?: number;
  readonly stop_signal?: string;
  readonly restart?: string;
  readonly groups?: readonly string[];
  readonly ready?: Readonly<Record<string, string>>;
  readonly protected?: boolean;
}

/** The sessions of the config, in the order of the file. */
export type Entries = ReadonlyMap<string, Entry>;

/** One step: an edit of the config, or something that happens to a session. */
export type Step =
  | { readonly kind: "edit"; readonly words: string; readonly entries: Entries }
  | { readonly kind: "stop" | "kill"; readonly name: string };

/** Whether an edit leaves the meaning as it is, so that nothing may follow from it. */
export const IDLE_WORDS = ["another order", "a comment"] as const;

/** The names, in the order in which they may need each other: each only earlier ones. */
const NAMES = ["db", "cache", "migrate", "api", "web", "bot", "eu", "us"];
const SERVES = ["sh", "-c", "echo up; exec sleep 3600"];
const ENDS = ["sh", "-c", "echo done; exit 0"];

/** The config before the first edit. */
export const FIRST: Entries = new Map<string, Entry>([
  ["db", { command: SERVES, env: { A: "1" }, ready: { log: "^up" } }],
  ["migrate", { command: ENDS, env: {}, oneshot: true, depends_on: { db: "ready" } }],
  ["web", { command: SERVES, env: {}, depends_on: { migrate: "completed", db: "started" } }],
  ["bot", { command: SERVES, env: { TOKEN: "one" }, restart: "on-failure" }],
]);

/** Steps of a seed: each begins where the one before has led. */
export function planSteps(seed: number, count: number): readonly Step[] {
  const random = randomFrom(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const steps: Step[] = [];
  let entries = FIRST;
  while (steps.length < count) {
    const [words, change] = pick(EDITS);
    const name = pick([...entries.keys()]);
    if (words === "stop" || words === "kill") {
      steps.push({ kind: words, name });
      continue;
    }
    const next = change({ entries, name, pick });
    if (next === null) continue;
    entries = next;
    steps.push({ kind: "edit", words: `${words}: ${name}`, entries });
  }
  return steps;
}

interface Given {
  readonly entries: Entries;
  /** One of them. */
  readonly name: string;
  readonly pick: <T>(from: readonly T[]) => T;
}

/** Null: it is not possible there. */
type Edit = (given: Given) => Entries | null;

const none: Edit = () => null;
const with_ = (change: (entry: Entry, given: Given) => Entry | null): Edit => (given) => {
  const entry = given.entries.get(given.name);
  const next = entry === undefined ? null : change(entry, given);
  return next === null ? null : new Map(given.entries).set(given.name, next);
};

const EDITS: readonly (readonly [string, Edit])[] = [
  ["stop", none],
  ["kill", none],
  [
    "a variable",
    with_((entry, { pick }) => ({
      ...entry,
      env: { ...entry.env, [pick(["A", "B", "TOKEN"])]: pick(["1", "2", 'it\'s "$x"', ""]) },
    })),
  ],
  ["no variables", with_((entry) => Object.keys(entry.env).length ? { ...entry, env: {} } : null)],
  ["a limit", with_((entry, { pick }) => ({ ...entry, stop_timeout: pick([3, 5, 7.5]) }))],
  [
    "a signal",
    with_((entry, { pick }) => ({ ...entry, stop_signal: pick(["SIGTERM", "SIGINT"]) })),
  ],
  ["a policy", with_((entry, { pick }) => ({ ...entry, restart: pick(["no", "on-failure:3"]) }))],
  ["groups", with_((entry, { pick }) => ({ ...entry, groups: pick([[], ["bots"], ["eu", "a"]]) }))],
  ["protection", with_((entry) => ({ ...entry, protected: entry.protected !== true }))],
  [
    "another program",
    with_((entry, { pick }) => {
      if (entry.oneshot) return null;
      return { ...entry, command: ["sh", "-c", `echo up; exec sleep ${pick([3601, 3602, 3603])}`] };
    }),
  ],
  [
    "a session more",
    ({ entries, pick }) => {
      const name = pick(NAMES.filter((each) => !entries.has(each)).concat(""));
      if (name === "") return null;
      const isTask = name === "migrate";
      const entry = isTask
        ? { command: ENDS, env: {}, oneshot: true }
        : { command: SERVES, env: {} };
      return new Map(entries).set(name, entry);
    },
  ],
  [
    "a session less",
    ({ entries, name }) => {
      if (entries.size < 3) return null;
      const rest = Array.from(entries).filter(([each]) => each !== name);
      return new Map(rest.map(([each, { depends_on, ...entry }]): [string, Entry] => {
        const { [name]: _, ...needs } = depends_on ?? {};
        return [each, Object.keys(needs).length === 0 ? entry : { ...entry, depends_on: needs }];
      }));
    },
  ],
  [
    "a need",
    with_((entry, { entries, name, pick }) => {
      const earlier = NAMES.slice(0, NAMES.indexOf(name)).filter((each) => entries.has(each));
      const other = pick([...earlier, ""]);
      if (other === "") return null;
      const needed = entries.get(other);
      const condition = needed?.oneshot ? "completed" : needed?.ready ? "ready" : "started";
      return { ...entry, depends_on: { ...entry.depends_on, [other]: condition } };
    }),
  ],
  ["another order", ({ entries }) => new Map([...entries].reverse())],
  ["a comment", ({ entries }) => new Map(entries)],
];
