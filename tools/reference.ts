/** Texts for both the README and the man page, where the program has no table of its own. */
import { type Command, type Commands, type Group, isGroup } from "../src/cli/grammar.ts";

/** An entry of the table of commands, and the words that call it. */
export interface Entry {
  readonly words: readonly string[];
  readonly entry: Command | Group;
}

/** Every command and group below some words, each group before its commands. */
export function entriesBelow(words: readonly string[], commands: Commands): readonly Entry[] {
  return Object.entries(commands).flatMap(([name, entry]) => {
    const path = [...words, name];
    const below = isGroup(entry) ? entriesBelow(path, entry.commands) : [];
    return [{ words: path, entry }, ...below];
  });
}

/** Variables of the environment and their meanings (Markdown). */
export const ENVIRONMENT: Readonly<Record<string, string>> = {
  KSTOPS_CONFIG: "config file, as `--config`",
  KSTOPS_STATE_DIR:
    "where output is kept; default `$XDG_STATE_HOME/kstops`, `~/.local/state/kstops`",
  NO_COLOR: "no colours",
  TMUX_TMPDIR: "where tmux has its sockets, as for tmux",
  DOCKER_HOST: "the docker daemon, as for docker; podman's variables count as well",
};
