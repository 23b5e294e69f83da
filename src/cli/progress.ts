/** Draws current work on the terminal while it takes longer than a second. */
import { localeOf } from "../locale.ts";
import { type Doing, progressLines, redrawn } from "../output/progress.ts";
import type { World } from "../world/world.ts";
import type { Context } from "./command.ts";

/** How long nothing is drawn: short work reports itself. */
const SILENT_MS = 1000;
/** How often to check whether the drawing must change. */
const LOOK_MS = 200;
/** The width of a terminal without a size. */
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

/** The progress of all current work. */
export interface Progress {
  readonly during: Context["during"];
  /** Makes room for a message; current work is drawn again below it. */
  readonly clear: () => void;
  /** Does work that needs the terminal to itself, such as a question. */
  readonly without: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Draws on the terminal behind standard error. */
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
    // Without news nothing is written: a slow connection has other things to carry.
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
