/** Findings about processes that outlive their session. Pure. */
import {
  type Answer,
  counted,
  type Finding,
  namesText,
  ok,
  skipped,
  wrong,
} from "../model/finding.ts";

/** A session and its processes. */
export interface LivingSession {
  readonly name: string;
  readonly pids: readonly number[];
}

/** What lives of the runs of kstops besides what tmux shows. */
export interface ProcessFacts {
  /** Sessions whose program goes on although no tmux shows it. */
  readonly orphans: readonly LivingSession[];
  /** Sessions whose program has ended and left something behind. */
  readonly leftovers: readonly LivingSession[];
  /** Pids of processes that a kstops with another state directory started. */
  readonly strangers: readonly number[];
}

/** Findings about programs without a tmux, leftovers, and processes of another kstops. */
export function processFindings(facts: Answer<ProcessFacts>): readonly Finding[] {
  if (facts.kind === "failed") {
    return [
      skipped(
        "processes.seen",
        `it is unknown whether a program outlives its session: ${facts.reason}`,
      ),
    ];
  }
  const { orphans, leftovers, strangers } = facts.value;
  return [
    seenFinding({ orphans, leftovers, strangers }),
    ...lifeFinding("processes.orphaned", orphans, {
      message: (names, isOne) => `${isOne ? "goes" : "go"} on while no tmux shows it: ${names}`,
      fix: (name) => `run: kstops status ${name} (it says what became of its tmux)`,
    }),
    ...lifeFinding("processes.left", leftovers, {
      message: (names, isOne) => `${isOne ? "has" : "have"} ended, and left processes: ${names}`,
      fix: (name) => `run: kstops stop ${name}`,
    }),
  ];
}

function lifeFinding(
  check: string,
  sessions: readonly LivingSession[],
  { message, fix }: {
    readonly message: (names: string, isOne: boolean) => string;
    readonly fix: (name: string) => string;
  },
): readonly Finding[] {
  const [first] = sessions;
  if (first === undefined) return [];
  const names = namesText(sessions.map(({ name, pids }) => `${name} (pid ${pids.join(", ")})`));
  return [wrong("warning", check, {
    message: `${counted(sessions.length, "session")} ${message(names, sessions.length === 1)}`,
    fix: fix(first.name),
    details: { sessions: sessions.map(({ name, pids }) => ({ name, pids: [...pids] })) },
  })];
}

/** Tells what was examined. Processes of another kstops, such as another user's, are no fault. */
function seenFinding({ orphans, leftovers, strangers }: ProcessFacts): Finding {
  const count = orphans.length + leftovers.length;
  const own = count === 0
    ? "no program outlives its session"
    : `${counted(count, "session")} ${count === 1 ? "has" : "have"} processes that no tmux shows`;
  const processes = strangers.length === 1 ? "1 process" : `${strangers.length} processes`;
  const others = strangers.length === 0
    ? ""
    : `; ${processes} of another kstops (another user, HOME or KSTOPS_STATE_DIR), whose sessions ` +
      `this one does not see (pid ${namesText(strangers.map(String))})`;
  return ok("processes.seen", own + others, { elsewhere: [...strangers] });
}
