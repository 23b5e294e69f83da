/** The commands that set kstops up. */
import { command, type Commands, type Group } from "../grammar.ts";
import { BOOT } from "./boot.ts";
import { SET_UP } from "./flags.ts";

const DEFINED_NAME = { name: "name", kind: "defined session" } as const;

const config: Group = {
  about: "check, show and create the config file",
  group: SET_UP,
  examples: {
    "kstops config init": "write one to begin with",
    "kstops config validate": "everything that is wrong with it",
    "kstops config show --origins": "the result, and where each value comes from",
  },
  commands: {
    validate: command({
      about: "everything that is wrong with it; exit status 3 if anything is",
      examples: { "kstops config validate": "before a restart, or in CI" },
      load: async () => (await import("../commands/config/validate.ts")).validate,
    }),
    show: command({
      about: "the result, with everything filled in; values of variables are hidden",
      arguments: { name: { ...DEFINED_NAME, about: "one session only" } },
      flags: {
        origins: { about: "show where each value comes from" },
        "show-secrets": { about: "show values of variables, too" },
      },
      examples: {
        "kstops config show": "all of it, as one file",
        "kstops config show astro --origins": "a session, and the file and line of each value",
      },
      load: async () => (await import("../commands/config/show.ts")).show,
    }),
    path: command({
      about: "the file that is in force; exit status 3 if there is none",
      examples: { "$EDITOR $(kstops config path)": "change it" },
      load: async () => (await import("../commands/config/path.ts")).path,
    }),
    schema: command({
      about: "its JSON Schema, for editors",
      examples: { "kstops config schema > kstops.schema.json": "for yaml.schemas of an editor" },
      load: async () => (await import("../commands/config/schema.ts")).schema,
    }),
    init: command({
      about: "write a commented config to begin with; never replaces a file",
      arguments: {
        file: { name: "file", kind: "file", about: "where; without it, ./kstops.yml" },
      },
      examples: { "kstops config init": "then: kstops start hello" },
      load: async () => (await import("../commands/config/init.ts")).init,
    }),
  },
};

const doctor = command({
  about: "check engines, config, state directory and terminal; exit status 1 if anything fails",
  group: SET_UP,
  examples: {
    "kstops doctor": "what is missing or wrong, and what to do about it",
    "kstops doctor --json | jq .ok": "for scripts",
  },
  load: async () => (await import("../commands/doctor.ts")).doctor,
});

const completions = command({
  about: "the script for completions in a shell",
  group: SET_UP,
  arguments: {
    shell: {
      name: "shell",
      about: "the shell",
      choices: ["bash", "zsh", "fish"],
      required: true,
    },
  },
  examples: {
    "source <(kstops completions bash)": "in ~/.bashrc",
    "kstops completions fish | source": "in config.fish",
  },
  load: async () => (await import("../commands/completions.ts")).completions,
});

/** Commands for the config, the engines and the shell, in the order of the help. */
export const SETTING_UP: Commands = { config, boot: BOOT, doctor, completions };
