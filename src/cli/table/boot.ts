/** The commands for the boot of the machine. */
import { command, type Group } from "../grammar.ts";
import { NAMES, SET_UP } from "./flags.ts";

const SYSTEM = { about: "a unit of the system, which only root may write" } as const;
const DRY_RUN = { about: "only say each file and command" } as const;

/** `kstops boot` */
export const BOOT: Group = {
  about: "make sessions come back when the machine boots",
  group: SET_UP,
  examples: {
    "kstops boot enable": "those with a restart policy",
    "kstops boot status": "whether that would work now, and why not",
  },
  commands: {
    enable: command({
      about: "write what starts the sessions at boot, and start it now",
      arguments: {
        names: { ...NAMES, about: "only these sessions, whatever their restart policy" },
      },
      flags: { system: SYSTEM, "dry-run": DRY_RUN },
      examples: {
        "kstops boot enable": "sessions with a restart policy come back",
        "kstops boot enable web db": "these two, whatever their policy",
        "kstops boot enable --dry-run": "what that would write and run",
      },
      load: async () => (await import("../commands/boot/enable.ts")).enable,
    }),
    disable: command({
      about: "remove what enable wrote; running sessions go on",
      flags: { system: SYSTEM, "dry-run": DRY_RUN },
      examples: { "kstops boot disable": "as if it had never been enabled" },
      load: async () => (await import("../commands/boot/enable.ts")).disable,
    }),
    status: command({
      about: "whether the sessions would come back now; exit status 1 if not",
      flags: { system: SYSTEM },
      examples: { "kstops boot status": "what is missing, and what to do about it" },
      load: async () => (await import("../commands/boot/status.ts")).bootStatus,
    }),
  },
};
