/**
 * The texts of a config's files, laid end to end: one number says where something stands, whichever
 * file it is in. So trees of several files can be merged, and still everything in them knows where
 * it is written. Pure.
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

/** The files so far. */
export interface Sources {
  /**
   * Adds a file, by its absolute path.
   *
   * @returns what its first character counts as
   */
  readonly add: (file: string, text: string) => number;
  readonly placeOf: (at: number) => Place;
  /** A mistake at a place, with the line shown. */
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
        // Only for a file with mistakes it is worth the work.
        excerpt: (offset) => (excerpts ??= excerptsOf(text))(offset),
      });
      bases.push(base);
      // One more, since what is missing is missed at the end.
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
 * The offset of a part of a value that begins at an offset, perhaps with a quote; the value itself
 * where escapes or lines of their own leave open where that is.
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

/** Where the values of a tree are written; `directory` is for what is nowhere. */
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

/** Where a value is (of a mapping, its key), or the nearest thing around it that is there. */
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
