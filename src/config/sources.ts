/**
 * The texts of a config's files, laid end to end, so that one number says the file and the place.
 * Trees of several files can be merged this way, and every node still knows where it is written.
 * Pure.
 */
import {
  directoryOf,
  type Path,
  pathText,
  type Place,
  type Problem,
  type Written,
} from "./config.ts";
import { excerptsOf } from "./excerpt.ts";
import type { Mistake } from "./interpolate.ts";
import { lineAt, positionsIn } from "./positions.ts";
import type { Node } from "./tree.ts";

/** The files added so far. */
export interface Sources {
  /**
   * Adds a file, by its absolute path.
   *
   * @returns the number of its first character
   */
  readonly add: (file: string, text: string) => number;
  readonly placeOf: (at: number) => Place;
  /** A mistake at a place, with its line. */
  readonly problem: (at: number, path: Path, mistake: Mistake) => Problem;
}

interface Source {
  readonly file: string;
  readonly base: number;
  readonly text: string;
  readonly position: ReturnType<typeof positionsIn>;
  readonly excerpt: (offset: number) => string;
}

/** No files yet. */
export function newSources(): Sources {
  const sources: Source[] = [];
  const bases: number[] = [];
  let end = 0;

  function sourceAt(at: number): Source {
    const source = sources[lineAt(bases, at)];
    if (source === undefined) throw new Error("a place in no file");
    return source;
  }

  function placeOf(at: number): Place {
    const { file, base, position } = sourceAt(at);
    return { file, ...position(at - base) };
  }

  return {
    add: (file, text) => {
      const base = end;
      let excerpts: ((offset: number) => string) | null = null;
      sources.push({
        file,
        base,
        text,
        position: positionsIn(text),
        // Only files with mistakes need this work.
        excerpt: (offset) => (excerpts ??= excerptsOf(text))(offset),
      });
      bases.push(base);
      // One more, since a missing text is reported at the end.
      end += text.length + 1;
      return base;
    },
    placeOf,
    problem: (value, path, { message, hint, spot }) => {
      const { base, text, excerpt } = sourceAt(value);
      const at = base + spotIn(text, value - base, spot);
      return {
        ...placeOf(at),
        path: pathText(path),
        message,
        hint,
        excerpt: () => excerpt(at - base),
      };
    },
  };
}

/**
 * The offset of a part of a value. When escapes or line breaks make that unclear, the offset of the
 * value itself, which may begin with a quote.
 */
function spotIn(source: string, value: number, spot: Mistake["spot"]): number {
  if (spot === undefined) return value;
  const { offset, text } = spot;
  const isQuoted = /["']/.test(source[value] ?? "");
  const at = value + offset + (isQuoted ? 1 : 0);
  const before = source.slice(value, at);
  const isPlain = !/[\r\n]/.test(before) && !(isQuoted && /\\|''/.test(before));
  return isPlain && source.startsWith(text, at) ? at : value;
}

/** Tells where the values of a tree are written; `directory` is for values in no file. */
export function writtenIn(
  root: Node | null,
  { sources, directory }: { sources: Sources; directory: string },
): Written {
  return {
    place: (path) => {
      const node = nodeAt(root, path);
      return node === null ? null : sources.placeOf(node.at);
    },
    directory: (path) => {
      const at = nearest(root, path);
      return at === null ? directory : directoryOf(sources.placeOf(at).file);
    },
    problem: (path, mistake) => {
      const at = nearest(root, path);
      if (at === null) throw new Error(`${pathText(path)} is not in a config`);
      return sources.problem(at, path, mistake);
    },
  };
}

/** The value at a path. */
export function nodeAt(root: Node | null, path: Path): Node | null {
  let node = root;
  for (const step of path) {
    if (node?.kind === "list" && typeof step === "number") node = node.items[step] ?? null;
    else node = (node?.kind === "map" ? node.entries.get(String(step))?.value : null) ?? null;
  }
  return node;
}

/** Where a value is (for a mapping's value, its key), or the nearest node around it that exists. */
function nearest(root: Node | null, path: Path): number | null {
  let node = root;
  let at = root?.at ?? null;
  for (const step of path) {
    if (node?.kind === "list" && typeof step === "number") {
      node = node.items[step] ?? null;
      at = node?.at ?? at;
    } else {
      const entry = node?.kind === "map" ? node.entries.get(String(step)) : undefined;
      node = entry?.value ?? null;
      at = (entry?.value.kind === "map" ? entry.at : entry?.value.at) ?? at;
    }
    if (node === null) return at;
  }
  return at;
}
