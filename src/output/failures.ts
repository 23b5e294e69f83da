/** Failures as text for people. Pure. */
import { type ErrorEnvelope, escapeControls } from "../errors.ts";
import { type Colour, paint, type Screen } from "./screen.ts";
import { folded, widthOf, wrapped } from "./text.ts";

type Failure = ErrorEnvelope["error"];

/** This many sessions with the same hint get it once: fewer hints can be copied as they are. */
const SHARED_BY = 3;
/** Stands for the name of each session in a shared hint. */
const ANY_NAME = "NAME";

/**
 * The texts of failures, in order. Failures of sessions whose hints differ only in names come
 * together, with the hint once behind them.
 */
export function failuresText(
  envelopes: readonly ErrorEnvelope[],
  screen: Screen,
): readonly string[] {
  const failures = envelopes.map(({ error }) => error);
  const groups = Map.groupBy(failures, (failure) => sharedHint(failure) ?? failure);
  return [...groups].flatMap(([hint, group]) => {
    if (typeof hint !== "string" || group.length < SHARED_BY) {
      return group.map((failure) => failureText(failure, failure.hint, screen));
    }
    const label = `hint (for ${group.length} sessions):`;
    return [
      ...group.map((failure) => failureText(failure, null, screen)),
      `${hintText(label, hint, screen)}\n`,
    ];
  });
}

/** The hint without the name of its session; null: it cannot be shared. */
function sharedHint(failure: Failure): string | null {
  const { hint } = failure;
  const session = sessionOf(failure);
  if (hint === null || session === null) return null;
  const name = session.replaceAll(/[^\w-]/g, "\\$&");
  return hint.replaceAll(new RegExp(`(?<![\\w-])${name}(?![\\w-])`, "g"), ANY_NAME);
}

/** The one of several sessions that it is about. */
function sessionOf({ code, message, details: { session } }: Failure): string | null {
  if (typeof session === "string" && session !== "") return session;
  // An interruption names the session and its state only in its message.
  return code === "interrupted" ? message.match(/"([^"]+)"/)?.[1] ?? null : null;
}

function failureText(
  { message, details }: Failure,
  hint: string | null,
  screen: Screen,
): string {
  const [first = "", ...rest] = message.split("\n").map(escapeControls);
  const output = Array.isArray(details["output"]) ? details["output"].map(String) : [];
  const lines = [
    said(first, { label: "kstops:", colour: "red" }, screen),
    ...fitting(rest, screen).map((line) => said(line, { label: " ", indent: "    " }, screen)),
    ...output.flatMap((line) => printed(escapeControls(line), screen)),
    ...(hint === null ? [] : [hintText("hint:", hint, screen)]),
  ];
  return `${lines.join("\n")}\n`;
}

function hintText(label: string, hint: string, screen: Screen): string {
  return said(escapeControls(hint), { label, colour: "bold" }, screen);
}

/**
 * The lines, without any line of a file with a caret below that does not fit: the caret would be
 * lost.
 */
function fitting(lines: readonly string[], { terminal, columns }: Screen): readonly string[] {
  const isCaret = (line: string | undefined): boolean => /^ *\^$/.test(line ?? "");
  const isWide = (line: string | undefined): boolean =>
    terminal && 2 + widthOf(line ?? "") > columns;
  return lines.filter((line, index) =>
    !(isCaret(lines[index + 1]) && isWide(line)) &&
    !(isCaret(line) && isWide(lines[index - 1]))
  );
}

/** The beginning of a sentence. */
interface Label {
  readonly label: string;
  readonly colour?: Colour;
  /** The beginning of further lines. */
  readonly indent?: string;
}

/** A sentence behind its label, broken between words on a terminal. */
export function said(
  text: string,
  { label, colour, indent = "  " }: Label,
  screen: Screen,
): string {
  const { terminal, columns } = screen;
  const body = terminal ? wrapped(text, { columns, taken: label.length + 1, indent }) : text;
  return `${paint(label, colour ?? null, screen)} ${body}`;
}

/** A line that a program printed; what does not fit on a terminal continues below it. */
function printed(text: string, screen: Screen): readonly string[] {
  const sign = "  | ";
  const room = Math.max(1, screen.columns - sign.length);
  const lines = screen.terminal ? folded(text, room) : [text];
  return lines.map((line, index) => `${index === 0 ? sign : " ".repeat(sign.length)}${line}`);
}
