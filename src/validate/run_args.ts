/** Finds words of `run_args` that conflict with what kstops does itself. Pure. */

/** A flag in `run_args` that conflicts with kstops. */
interface OddFlag {
  /** The flag as written, without its value. */
  readonly flag: string;
  /** Its consequence. */
  readonly problem: string;
  readonly hint: string;
  /** Whether a start refuses it: it would start another session, or none. */
  readonly isRefused: boolean;
}

interface Rule {
  readonly flags: readonly string[];
  readonly problem: string;
  readonly hint: string;
  readonly isRefused?: true;
}

const LEAVE_OUT = "leave it out of run_args";
const useKey = (key: string) => `use the key ${key} instead`;

const RULES: readonly Rule[] = [
  {
    flags: ["--name", "--detach", "-d", "--attach", "-a", "--replace"],
    problem: "kstops does that itself",
    hint: LEAVE_OUT,
    isRefused: true,
  },
  {
    flags: ["--rm"],
    problem: "a container that removes itself takes its exit code and what it printed with it",
    hint: `${LEAVE_OUT}: kstops stop removes it`,
  },
  {
    flags: ["--restart"],
    problem: "kstops does not know of it, so a restart from what is recorded loses its meaning",
    hint: useKey("restart"),
  },
  { flags: ["--stop-signal"], problem: "it overrides stop_signal", hint: useKey("stop_signal") },
  {
    flags: ["--stop-timeout"],
    problem: "kstops waits as long as stop_timeout says, whatever this says",
    hint: useKey("stop_timeout"),
  },
  {
    flags: ["--env", "-e"],
    problem: "ps shows its value to everybody on this machine",
    hint: useKey("env"),
  },
  {
    flags: ["--pull"],
    problem: "kstops gets a missing image itself, and gives this call 60 s",
    hint: LEAVE_OUT,
  },
  {
    flags: ["--detach-keys"],
    problem: "kstops attach says Ctrl-p Ctrl-q, and sets that",
    hint: LEAVE_OUT,
  },
  {
    flags: ["--interactive=false", "--tty=false", "-i=false", "-t=false"],
    problem: "kstops attach needs the terminal that it takes away",
    hint: LEAVE_OUT,
  },
];

/** A label of kstops itself, alone or behind its flag. */
const OWN_LABEL = /^((--label|-l)=?)?io\.kstops\./;

/** The odd flags in `run_args`, in order. */
export function oddFlags(runArgs: readonly string[]): readonly OddFlag[] {
  return runArgs.flatMap((word): readonly OddFlag[] => {
    const [flag = ""] = word.split("=");
    if (OWN_LABEL.test(word)) {
      return [{ flag, problem: "kstops does that itself", hint: LEAVE_OUT, isRefused: true }];
    }
    const rule = RULES.find(({ flags }) => flags.some((each) => matches(word, each)));
    if (rule === undefined) return [];
    const { problem, hint, isRefused = false } = rule;
    // A flag that is set to false means the same as no flag.
    if (word.endsWith("=false") && !rule.flags.includes(word) && !isRefused) return [];
    return [{ flag, problem, hint, isRefused }];
  });
}

function matches(word: string, flag: string): boolean {
  return word === flag || word.startsWith(`${flag}=`);
}
