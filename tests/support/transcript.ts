/**
 * Replays transcripts: text files that read like a shell session.
 *
 * ```
 * # What a second start says.
 * $ kstops start astro --command 'sleep 60'
 * Started astro (tmux, pid [0-9]+)
 * $ kstops start astro --command 'sleep 60'
 * kstops: Cannot start "astro": it is already running
 * exit 6
 * ```
 *
 * **Commands** start with `$ `; lines with `> ` right below go on with them. They are run by one
 * `sh`, so that `cd`, variables, functions and `$!` last until the end of the file. Standard input
 * is empty unless redirected. `kstops` is the program under test.
 *
 * **Output** is what follows, stdout and stderr together in their order, up to the next command, or
 * up to blank lines with a comment, a command or the end of the file after them. `exit N` as its last
 * line is the exit code, 0 where there is none. What a background program prints after its command
 * line has ended is not seen: redirect it to a file.
 *
 * A start watches its program for as long as `start_wait` of the config says: 100 ms are enough for one
 * that goes on, but one that is to have ended in that time may need longer on a slow machine. So the
 * configs say `start_wait: "${WAIT:-100}"`, and such a start is `WAIT=60000 kstops start ...`.
 *
 * **Comments** start with `# `, before the first command or after a blank line.
 *
 * Output is literal (brackets, dots, stars), but for:
 *
 * | in the transcript   | stands for                                                     |
 * |---------------------|----------------------------------------------------------------|
 * | `[0-9]+`            | a number                                                       |
 * | `[a-f0-9]+`         | an id                                                          |
 * | `<TIME>`            | a time such as `2026-01-02T03:04:05Z`, fractions allowed       |
 * | `<ID>`              | the id of an operation: a UUID, version 4                      |
 * | `<ANY>`             | anything within the line, or nothing                           |
 * | `...` (whole line)  | any number of lines, or none                                   |
 * | `<WORK>`            | the directory in which the transcript runs, also in `$WORK`    |
 * | `<RUNTIME>`         | `podman` or `docker`, also in `$RUNTIME` (see transcripts_test) |
 * | `<TAB>` `<U+001B>`  | a control or hidden character (a tab may also stand for itself) |
 * | `<NO NEWLINE>`      | at the very end: the output has no final newline               |
 * | `\` (line start)    | nothing, but what follows it is output: `\$ a`, `\exit 1`, `\` |
 *
 * With KSTOPS_UPDATE set, lines that do not match are rewritten instead (look at the difference,
 * and put pids and times back).
 */
import { writeExecutable } from "./executable.ts";
import { LIMIT_MS } from "./limits.ts";
import { clearSandbox, makeSandbox, type Sandbox } from "./tmux.ts";

/** A command of a transcript and what it should do. */
export interface Step {
  /** Number of the line with the `$`, from 1. */
  readonly line: number;
  readonly command: string;
  /** Output lines as written, without the one with the exit code. */
  readonly expected: readonly string[];
  readonly exitCode: number;
  /**
   * The range of lines with the output and the exit code: from this index up to, but without, the
   * other.
   */
  readonly outputStart: number;
  readonly outputEnd: number;
}

/** What a command did. */
export interface Outcome {
  readonly output: string;
  readonly exitCode: number;
}

/** The program that transcripts call `kstops`. */
export interface Program {
  /** Its name in a test report. */
  readonly title: string;
  readonly argv: readonly string[];
  /** Variables that it needs besides those of the transcript. */
  readonly env: Readonly<Record<string, string>>;
}

/** A transcript cannot be read, or the program does something else. */
export class TranscriptError extends Error {
  override readonly name = "TranscriptError";
}

