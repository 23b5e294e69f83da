/** Findings about the terminal and the locale. Pure. */
import { quote } from "../errors.ts";
import type { Locale } from "../locale.ts";
import { type Finding, ok, skipped, wrong } from "../model/finding.ts";

/** The facts about the terminal. */
export interface TerminalFacts {
  /** `TERM`; null when it is not set. */
  readonly term: string | null;
  /** Whether programs can look that terminal up. */
  readonly isKnown: boolean;
  /** Whether there is a terminal at all. */
  readonly isTerminal: boolean;
  readonly locale: Locale;
}

/** Findings about `TERM` and the locale. */
export function terminalFindings(facts: TerminalFacts): readonly Finding[] {
  return [termFinding(facts), localeFinding(facts.locale)];
}

function termFinding({ term, isKnown, isTerminal }: TerminalFacts): Finding {
  const check = "terminal.term";
  const details = { term };
  if (term === null) {
    return isTerminal
      ? wrong("warning", check, {
        message: "TERM is not set: attach to tmux fails on this terminal",
        fix: "run: export TERM=xterm-256color",
        details,
      })
      : skipped(check, "TERM is not set, and there is no terminal", { details });
  }
  if (isKnown) return ok(check, `TERM is ${term}, which is known here`, details);
  return wrong("warning", check, {
    message: `TERM is ${quote(term)}, which is not known here: attach to tmux fails`,
    fix: "install its description (apt install ncurses-term), or: export TERM=xterm-256color",
    details,
  });
}

function localeFinding({ variable, value, isUnicode }: Locale): Finding {
  const check = "terminal.locale";
  const said = variable === null ? "none is set" : `${variable}=${value}`;
  const details = { variable, value };
  if (isUnicode) return ok(check, `the locale is UTF-8 (${said})`, details);
  return wrong("warning", check, {
    message:
      `the locale is not UTF-8 (${said}): programs in sessions may print ? for other letters`,
    fix: "run: export LC_ALL=C.UTF-8",
    details,
  });
}
