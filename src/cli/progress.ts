/** What is being done, drawn on the terminal while it takes longer than a second. */
import { localeOf } from "../locale.ts";
import { type Doing, progressLines, redrawn } from "../output/progress.ts";
import type { World } from "../world/world.ts";
import type { Context } from "./command.ts";

/** How long nothing is drawn: what is done sooner says so itself. */
const SILENT_MS = 1000;
/** How often it is looked whether something else is to be drawn. */
const LOOK_MS = 200;
/** What a terminal without a size has. */
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

/** The progress of everything that is being done. */
export interface Progress {
  readonly during: Context["during"];
  /** Makes room for something that is said now; what is being done is drawn again below it. */
  readonly clear: () => void;
  /** Does something that needs the terminal to itself, as a question does. */
  readonly without: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Draws on the terminal that standard error is. */
export function progressOn(
  { terminal, now, every, env }: Pick<World, "terminal" | "now" | "every" | "env">,
  write: (text: string) => void,
): Progress {
  const doings = new Set<Doing>();
  const { isUnicode: unicode } = localeOf(env);
  let began = 0;
  let hidden = false;
  let drawn: readonly string[] = [];
  let drawnAt = "";
  let stopLooking: (() => void) | null = null;

  function draw(lines: readonly string[], columns: number): void {
    if (lines.length === 0 && drawn.length === 0) return;
    write(redrawn(lines, { over: drawn, columns }));
    drawn = lines;
  }
  const columnsNow = (): number => terminal.columns() || DEFAULT_COLUMNS;
  const clear = (): void => draw([], columnsNow());
  function look(): void {
    if (hidden || now().getTime() - began < SILENT_MS) return;
    const columns = columnsNow();
    const rows = terminal.rows() || DEFAULT_ROWS;
    const lines = progressLines([...doings], { columns, rows, unicode, now: now() });
    // Nothing is written where nothing is new: a slow connection has other things to carry.
    const wanted = JSON.stringify([columns, rows, lines]);
    if (wanted === drawnAt && drawn.length > 0) return;
    draw(lines, columns);
    drawnAt = wanted;
  }

  return {
    clear,
    during: async (label, work, { session = null } = {}) => {
      const doing: Doing = { session, label, since: now() };
      if (doings.size === 0) began = doing.since.getTime();
      doings.add(doing);
      stopLooking ??= every(LOOK_MS, look);
      try {
        return await work();
      } finally {
        doings.delete(doing);
        if (doings.size === 0) {
          stopLooking?.();
          stopLooking = null;
          clear();
        }
      }
    },
    without: async (work) => {
      hidden = true;
      clear();
      try {
        return await work();
      } finally {
        hidden = false;
      }
    },
  };
}