/** The binary that KSTOPS_BIN names, else the source. */
export async function programUnderTest(
  binary: string | undefined = Deno.env.get("KSTOPS_BIN"),
): Promise<Program> {
  if (!binary) return await sourceProgram(new URL("../../main.ts", import.meta.url));
  const path = await Deno.realPath(binary).catch(() => {
    throw new Error(`KSTOPS_BIN names no file: ${binary}`);
  });
  return { title: `the binary ${binary}`, argv: [path], env: {} };
}

/** A program run by this Deno, with all its imports already fetched. */
export async function sourceProgram(main: URL): Promise<Program> {
  const path = decodeURIComponent(main.pathname);
  await deno(["cache", "--quiet", path]);
  // Deno would find no modules in the HOME of a transcript.
  const { denoDir } = JSON.parse(await deno(["info", "--json"])) as { denoDir: string };
  return {
    title: "the source",
    argv: [Deno.execPath(), "run", "--quiet", "--cached-only", "--allow-all", path],
    env: { DENO_DIR: denoDir },
  };
}

async function deno(args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  if (success) return new TextDecoder().decode(stdout);
  throw new Error(`deno ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

/** How a transcript is replayed. */
export interface ReplayOptions {
  readonly program: Program;
  /**
   * Limit for the whole transcript, after which its process group is killed. Default: 600, for
   * hangs.
   */
  readonly timeoutSeconds?: number;
  /** Whether to rewrite lines that differ. Default: as KSTOPS_UPDATE says. */
  readonly update?: boolean;
  /** The container runtime that `<RUNTIME>` stands for; missing: there are no containers. */
  readonly runtime?: "podman" | "docker";
}

/**
 * Replays a transcript in a separate place, and removes everything of it.
 *
 * @throws {TranscriptError} with every difference, each as `FILE:LINE: $ COMMAND` and the lines
 */
export async function replay(
  path: string,
  options: ReplayOptions,
): Promise<"passed" | "rewritten"> {
  const { update = Boolean(Deno.env.get("KSTOPS_UPDATE")), timeoutSeconds = 600 } = options;
  const { runtime } = options;
  const text = await Deno.readTextFile(path);
  const steps = parseTranscript(text, path);
  const sandbox = await makeSandbox({ containers: runtime !== undefined });
  const env = runtime === undefined ? sandbox.env : { ...sandbox.env, RUNTIME: runtime };
  let played: Played;
  try {
    await writeProgram(options.program, sandbox);
    played = await play(steps, { sandbox: { ...sandbox, env }, timeoutMs: timeoutSeconds * 1000 });
  } finally {
    await clearSandbox(sandbox, { graceMs: 200 });
  }
  const { ended } = played;
  const outcomes = played.outcomes.map(({ exitCode, output }) => ({
    exitCode,
    output: output.replaceAll(sandbox.work, "<WORK>"),
  }));
  const told = steps.map((step) => ({
    ...step,
    expected: step.expected.map((line) => line.replaceAll("<RUNTIME>", runtime ?? "<RUNTIME>")),
  }));
  const problems = told.flatMap((step, index) => {
    const outcome = outcomes[index];
    const difference = outcome ? compare(step, outcome) : null;
    return difference === null ? [] : [`${place(path, step)}\n${difference}`];
  });
  const unfinished = ended === null ? undefined : steps[outcomes.length];
  if (update && problems.length > 0 && unfinished === undefined) {
    await Deno.writeTextFile(path, updated(text, { steps, outcomes }));
    return "rewritten";
  }
  if (unfinished !== undefined && ended !== null) {
    const output = ended.output === "" ? "" : `\n${prefixed("+ ", lines(ended.output))}`;
    problems.push(`${place(path, unfinished)}\n${ended.why}${output}`);
  }
  if (problems.length > 0) throw new TranscriptError(`\n${problems.join("\n\n")}\n`);
  return "passed";
}

function place(path: string, step: Step): string {
  const here = `${Deno.cwd()}/`;
  const shown = path.startsWith(here) ? path.slice(here.length) : path;
  return `${shown}:${step.line}: $ ${step.command.replaceAll("\n", "\n> ")}`;
}

/**
 * The steps of a transcript.
 *
 * @throws {TranscriptError} for a line that is neither a command, nor its output, nor a comment
 */
export function parseTranscript(text: string, path: string): readonly Step[] {
  const all = text.replace(/\n$/, "").split("\n");
  const steps: Step[] = [];
  let index = 0;
  while (index < all.length) {
    const first = all[index] ?? "";
    if (isSeparator(first)) {
      index++;
      continue;
    }
    if (!first.startsWith("$ ")) {
      throw new TranscriptError(
        `${path}:${index + 1}: neither a command ($ ...) nor a comment (# ...): ${first}`,
      );
    }
    const line = ++index;
    const command = [first.slice(2)];
    while (all[index]?.startsWith("> ")) command.push((all[index++] ?? "").slice(2));
    const outputStart = index;
    while (index < all.length && !endsOutput(all, index)) index++;
    const output = all.slice(outputStart, index);
    const exit = /^exit ([0-9]{1,3})$/.exec(output.at(-1) ?? "");
    steps.push({
      line,
      command: command.join("\n"),
      expected: exit ? output.slice(0, -1) : output,
      exitCode: Number(exit?.[1] ?? 0),
      outputStart,
      outputEnd: index,
    });
  }
  return steps;
}

