/** Properties of one thing for people: a line each, with a label. */
import { escapeControls } from "../errors.ts";
import type { SessionStatus } from "../model.ts";
import { type Colour, moment, paint, type Screen } from "./screen.ts";
import { folded } from "./text.ts";
import { time } from "../wire.ts";

/** A label and its value. Null: unknown, and not shown. */
export type Property = readonly [label: string, value: string | null];

/** The columns for values when the terminal is too narrow. */
const NARROWEST = 8;

/** The properties as aligned lines, folded to the width of a terminal, but whole in a pipe. */
export function propertyLines(
  properties: readonly Property[],
  { screen, colours = new Map() }: {
    readonly screen: Screen;
    /** The colours of values, by label. */
    readonly colours?: ReadonlyMap<string, Colour | null>;
  },
): string {
  const width = Math.max(...properties.map(([label]) => label.length)) + 2;
  return properties.map(([label, value]) => {
    if (value === null) return "";
    const colour = colours.get(label) ?? null;
    const room = screen.terminal ? Math.max(NARROWEST, screen.columns - width) : Infinity;
    const [first = "", ...rest] = folded(escapeControls(value), room);
    return [
      `${paint(label, "dim", screen)}${" ".repeat(width - label.length)}` +
      paint(first, colour, screen),
      ...rest.map((line) => `${" ".repeat(width)}${paint(line, colour, screen)}`),
    ].map((line) => `${line}\n`).join("");
  }).join("");
}

/** `5 min ago (2026-03-04T11:55:00Z)`; in a pipe only the time. */
export function momentAndTime(date: Date | null, screen: Screen): string | null {
  if (date === null) return null;
  return screen.terminal ? `${moment(date, screen)} (${time(date)})` : time(date);
}

/** The processes that a program left behind: `2 processes (pids 4711, 4712)`; null: none. */
export function leftoversText({ leftovers }: SessionStatus): string | null {
  if (leftovers === null || leftovers.length === 0) return null;
  const [count, noun] = leftovers.length === 1 ? ["1 process", "pid"] : [
    `${leftovers.length} processes`,
    "pids",
  ];
  return `${count} (${noun} ${leftovers.join(", ")})`;
}
