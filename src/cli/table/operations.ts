/** The commands of the record of what was done. */
import { OPERATION_STATES } from "../../model.ts";
import { command, type Group } from "../grammar.ts";
import { LOOK } from "./flags.ts";

const OPERATION = { name: "id", kind: "operation", required: true } as const;
const WAITING_OPERATION = { ...OPERATION, kind: "waiting operation" } as const;

/** `kstops operations`: the record of what was done. */
export const OPERATIONS: Group = {
  about: "what kstops did, for whom, and what came of it",
  group: LOOK,
  examples: {
    "kstops operations list --session astro": "who restarted it at 3 a.m.?",
    "kstops operations show 1b4e28ba": "and what happened, step by step",
    "kstops operations resume 1b4e28ba --yes": "the yes that a script could not give",
  },
  commands: {
    list: command({
      about: "all of them, newest first",
      aliases: ["ls"],
      flags: {
        session: { about: "only of this session", value: { name: "name", kind: "session" } },
        state: {
          about: "only in this state",
          value: { name: "state", choices: OPERATION_STATES },
        },
        since: {
          about: "only what began since then: 10m, 2h, 1d or a time",
          value: { name: "when" },
        },
      },
      examples: {
        "kstops operations list --since 1d": "since yesterday",
        "kstops operations list --state failed --json": "what went wrong, for scripts",
      },
      load: async () => (await import("../commands/operations/list.ts")).listOperations,
    }),
    show: command({
      about: "one of them: who asked for what, its steps, and its outcome",
      arguments: { id: { ...OPERATION, about: "its ID, or the beginning of it" } },
      examples: { "kstops operations show 1b4e28ba": "the beginning of an ID is enough" },
      load: async () => (await import("../commands/operations/show.ts")).showOperation,
    }),
    watch: command({
      about: "what happens to one until it is over, or to all of them, as it happens",
      arguments: {
        id: { name: "id", kind: "operation", about: "its ID; without it, all of them for good" },
      },
      flags: {
        "exit-status": { about: "end with the exit status that the operation came to" },
        after: {
          about: "go on behind the event of this number; 0 begins with the oldest",
          value: { name: "seq", read: wholeNumber, rule: "it must be a whole number" },
        },
      },
      examples: {
        "kstops operations watch": "everything, from now on",
        "kstops operations watch 1b4e28ba --exit-status": "wait for it, and fail as it fails",
        "kstops operations watch --after 0 --json": "all that is known, for scripts",
      },
      load: async () => (await import("../commands/operations/watch.ts")).watchOperations,
    }),
    resume: command({
      about: "answer one that waits for a yes; a yes carries on from there",
      arguments: { id: { ...WAITING_OPERATION, about: "its ID, or the beginning of it" } },
      flags: {
        yes: { about: "go on: look again, then do it" },
        no: { about: "do not: nothing is touched" },
      },
      examples: { "kstops operations resume 1b4e28ba --yes": "do what was asked for" },
      load: async () => (await import("../commands/operations/resume.ts")).resumeOperation,
    }),
    cancel: command({
      about: "abort one that waits for a yes",
      arguments: { id: { ...WAITING_OPERATION, about: "its ID, or the beginning of it" } },
      examples: { "kstops operations cancel 1b4e28ba": "nothing is touched" },
      load: async () => (await import("../commands/operations/resume.ts")).cancelOperation,
    }),
  },
};

function wholeNumber(text: string): number | null {
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}