function isSeparator(line: string): boolean {
  return line === "" || line === "#" || line.startsWith("# ");
}

function endsOutput(all: readonly string[], index: number): boolean {
  const line = all[index] ?? "";
  if (line.startsWith("$ ")) return true;
  if (line !== "") return false;
  const next = all.slice(index).find((later) => later !== "");
  return next === undefined || next.startsWith("$ ") || isSeparator(next);
}

/** How expected and actual lines go together. */
type Move =
  | { readonly kind: "same" | "missing"; readonly expected: string }
  | { readonly kind: "skipped" | "extra"; readonly got: string };

/** The difference between the expected and the actual output of a step, as lines to read, or null. */
export function compare(step: Step, outcome: Outcome): string | null {
  const moves = align(step.expected, lines(outcome.output));
  const sameCode = step.exitCode === outcome.exitCode;
  if (sameCode && moves.every(({ kind }) => kind === "same" || kind === "skipped")) return null;
  const shown: string[] = [];
  for (const move of moves) {
    if (move.kind === "same") shown.push(`  ${visible(move.expected)}`);
    else if (move.kind === "missing") shown.push(`- ${visible(move.expected)}`);
    else if (move.kind === "extra") shown.push(`+ ${escapeOutput(move.got)}`);
    if (shown.at(-1)?.match(/^[-+] .* $/)) shown.push("  (the line above ends with a blank)");
  }
  if (!sameCode) {
    if (step.exitCode !== 0) shown.push(`- exit ${step.exitCode}`);
    if (outcome.exitCode !== 0 || step.exitCode !== 0) shown.push(`+ exit ${outcome.exitCode}`);
  }
  return shortened(shown, 200).join("\n");
}

function shortened(all: readonly string[], limit: number): readonly string[] {
  if (all.length <= limit) return all;
  return [...all.slice(0, limit), `(${all.length - limit} more lines)`];
}

