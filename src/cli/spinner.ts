/** A sign of life while something takes longer than a second. */
import { escapeControls } from "../errors.ts";
import { cut } from "../output/text.ts";

/** What a spinner is drawn with. */
interface SpinnerOptions {
  readonly write: (text: string) => void;
  /** Columns of the terminal; null where it has no size. */
  readonly columns: () => number | null;
  /** How long nothing is shown. */
  readonly afterMs?: number;
}

// Plain ASCII: it looks the same in every locale.
const FRAMES = ["-", "\\", "|", "/"];
const FRAME_MS = 120;
/** The sign, the blank behind it, and the last column, where some terminals already wrap. */
const SIGN_COLUMNS = 3;
/** Back to the beginning of the line, and nothing on it. */
const CLEAR_LINE = "\r\x1b[2K";

/** A sign of life at work. */
export interface Spinner {
  /** Takes what is drawn away, so that a line can be said; it comes back by itself. */
  readonly clear: () => void;
  readonly stop: () => void;
}

/** Shows what `label` says with a turning sign, until it is stopped. */
export function spin(
  label: () => string,
  { write, columns, afterMs = 1000 }: SpinnerOptions,
): Spinner {
  let frame = 0;
  let drawing: ReturnType<typeof setInterval> | undefined;
  const draw = (): void => {
    // A label that went on in the next line would stay there.
    const room = (columns() || 80) - SIGN_COLUMNS;
    const text = cut(escapeControls(label()), room, "~");
    write(`${CLEAR_LINE}${FRAMES[frame++ % FRAMES.length]} ${text}`);
  };
  const waiting = setTimeout(() => {
    draw();
    drawing = setInterval(draw, FRAME_MS);
  }, afterMs);
  const clear = (): void => {
    if (drawing !== undefined) write(CLEAR_LINE);
  };
  return {
    clear,
    stop: () => {
      clearTimeout(waiting);
      clearInterval(drawing);
      clear();
    },
  };
}
