/** The commands for recorded operations. */
import { OPERATION_STATES } from "../../model.ts";
import { command, type Group } from "../grammar.ts";
import { LOOK } from "./flags.ts";

const OPERATION = { name: "id", kind: "operation", required: true } as const;
const WAITING_OPERATION = { ...OPERATION, kind: "waiting operation" } as const;

/** `kstops operations`: recorded operations. */
export const OPERATIONS: Group = {
  about: "what kstops did, for whom, and the result",
  group: LOOK,
  examples: {
    "kstops operations list --session astro": "who restarted it at 3 a.m.?",
    "kstops operations show 1b4e28ba": "and what happened, step by step",
    "kstops operations resume 1b4e28ba --yes": "the yes that a script could not give",
  },
  commands: {
    list: command({
      about: "all operations, newest first",
      aliases: ["ls"],
      flags: {
        session: { about: "only of this session", value: { name: "name", kind: "session" } },
        state: {
          about: "only in this state",
          value: { name: "state", choices: OPERATION_STATES },
        },
        since: {
          about: "only those that began since then: 10m, 2h, 1d or a time",
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
      about: "one operation: who asked for what, its steps, and its outcome",
      arguments: { id: { ...OPERATION, about: "its ID, or the beginning of it" } },
      examples: { "kstops operations show 1b4e28ba": "the beginning of an ID is enough" },
      load: async () => (await import("../commands/operations/show.ts")).showOperation,
    }),
    watch: command({
      about: "the events of one operation until it is over, or of all, as they happen",
      arguments: {
        id: {
          name: "id",
          kind: "operation",
          about: "its ID; without it, all operations, without end",
        },
      },
      flags: {
        "exit-status": { about: "end with the exit status of the operation" },
        after: {
          about: "go on after the event with this number; 0 begins with the oldest",
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
      about: "answer an operation that waits for a yes; a yes carries on from there",
      arguments: { id: { ...WAITING_OPERATION, about: "its ID, or the beginning of it" } },
      flags: {
        yes: { about: "yes: look again, then do it" },
        no: { about: "no: nothing is touched" },
      },
      examples: { "kstops operations resume 1b4e28ba --yes": "do what was asked for" },
      load: async () => (await import("../commands/operations/resume.ts")).resumeOperation,
    }),
    cancel: command({
      about: "abort an operation that waits for a yes",
      arguments: { id: { ...WAITING_OPERATION, about: "its ID, or the beginning of it" } },
      examples: { "kstops operations cancel 1b4e28ba": "nothing is touched" },
      load: async () => (await import("../commands/operations/resume.ts")).cancelOperation,
    }),
  },
};

function wholeNumber(text: string): number | null {
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}