/** Pairs expected and actual lines with as few missing and extra ones as possible. */
function align(expected: readonly string[], got: readonly string[]): readonly Move[] {
  const fits = expected.map((line) => {
    if (line === "...") return null;
    const pattern = toPattern(line);
    return got.map((other) => pattern.test(other));
  });
  // cost[i * width + j]: how many lines are wrong from expected[i] and got[j] on.
  const width = got.length + 1;
  const cost = new Uint32Array((expected.length + 1) * width);
  const at = (i: number, j: number) => cost[i * width + j] ?? 0;
  for (let i = expected.length; i >= 0; i--) {
    for (let j = got.length; j >= 0; j--) {
      const choices: number[] = [];
      const free = i < expected.length && fits[i] === null;
      if (i < expected.length) choices.push(at(i + 1, j) + (free ? 0 : 1));
      if (j < got.length) choices.push(at(i, j + 1) + (free ? 0 : 1));
      if (fits[i]?.[j]) choices.push(at(i + 1, j + 1));
      cost[i * width + j] = choices.length === 0 ? 0 : Math.min(...choices);
    }
  }
  const moves: Move[] = [];
  let [i, j] = [0, 0];
  while (i < expected.length || j < got.length) {
    const [line = "", other = ""] = [expected[i], got[j]];
    const free = i < expected.length && fits[i] === null;
    if (free && at(i, j) === at(i + 1, j)) {
      moves.push({ kind: "same", expected: line });
      i++;
    } else if (free) {
      moves.push({ kind: "skipped", got: other });
      j++;
    } else if (fits[i]?.[j] && at(i, j) === at(i + 1, j + 1)) {
      moves.push({ kind: "same", expected: line });
      i++;
      j++;
    } else if (i < expected.length && at(i, j) === at(i + 1, j) + 1) {
      moves.push({ kind: "missing", expected: line });
      i++;
    } else {
      moves.push({ kind: "extra", got: other });
      j++;
    }
  }
  return moves;
}

const PLACEHOLDERS: Readonly<Record<string, string>> = {
  "[0-9]+": "[0-9]+",
  "[a-f0-9]+": "[a-f0-9]+",
  "<TIME>": "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\\.[0-9]+)?Z",
  "<ID>": "[a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[89ab][a-f0-9]{3}-[a-f0-9]{12}",
  "<ANY>": ".*",
};

function toPattern(line: string): RegExp {
  const parts = visible(line.replace(/^\\/, "")).split(
    /(\[0-9\]\+|\[a-f0-9\]\+|<TIME>|<ID>|<ANY>)/,
  );
  const source = parts.map((part) =>
    PLACEHOLDERS[part] ?? part.replace(/[\\^$.*+?()[\]{}|\/]/g, "\\$&")
  );
  return new RegExp(`^${source.join("")}$`, "u");
}

/** The lines of an output, in the notation of transcripts. */
function lines(output: string): readonly string[] {
  if (output === "") return [];
  const text = output.endsWith("\n") ? output.slice(0, -1) : `${output}<NO NEWLINE>`;
  return text.split("\n").map(visible);
}

/** C0, DEL and C1 controls, and the characters that reorder or hide text. */
// deno-lint-ignore no-control-regex
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

function visible(line: string): string {
  return line.replace(HIDDEN, (character) => {
    if (character === "\t") return "<TAB>";
    return `<U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}>`;
  });
}

