/** What `doctor` found, as text and as JSON. Pure. */
import { type Finding, isWell, type Level, LEVELS } from "../model/finding.ts";
import { escapeControls, type Json } from "../errors.ts";
import { type Colour, paint, type Screen } from "./screen.ts";
import { wrapped } from "./text.ts";

/** The JSON of `doctor`. */
export function doctorToWire(
  findings: readonly Finding[],
  version: string,
): { readonly [key: string]: Json } {
  return {
    ok: isWell(findings),
    version,
    findings: findings.map(({ check, level, message, fix, details }) => ({
      check,
      level,
      message,
      fix,
      details,
    })),
  };
}

/** The part of the report for a check, by the beginning of its name. */
const TITLES: Readonly<Record<string, string>> = {
  tmux: "Engines",
  podman: "Engines",
  docker: "Engines",
  containers: "Engines",
  logout: "Logout",
  boot: "Boot",
  processes: "Sessions",
  terminal: "Terminal",
  config: "Config",
  state: "State",
};

function titleOf({ check }: Finding): string {
  return TITLES[check.split(".")[0] ?? ""] ?? "Other";
}

/**
 * Findings part by part, each with a sign before it and its fix below. In a pipe one line each:
 * level, check, message and fix.
 */
export function doctorText(findings: readonly Finding[], screen: Screen): string {
  if (!screen.terminal) return findings.map((finding) => separated(finding, screen)).join("");
  const titles = [...new Set(findings.map(titleOf))];
  const parts = titles.flatMap((title) => [
    paint(title, "bold", screen),
    ...findings.filter((finding) => titleOf(finding) === title)
      .flatMap((finding) => findingLines(finding, screen)),
    "",
  ]);
  return [...parts, summary(findings, screen)].map((line) => `${line}\n`).join("");
}

function separated({ level, check, message, fix }: Finding, screen: Screen): string {
  const cells = [paint(level, COLOURS[level], screen), check, message, fix ?? "-"];
  return `${cells.map((cell, index) => index === 0 ? cell : escapeControls(cell)).join("\t")}\n`;
}

const COLOURS: Readonly<Record<Level, Colour>> = {
  ok: "green",
  skipped: "dim",
  warning: "yellow",
  failure: "red",
};

/** Signs for locales with more than ASCII, and for ASCII alone; each one column wide. */
const SIGNS: Readonly<Record<Level, readonly [unicode: string, ascii: string]>> = {
  ok: ["✓", "+"],
  skipped: ["–", "-"],
  warning: ["!", "!"],
  failure: ["✗", "x"],
};

/** Aligns the lines below a finding with its message. */
const INDENT = "    ";

function findingLines({ level, message, fix }: Finding, screen: Screen): readonly string[] {
  const { columns, unicode } = screen;
  const sign = paint(SIGNS[level][unicode ? 0 : 1], COLOURS[level], screen);
  const laidOut = (text: string, label: string): string =>
    wrapped(escapeControls(text), { columns, taken: INDENT.length + label.length, indent: INDENT });
  const first = `  ${sign} ${laidOut(message, "")}`;
  if (fix === null) return [first];
  // A command stays on one line, so that it can be copied.
  const text = fix.startsWith(COMMAND) ? escapeControls(fix) : laidOut(fix, "fix: ");
  return [first, `${INDENT}${paint("fix:", "bold", screen)} ${text}`];
}

const COMMAND = "run: ";

function summary(findings: readonly Finding[], screen: Screen): string {
  const count = (level: Level): number => findings.filter((each) => each.level === level).length;
  const worst = LEVELS.findLast((level) => count(level) > 0) ?? "ok";
  const [failures, warnings] = [count("failure"), count("warning")];
  const words = [
    failures === 0 ? "no failures" : failures === 1 ? "1 failure" : `${failures} failures`,
    warnings === 0 ? "no warnings" : warnings === 1 ? "1 warning" : `${warnings} warnings`,
  ].join(", ");
  const text = `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`;
  return paint(text, worst === "skipped" ? "green" : COLOURS[worst], screen);
}
