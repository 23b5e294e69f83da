/**
 * A terminal's screen as an SVG. Pure.
 *
 * Existing packages were considered (`ansi-to-svg` 1.4, `svg-term` 2.0): the first does not know
 * the width of letters and has not changed for years, the second needs React. A screen from tmux
 * has only colours, so little code is needed.
 */
import { widthOf } from "../src/output/text.ts";

/** The colours of a picture, in CSS. */
export interface Theme {
  readonly paper: string;
  readonly ink: string;
  readonly frame: string;
  readonly dim: string;
  readonly red: string;
  readonly green: string;
  readonly yellow: string;
}

/** GitHub's colours, like the page around the picture; their contrasts are made for reading. */
export const THEMES: Readonly<Record<"dark" | "light", Theme>> = {
  dark: {
    paper: "#0d1117",
    ink: "#e6edf3",
    frame: "#30363d",
    dim: "#8b949e",
    red: "#ff7b72",
    green: "#3fb950",
    yellow: "#d29922",
  },
  light: {
    paper: "#f6f8fa",
    ink: "#1f2328",
    frame: "#d1d9e0",
    dim: "#59636e",
    red: "#cf222e",
    green: "#1a7f37",
    yellow: "#9a6700",
  },
};

/** Text in one style. */
interface Run {
  readonly text: string;
  readonly style: Style;
}

interface Style {
  readonly bold: boolean;
  readonly dim: boolean;
  readonly colour: "ink" | "red" | "green" | "yellow";
}

const PLAIN: Style = { bold: false, dim: false, colour: "ink" };

/** The codes of select graphic rendition (ECMA-48, 8.3.117) that kstops prints, and their effects. */
const CODES: Readonly<Record<string, (style: Style) => Style>> = {
  "": () => PLAIN,
  0: () => PLAIN,
  1: (style) => ({ ...style, bold: true }),
  2: (style) => ({ ...style, dim: true }),
  31: (style) => ({ ...style, colour: "red" }),
  32: (style) => ({ ...style, colour: "green" }),
  33: (style) => ({ ...style, colour: "yellow" }),
  39: (style) => ({ ...style, colour: "ink" }),
  49: (style) => style,
};

const CELL = { width: 8.4, height: 19, size: 14, margin: 16 };

/**
 * A screen as an SVG.
 *
 * @param lines the output of `tmux capture-pane -e -p`, line by line
 * @throws for a control sequence that is not a colour of kstops
 */
export function terminalSvg(
  lines: readonly string[],
  { narrowest, theme, title }: {
    /** In columns. */
    readonly narrowest: number;
    readonly theme: Theme;
    /** For readers who cannot see it. */
    readonly title: string;
  },
): string {
  const { margin, height, size } = CELL;
  const columns = Math.max(narrowest, ...plainLines(lines).map(widthOf));
  const [wide, high] = [columns * CELL.width + 2 * margin, lines.length * height + 2 * margin];
  let style = PLAIN;
  const texts = lines.flatMap((line, row) => {
    const { runs, last } = runsOf(line, style);
    style = last;
    return textsOf(runs, { y: margin + row * height + size, theme });
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${number(wide)}" height="${number(high)}"` +
    ` viewBox="0 0 ${number(wide)} ${number(high)}" role="img" font-size="${size}"` +
    ` font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect x="0.5" y="0.5" width="${number(wide - 1)}" height="${number(high - 1)}" rx="8"` +
    ` fill="${theme.paper}" stroke="${theme.frame}"/>`,
    ...texts,
    "</svg>",
    "",
  ].join("\n");
}

function plainLines(lines: readonly string[]): readonly string[] {
  return lines.map((line) => runsOf(line, PLAIN).runs.map(({ text }) => text).join("").trimEnd());
}

function runsOf(line: string, before: Style): { readonly runs: Run[]; readonly last: Style } {
  const runs: Run[] = [];
  let style = before;
  // deno-lint-ignore no-control-regex
  for (const [, codes, text = ""] of line.matchAll(/\x1b\[([0-9;]*)m|([^\x1b]+|\x1b)/g)) {
    if (codes === undefined) {
      if (text === "\x1b") throw new Error(`not a colour: ${JSON.stringify(line)}`);
      runs.push({ text, style });
      continue;
    }
    for (const code of codes.split(";")) {
      const apply = CODES[code];
      if (apply === undefined) throw new Error(`no colour of kstops: ${code}`);
      style = apply(style);
    }
  }
  return { runs, last: style };
}

/** Pieces of a line, each at its column, so that columns stay columns with any font. */
function textsOf(
  runs: readonly Run[],
  { y, theme }: { readonly y: number; readonly theme: Theme },
): string[] {
  let column = 0;
  return runs.flatMap(({ text, style }) =>
    (text.match(/ {2,}|(?:(?! {2}).)+/gu) ?? []).flatMap((piece) => {
      const x = CELL.margin + column * CELL.width;
      const width = widthOf(piece);
      column += width;
      if (piece.trim() === "") return [];
      return [
        `<text x="${number(x)}" y="${y}" textLength="${number(width * CELL.width)}"` +
        ` lengthAdjust="spacingAndGlyphs" xml:space="preserve" fill="${
          theme[style.dim ? "dim" : style.colour]
        }"` +
        `${style.bold ? ' font-weight="bold"' : ""}>${escapeXml(piece)}</text>`,
      ];
    })
  );
}

/** At most one digit after the point. */
function number(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