/** The line, with a backslash if it would not be read as output otherwise. */
function escapeOutput(line: string): string {
  return /^(?:\\|[$>#] |#$|\.\.\.$|exit [0-9]{1,3}$)/.test(line) ? `\\${line}` : line;
}

/** The transcript with the actual outcomes; lines that match stay as they are. */
function updated(
  text: string,
  played: { readonly steps: readonly Step[]; readonly outcomes: readonly Outcome[] },
): string {
  const all = text.replace(/\n$/, "").split("\n");
  for (let index = played.steps.length - 1; index >= 0; index--) {
    const [step, outcome] = [played.steps[index], played.outcomes[index]];
    if (!step || !outcome || compare(step, outcome) === null) continue;
    const output = align(step.expected, lines(outcome.output)).flatMap((move) => {
      if (move.kind === "same") return [move.expected];
      return move.kind === "extra" ? [escapeOutput(move.got)] : [];
    });
    if (output.at(-1) === "") output.splice(-1, 1, "\\");
    if (outcome.exitCode !== 0) output.push(`exit ${outcome.exitCode}`);
    all.splice(step.outputStart, step.outputEnd - step.outputStart, ...output);
  }
  return `${all.join("\n")}\n`;
}

function prefixed(prefix: string, all: readonly string[]): string {
  return shortened(all, 200).map((line) => prefix + line).join("\n");
}

/** Puts the program as `kstops` into the directory `bin` of the sandbox. */
export async function writeProgram(program: Program, sandbox: Sandbox): Promise<void> {
  await Deno.mkdir(`${sandbox.directory}/bin`);
  const variables = Object.entries(program.env).map(([name, value]) => `${name}=${quoted(value)} `);
  await writeExecutable(
    `${sandbox.directory}/bin/kstops`,
    `#!/bin/sh\n${variables.join("")}exec ${program.argv.map(quoted).join(" ")} "$@"\n`,
  );
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

interface Played {
  /** The outcomes of the steps that ended. */
  readonly outcomes: readonly Outcome[];
  /**
   * Why the remaining steps did not run, and the output of the step that ended it all; null: all
   * ran.
   */
  readonly ended: { readonly why: string; readonly output: string } | null;
}

/**
 * Runs all steps in one `sh`, which reads them one by one on its standard input and answers each
 * with its exit code. The output of each step goes to a separate file: so no output of a program
 * can be taken for an answer, and a program that is left running does not print into the next
 * step's output.
 */
async function play(
  steps: readonly Step[],
  options: { readonly sandbox: Sandbox; readonly timeoutMs: number },
): Promise<Played> {
  const { sandbox, timeoutMs } = options;
  const { work, directory, env } = sandbox;
  const shell = new Deno.Command("sh", {
    cwd: work,
    env: { ...env, PATH: `${directory}/bin:${env["PATH"]}`, PWD: work },
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
    detached: true, // the leader of a process group of its own
  }).spawn();
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    killGroup(shell.pid);
  }, timeoutMs);
  const input = shell.stdin.getWriter();
  const answers = shell.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const gone = shell.status.then(() => null);
  const outcomes: Outcome[] = [];
  let ended: Played["ended"] = null;
  try {
    for (const [index, step] of steps.entries()) {
      const file = `${directory}/${index}.out`;
      await Deno.writeTextFile(file, "");
      // With `command` the shell survives a syntax error (POSIX 2.8.1).
      const text = `{ command eval ${quoted(step.command)}\n} </dev/null >>${quoted(file)} 2>&1\n` +
        `command printf '%s\\n' "$?"\n`;
      await input.write(new TextEncoder().encode(text)).catch(() => {});
      const exitCode = await readCode(answers, gone);
      const output = await Deno.readTextFile(file);
      if (exitCode === null) {
        const why = timedOut
          ? `The transcript did not end within ${timeoutMs / 1000} s; this was running:`
          : "The shell ended here:";
        ended = { why, output: output.replaceAll(work, "<WORK>") };
        break;
      }
      outcomes.push({ exitCode, output });
    }
  } finally {
    // The shell may have an EXIT trap to run.
    await input.close().catch(() => {});
    const patience = setTimeout(() => killGroup(shell.pid), LIMIT_MS);
    await shell.status;
    clearTimeout(patience);
    clearTimeout(timer);
    killGroup(shell.pid);
    // A process that the transcript left running may hold the pipe open: its end is not awaited.
    await answers.cancel().catch(() => {});
  }
  return { outcomes, ended };
}

/** The next line of the shell's answers; null when it is gone. */
async function readCode(
  answers: ReadableStreamDefaultReader<string>,
  gone: Promise<null>,
): Promise<number | null> {
  let text = "";
  while (!text.endsWith("\n")) {
    const read = await Promise.race([answers.read(), gone]);
    if (read === null || read.done) return null;
    text += read.value;
  }
  return Number(text);
}

/** Kills the whole process group, whose leader may be gone while others still live. */
function killGroup(leader: number): void {
  try {
    Deno.kill(-leader, "SIGKILL");
  } catch {
    // The group is empty.
  }
}
