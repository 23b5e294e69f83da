/** Builds the variables of a start from env files, config and flags. Pure. */
import { quote } from "../errors.ts";
import { validateEnv, variableProblem } from "../validate/env.ts";
import {
  absolutePath,
  type Config,
  type EnvFileSettings,
  type Origin,
  type Path,
  type Problem,
  type SessionEntry,
  type SessionSettings,
  type UsableEntry,
} from "./config.ts";
import type { Remark } from "./env_expand.ts";
import { parseEnvFile } from "./env_file.ts";
import type { Filler } from "./filler.ts";
import type { StartFlags } from "./flags.ts";
import type { Surroundings } from "./starting.ts";
import { type Warning, warningAt } from "./warnings.ts";

/** What variables are built from. */
interface Start {
  readonly name: string;
  readonly flags: StartFlags;
  readonly config: Config;
  readonly surroundings: Surroundings;
  /** Null: the session is not in the config. */
  readonly entry: UsableEntry | null;
  readonly settings: SessionSettings;
  readonly filler: Filler;
}

/** The env files of a session, by absolute path. */
export function filesOf(
  entry: SessionEntry | undefined,
  { flags, config, workingDirectory }: {
    flags: StartFlags;
    config: Config;
    workingDirectory: string;
  },
): { ofConfig: readonly EnvFileSettings[]; ofFlags: readonly EnvFileSettings[] } {
  const ofConfig = entry?.kind === "usable" ? entry.settings.envFiles : [];
  return {
    ofConfig: ofConfig.map(({ path, format }, index) => {
      const written = ["ops", "sessions", entry?.name ?? "", "env_file", index];
      return { path: absolutePath(config.written.directory(written), path), format };
    }),
    ofFlags: (flags.envFiles ?? []).map((path) => ({
      path: absolutePath(workingDirectory, path),
      format: null,
    })),
  };
}

/** The variables, and the remarks about them. */
export interface Variables {
  readonly env: Readonly<Record<string, string>>;
  readonly origins: ReadonlyMap<string, Origin>;
  readonly warnings: readonly Warning[];
  /** Every wrong line of an env file. */
  readonly problems: readonly Problem[];
  /** Values filled in from the environment. */
  readonly secrets: readonly string[];
}

/** A variable as given; null: its value comes from the environment. */
type Given = readonly [key: string, value: string | null, origin: Origin];

/**
 * The variables, key by key: env files of the config, its `env`, then env files and `env` of the
 * flags.
 */
export function variablesOf(start: Start): Variables {
  const { flags, entry, config, surroundings, settings, filler } = start;
  const { workingDirectory } = surroundings;
  const files = filesOf(entry ?? undefined, { flags, config, workingDirectory });
  const read = envReader(start);
  const ofConfig = [...settings.env].map(([key, value]): Given => [
    key,
    value === null ? null : filler.text(["env", key], value, () => {}),
    originAt(config, ["ops", "sessions", start.name, "env", key]),
  ]);
  const ofFlags = (flags.env ?? []).map((text): Given => [
    ...envFlag(text, unsafeKeys(start)),
    { kind: "flag", flag: "--env" },
  ]);
  const env = new Map<string, string>();
  const origins = new Map<string, Origin>();
  const unset = new Set<string>();
  const all = [
    ...files.ofConfig.flatMap(read.file),
    ...ofConfig,
    ...files.ofFlags.flatMap(read.file),
    ...ofFlags,
  ];
  for (const [key, written, origin] of all) {
    const value = written ?? surroundings.env(key);
    env.delete(key);
    if (value === undefined) unset.add(key);
    else env.set(key, value);
    origins.set(key, origin);
  }
  const leftOut = [...unset].filter((key) => !env.has(key)).map((key): Warning => {
    const message = `${key} is left out: it should come from the environment, and is not set there`;
    if (settings.env.has(key)) return warningAt(["env", key], message);
    const origin = origins.get(key);
    return { ...warningAt([], message), place: origin?.kind === "file" ? origin.place : null };
  });
  const { problems, secrets, warnings } = read;
  return {
    env: Object.fromEntries(env),
    origins,
    warnings: [...warnings, ...leftOut],
    problems,
    secrets,
  };
}

/** Reads env files one after the other, and collects the remarks about them. */
function envReader(start: Start): {
  readonly file: (file: EnvFileSettings) => readonly Given[];
  readonly problems: readonly Problem[];
  readonly warnings: readonly Warning[];
  readonly secrets: readonly string[];
} {
  const { surroundings } = start;
  const problems: Problem[] = [];
  const warnings: Warning[] = [];
  const secrets: string[] = [];
  /** Variables of the files before. They count after those of the file itself and the environment. */
  const before = new Map<string, string>();

  function file({ path: file, format }: EnvFileSettings): readonly Given[] {
    const text = surroundings.envFiles.get(file);
    if (text === undefined) throw new Error(`${file} was not read`);
    const found = parseEnvFile(text, {
      format: format ?? "compose",
      lookup: (name) => surroundings.env(name) ?? before.get(name),
    });
    const fail = (remark: Remark) => problems.push({ file, ...remark, path: "", excerpt: null });
    const warn = ({ line, column, ...mistake }: Remark) =>
      warnings.push({ ...mistake, path: [], place: { file, line, column } });
    found.mistakes.forEach(fail);
    found.unset.forEach(warn);
    if (format === null) found.otherwise.forEach(warn);
    secrets.push(...found.secrets);
    return [...found.variables].flatMap(([key, { value, line, column }]): Given[] => {
      const refused = variableProblem(key, value ?? "", unsafeKeys(start));
      if (refused !== null) {
        fail({ line, column, message: `${quote(key)}: ${refused.reason}`, hint: refused.hint });
        return [];
      }
      if (value !== null) before.set(key, value);
      return [[key, value, { kind: "file", place: { file, line, column } }]];
    });
  }

  return { file, problems, warnings, secrets };
}

/** The origin of a value in a config. */
export function originAt({ written }: Config, path: Path): Origin {
  const place = written.place(path);
  return place === null ? { kind: "default" } : { kind: "file", place };
}

function envFlag(text: string, unsafeKeys: readonly string[]): [string, string | null] {
  const equals = text.indexOf("=");
  const key = equals === -1 ? text : text.slice(0, equals);
  validateEnv(Object.fromEntries([[key, ""]]), { unsafeKeys });
  return [key, equals === -1 ? null : text.slice(equals + 1)];
}

/** Keys that are allowed although they can make a program load other code. */
export function unsafeKeys(
  { settings, flags }: Pick<Start, "settings" | "flags">,
): readonly string[] {
  return [...settings.unsafeEnv, ...flags.unsafeEnv ?? []];
}
