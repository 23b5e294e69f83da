import { deepEqual } from "node:assert/strict";
import { type TerminalFacts, terminalFindings } from "../../../src/doctor/terminal.ts";
import { told } from "../../support/told.ts";

const FACTS: TerminalFacts = {
  term: "xterm",
  isKnown: true,
  isTerminal: true,
  locale: { variable: "LANG", value: "de_DE.UTF-8", isUnicode: true },
};

const KNOWN = "ok terminal.term: TERM is xterm, which is known here";
const UTF8 = "ok terminal.locale: the locale is UTF-8 (LANG=de_DE.UTF-8)";

const CASES: Record<string, { facts: Partial<TerminalFacts>; says: readonly string[] }> = {
  "a terminal that is known": { facts: {}, says: [KNOWN, UTF8] },
  "a terminal that is not known": {
    facts: { term: "xterm-kitty", isKnown: false },
    says: [
      'warning terminal.term: TERM is "xterm-kitty", which is not known here: attach to tmux ' +
      "fails -> install its description (apt install ncurses-term), or: export TERM=xterm-256color",
      UTF8,
    ],
  },
  "a terminal without TERM": {
    facts: { term: null, isKnown: false },
    says: [
      "warning terminal.term: TERM is not set: attach to tmux fails on this terminal -> run: " +
      "export TERM=xterm-256color",
      UTF8,
    ],
  },
  "no terminal, and no TERM": {
    facts: { term: null, isKnown: false, isTerminal: false },
    says: ["skipped terminal.term: TERM is not set, and there is no terminal", UTF8],
  },
  "no locale": {
    facts: { locale: { variable: null, value: "C", isUnicode: false } },
    says: [
      KNOWN,
      "warning terminal.locale: the locale is not UTF-8 (none is set): programs in sessions may " +
      "print ? for other letters -> run: export LC_ALL=C.UTF-8",
    ],
  },
  "a locale of ASCII": {
    facts: { locale: { variable: "LC_ALL", value: "POSIX", isUnicode: false } },
    says: [
      KNOWN,
      "warning terminal.locale: the locale is not UTF-8 (LC_ALL=POSIX): programs in sessions may " +
      "print ? for other letters -> run: export LC_ALL=C.UTF-8",
    ],
  },
};

for (const [what, { facts, says }] of Object.entries(CASES)) {
  Deno.test(`the doctor sees ${what}`, () => {
    deepEqual(told(terminalFindings({ ...FACTS, ...facts })), says);
  });
}
