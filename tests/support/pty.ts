/**
 * A terminal for a test: a program on a real pty, driven by keys. Tests see the screen that a
 * person would see. The terminal is a separate tmux, invisible to the program and the rest of the
 * sandbox.
 *
 * ```ts
 * await withPty(t, { argv: ["bash", "--norc"] }, async (pty) => {
 *   await pty.type("echo $((6 * 7))");
 *   await pty.press("Enter");
 *   await pty.shows(/^42$/m);
 * });
 * ```
 */
import { type Sandbox, waitFor } from "./tmux.ts";
import { denoWorld } from "../../src/world/deno.ts";
import { LIMIT_MS } from "./limits.ts";

/** A program on a pty. */
export interface Pty {
  /** Types a text unchanged. */
  readonly type: (text: string) => Promise<void>;
  /** Presses keys, by their names in tmux: `Tab`, `Enter`, `C-c`, `M-f`. */
  readonly press: (...keys: readonly string[]) => Promise<void>;
  /** The lines of the screen, without blanks and empty lines at their ends. */
  readonly screen: () => Promise<string>;
  /** The same with colours, and `ESC` in place of the escape character. */
  readonly coloured: () => Promise<string>;
  /** The title of the terminal's window. */
  readonly title: () => Promise<string>;
  /** Waits until the screen shows it, and returns the screen. */
  readonly shows: (what: string | RegExp) => Promise<string>;
  /** Changes the size of the terminal. */
  readonly resize: (columns: number, rows: number) => Promise<void>;
  /** Waits until the program has ended, and returns its exit code, 128+n when signal n ended it. */
  readonly ended: () => Promise<number>;
  /** Takes the terminal away, as a lost connection does. */
  readonly hangUp: () => Promise<void>;
}

/** What runs on a pty, and how large it is. */
export interface PtyOptions {
  readonly argv: readonly string[];
  /** Variables over those of the sandbox. `TERM` is the terminal's; there is no `TMUX`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: the working directory of the sandbox. */
  readonly directory?: string;
  /** Default: 100 by 40. */
  readonly columns?: number;
  readonly rows?: number;
}

const CONFIG = `
set-option -g status off
set-option -g escape-time 0
set-option -g remain-on-exit on
set-option -g remain-on-exit-format ""
set-option -g default-terminal screen-256color
`;

let count = 0;

/** Runs `body` with a program on a pty. In the end the terminal is gone and the program hung up. */
export async function withPty(
  sandbox: Sandbox,
  options: PtyOptions,
  body: (pty: Pty) => Promise<void>,
): Promise<void> {
  const pty = await openPty(sandbox, options);
  try {
    await body(pty);
  } finally {
    // Hung up already, or ended by itself.
    await pty.hangUp().catch(() => {});
  }
}

/** A pane in which a person works: a shell that says `ready> `. */
export interface TestTerminal extends Pty {
  /** Types a command line and presses Enter. */
  readonly enter: (line: string) => Promise<void>;
}

/** Opens a terminal with `sh`; an undefined variable is removed. It ends with the sandbox. */
export async function openTerminal(
  sandbox: Sandbox,
  { env = {}, ...size }: {
    readonly columns?: number;
    readonly rows?: number;
    readonly env?: Readonly<Record<string, string | undefined>>;
  } = {},
): Promise<TestTerminal> {
  const changes = Object.entries({ PS1: "ready> ", ...env });
  const unset = changes.filter(([, value]) => value === undefined).flatMap(([key]) => ["-u", key]);
  const set = changes.flatMap(([key, value]) => value === undefined ? [] : [`${key}=${value}`]);
  const pty = await openPty(sandbox, { ...size, argv: ["env", ...unset, ...set, "sh"] });
  await pty.shows(/ready>/);
  return {
    ...pty,
    enter: async (line) => {
      await pty.type(line);
      await pty.press("Enter");
    },
  };
}

/** Opens a pty; without {@link withPty} it ends with the sandbox. */
async function openPty(sandbox: Sandbox, options: PtyOptions): Promise<Pty> {
  const { columns = 100, rows = 40, argv, env = {}, directory = sandbox.work } = options;
  const socket = `${sandbox.directory}/pty${++count}`;
  const config = `${socket}.conf`;
  await Deno.writeTextFile(config, CONFIG);

  async function tmux(...args: readonly string[]): Promise<string> {
    const command = new Deno.Command("tmux", {
      args: ["-u", "-S", socket, "-f", config, ...args],
      env: { ...sandbox.env },
      clearEnv: true,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
    const { success, stdout, stderr } = await command.output();
    const decoder = new TextDecoder();
    if (success) return decoder.decode(stdout);
    throw new Error(`tmux ${args.join(" ")}: ${decoder.decode(stderr)}`);
  }

  const screen = async (): Promise<string> => {
    const lines = (await tmux("capture-pane", "-p")).split("\n");
    return lines.map((line) => line.trimEnd()).join("\n").trimEnd();
  };
  const pty: Pty = {
    // A final semicolon would end the command of tmux.
    type: async (text) => void await tmux("send-keys", "-l", "--", text.replace(/;$/, "\\;")),
    press: async (...keys) => void await tmux("send-keys", "--", ...keys),
    screen,
    title: async () => (await tmux("display-message", "-p", "#{pane_title}")).trim(),
    coloured: async () => (await tmux("capture-pane", "-p", "-e")).replaceAll("\x1b", "ESC"),
    shows: async (what) => {
      let last = "";
      try {
        return await waitFor(async () => {
          last = await screen();
          return (typeof what === "string" ? last.includes(what) : what.test(last)) && last;
        }, "the screen");
      } catch {
        throw new Error(`Waited in vain for ${Deno.inspect(what)} on this screen:\n${last}\n`);
      }
    },
    resize: async (columns, rows) =>
      void await tmux("resize-window", "-x", `${columns}`, "-y", `${rows}`),
    ended: async () => {
      const format = "#{pane_dead} #{pane_dead_status} #{pane_dead_signal}";
      const answer = await waitFor(async () => {
        const [dead, status, signal] = (await tmux("display-message", "-p", format)).trim()
          .split(" ");
        // This tmux sometimes misses an end until another child of its own ends.
        if (dead === "1" && !status && !signal) await tmux("run-shell", "true");
        return dead === "1" && (status || signal) ? { status, signal } : null;
      }, "the end of the program");
      return answer.status ? Number(answer.status) : 128 + Number(answer.signal);
    },
    hangUp: async () => void await tmux("kill-server"),
  };
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const size = ["-x", `${columns}`, "-y", `${rows}`];
  const program = ["env", "-u", "TMUX", "-u", "TMUX_PANE", ...variables, ...argv];
  await tmux("new-session", "-d", ...size, "-c", directory, "--", ...program);
  return pty;
}

/** Whether there is such a program. */
export async function hasProgram(name: string): Promise<boolean> {
  try {
    await denoWorld().exec([name, "--version"], { timeoutMs: LIMIT_MS });
    return true;
  } catch {
    return false;
  }
}
