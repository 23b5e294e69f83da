/** Reads a config file and its includes, and merges them. */
import type { World } from "../world/world.ts";
import { absolutePath, type Config, directoryOf, type Settings } from "./config.ts";
import { withDefaults } from "./layers.ts";
import { mergeMaps } from "./merge.ts";
import { type FileContents, type Include, readConfig, readFile } from "./read.ts";
import { newSources, type Sources, writtenIn } from "./sources.ts";
import { realPathOf } from "./owners.ts";
import { MAX_FILE_BYTES, readTrusted } from "./trusted.ts";
import type { Fault, MapNode, Tree } from "./tree.ts";
import { parseYaml, withoutMark } from "./yaml.ts";

/** Lines and values in all files of a config: each takes half a kilobyte of memory or more. */
const MAX_VALUES = 200_000;
/** Levels of includes. */
const MAX_INCLUDE_DEPTH = 10;
/** Files of one config. */
export const MAX_FILES = 100;

/** All files of a config, merged. */
interface Merged extends Pick<FileContents, "root" | "faults"> {
  /** Absolute paths, first file first. */
  readonly files: readonly string[];
  readonly sources: Sources;
}

/** The first file of a config. */
interface First {
  /** Absolute path. */
  readonly file: string;
  readonly text: string;
  /** Whether other top-level keys, in it and in its includes, belong to another program. */
  readonly foreignKeys: boolean;
  /** The settings that apply when the file gives none. */
  readonly defaults: Settings;
}

/** Reads the config that begins with a file. Never throws for mistakes in it. */
export async function readConfigFiles(world: World, first: First): Promise<Config> {
  const { files, sources, ...contents } = await readFiles(world, first);
  const context = { lookup: world.env, defaults: first.defaults, sources };
  const { root, faults } = withDefaults(contents.root, context);
  const read = readConfig({ root, faults: [...contents.faults, ...faults] }, context);
  const directory = directoryOf(first.file);
  const written = writtenIn(root, { sources, directory });
  const realPath = await realPathOf(world, first.file);
  return { path: first.file, realPath, files, ...read, written };
}

/** A file that was read, and its includes merged under it. */
interface Visited {
  readonly root: MapNode | null;
  /** Levels of includes below this file. */
  readonly height: number;
}

/**
 * Reads the includes of a file, their includes, and so on. A file that is included twice is read
 * once. A file that includes itself, directly or through others, is a fault.
 */
async function readFiles(world: World, first: First): Promise<Merged> {
  const sources = newSources();
  const visited = new Map<string, Visited>();
  const files: string[] = [];
  const faults: Fault[] = [];
  let length = 0;
  let values = 0;

  function parsed(file: string, text: string): Tree {
    const source = withoutMark(text);
    values += countValues(source);
    const isTooLarge = values > MAX_VALUES;
    const base = sources.add(file, isTooLarge ? "" : source);
    if (!isTooLarge) return parseYaml(source, base);
    const message = `there are more than ${MAX_VALUES} lines and values up to the end of this file`;
    const fault = { at: base, path: [], message, hint: "is it a config file?" };
    return { root: null, faults: [fault] };
  }

  async function visit(file: string, text: string, chain: readonly string[]): Promise<Visited> {
    files.push(file);
    length += text.length;
    const contents = readFile(parsed(file, text), {
      lookup: world.env,
      foreignKeys: first.foreignKeys,
    });
    for (const fault of contents.faults) faults.push(fault);
    let under: MapNode | null = null;
    let height = 0;
    for (const include of contents.includes) {
      if (first.foreignKeys && !/\.(?:ya?ml|json)$/.test(include.file)) continue;
      const found = await follow(include, [...chain, file]);
      if (found.root !== null) under = under === null ? found.root : mergeMaps(under, found.root);
      height = Math.max(height, found.height + 1);
    }
    const { root } = contents;
    const merged = under === null || root === null ? root ?? under : mergeMaps(under, root);
    const result = { root: merged, height };
    visited.set(file, result);
    return result;
  }

  async function follow({ at, path, file }: Include, chain: readonly string[]): Promise<Visited> {
    const target = absolutePath(directoryOf(chain.at(-1) ?? "/"), file);
    const refuse = (message: string, hint: string | null = null): Visited => {
      faults.push({ at, path, message, hint });
      return { root: null, height: 0 };
    };
    if (chain.includes(target)) {
      const circle = [...chain.slice(chain.indexOf(target)), target].join(" -> ");
      return refuse(`it includes itself: ${circle}`, "remove one of these includes");
    }
    const known = visited.get(target);
    if (chain.length + (known?.height ?? 0) > MAX_INCLUDE_DEPTH) {
      return refuse(`files are included more than ${MAX_INCLUDE_DEPTH} levels deep`);
    }
    if (known !== undefined) return known;
    if (files.length >= MAX_FILES) return refuse(`there are more than ${MAX_FILES} files`);
    const read = await readTrusted(world, target);
    if (read.text === null) {
      const { message, hint, position } = read.mistake;
      const place = position === null ? target : `${target}:${position.line}:${position.column}`;
      return refuse(`cannot include ${place}: ${message}`, hint);
    }
    if (length + read.text.length > MAX_FILE_BYTES) {
      return refuse(`all files together are larger than ${MAX_FILE_BYTES / 1024 / 1024} MiB`);
    }
    return await visit(target, read.text, chain);
  }

  const { root } = await visit(first.file, first.text, []);
  return { root, faults, files, sources };
}

/** The most lines and values that a text can have, counted without reading it as YAML. */
function countValues(source: string): number {
  let count = 1;
  for (let index = 0; index < source.length; index++) {
    const character = source.charCodeAt(index);
    if (
      character === COMMA || character === BRACKET || character === BRACE || character === NEWLINE
    ) {
      count++;
    } else if (character === COLON || character === DASH || character === QUESTION) {
      // Without a blank behind it, the character is part of a text.
      const next = source.charCodeAt(index + 1);
      if (!(next > SPACE)) count++;
    }
  }
  return count;
}

const NEWLINE = 0x0a;
const SPACE = 0x20;
const COMMA = 0x2c;
const DASH = 0x2d;
const COLON = 0x3a;
const QUESTION = 0x3f;
const BRACKET = 0x5b;
const BRACE = 0x7b;
