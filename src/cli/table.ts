/**
 * Every command and flag, in one table, with parts in table/. Each command's code loads when it
 * runs.
 */
import type { Flags, GivenFlags, Program } from "./grammar.ts";
import { CHANGING } from "./table/change.ts";
import { SET_UP } from "./table/flags.ts";
import { LOOKING } from "./table/look.ts";
import { OPERATIONS } from "./table/operations.ts";
import { SETTING_UP } from "./table/set_up.ts";

const GLOBAL_FLAGS = {
  version: { short: "V", about: "print the version", asks: "version" },
  config: { about: "use this config file", value: { name: "file", kind: "file" } },
  json: { about: "print the result as JSON" },
  color: {
    about: "colour the output",
    value: { name: "when", choices: ["auto", "always", "never"] },
    default: "auto",
  },
  verbose: { about: "say every call of an engine on stderr" },
  help: { short: "h", about: "print this help", asks: "help" },
} as const satisfies Flags;

/** Flags that work before and after every command. */
export type GlobalFlags = GivenFlags<typeof GLOBAL_FLAGS>;

/** The table, in the order of the help. */
export const PROGRAM: Program<typeof GLOBAL_FLAGS> = {
  name: "kstops",
  about: "One interface over tmux sessions and containers, driven by one config file",
  flags: GLOBAL_FLAGS,
  commands: { ...CHANGING, ...LOOKING, operations: OPERATIONS, ...SETTING_UP },
  help: { about: "print the help of a command", group: SET_UP },
  examples: {
    "kstops list": "everything that runs or is defined",
    "kstops start astro": "a session of kstops.yml",
    "kstops start web -- sleep 60": "a session made up on the spot",
    "kstops attach astro": "its terminal; Ctrl-b d gives yours back",
    "kstops logs astro -n 20": "what it printed last",
    "kstops stop astro --timeout 30": "give it half a minute to end",
    "kstops list --json | jq -r '.[].name'": "for scripts",
  },
};
