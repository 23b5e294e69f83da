/**
 * A real terminal for tests: a pane of an outer tmux server. Keys are typed as a person would, and
 * the screen is read as a person would see it.
 */
import { type TmuxSandbox, waitFor } from "./tmux.ts";

/** A terminal with a shell in it. */
export interface TestTerminal {
  /** Types keys as tmux names them (`C-c`, `Enter`), or text. */
  readonly keys: (...keys: readonly string[]) => Promise<void>;
  /** Types a command line and Enter. */
  readonly enter: (line: string) => Promise<void>;
  /** What the screen shows, without empty lines. */
  readonly screen: () => Promise<string>;
  /** Waits until the screen shows this, and gives the screen. */
  readonly shows: (pattern: RegExp) => Promise<string>;
  readonly resize: (columns: number, rows: number) => Promise<void>;
  /** Closes the terminal: everything in it gets SIGHUP. */
  readonly hangUp: () => Promise<void>;
}

/** How a terminal is opened. */
export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  /** Variables of the shell; undefined takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

let opened = 0;

/** Opens a terminal with `sh`, which is not told that it is inside of a tmux. */
export async function openTerminal(
  t: TmuxSandbox,
  { columns = 100, rows = 30, env = {} }: TerminalOptions = {},
): Promise<TestTerminal> {
  const name = `terminal${++opened}`;
  const outer = (...args: readonly string[]) => t.tmux("-L", "terminals", ...args);
  const changes = Object.entries({ TMUX: undefined, TMUX_PANE: undefined, ...env });
  const unset = changes.filter(([, value]) => value === undefined).flatMap(([key]) => ["-u", key]);
  const set = changes.flatMap(([key, value]) => value === undefined ? [] : [`${key}=${value}`]);
  await outer(
    ...["new-session", "-d", "-s", name, "-x", String(columns), "-y", String(rows), "-c", t.work],
    ...["--", "env", ...unset, ...set, "PS1=ready> ", "sh"],
    // Otherwise the server ends with its last terminal, just when the next one is opened.
    ...[";", "set-option", "-s", "exit-empty", "off"],
  );
  const target = `=${name}:`;
  const screen = async () =>
    (await outer("capture-pane", "-p", "-J", "-t", target)).split("\n").map((line) =>
      line.trimEnd()
    ).filter((line) => line !== "").join("\n");
  const shows = async (pattern: RegExp) => {
    let last = "";
    await waitFor(async () => pattern.test(last = await screen()), `${pattern} on the screen`)
      .catch((error) => {
        throw new Error(`${error.message}\n${last}`);
      });
    return last;
  };
  const keys = async (...names: readonly string[]) => {
    await outer("send-keys", "-t", target, ...names);
  };
  await shows(/ready>/);
  return {
    keys,
    screen,
    shows,
    enter: async (line) => {
      await outer("send-keys", "-t", target, "-l", line);
      await keys("Enter");
    },
    resize: async (width, height) => {
      await outer("resize-window", "-t", target, "-x", String(width), "-y", String(height));
    },
    hangUp: async () => {
      await outer("kill-session", "-t", `=${name}`);
    },
  };
}
