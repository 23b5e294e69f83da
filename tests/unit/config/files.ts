/** A world of nothing but files and variables, and a config that is read in it. */
import { allProblems, type Config, problemText } from "../../../src/config/config.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { FileError, type FileFacts, type World } from "../../../src/world/world.ts";

/** A file: its text or bytes, or more about it. */
export type Thing = string | Partial<FileFacts> & { text?: string | Uint8Array };

/** What is there; every file belongs to user 1000, who is asking, unless told. */
export interface Things {
  readonly files?: Readonly<Record<string, Thing | undefined>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Null: it has been removed. */
  readonly workingDirectory?: string | null;
  readonly uid?: number | null;
  /** Gets every path that is read. */
  readonly read?: string[];
}

/** A world in which nothing else than these things may be used. */
export function worldOf(things: Things): World {
  const { files = {}, env = {}, workingDirectory = "/project", uid = 1000, read = [] } = things;
  const fileAt = (path: string) => {
    const file = files[path];
    return typeof file === "string" ? { text: file } : file;
  };
  const bytesAt = (path: string): Promise<Uint8Array> => {
    read.push(path);
    const text = fileAt(path)?.text;
    return text === undefined
      ? Promise.reject(new FileError(path, "missing", "no such file"))
      : Promise.resolve(typeof text === "string" ? new TextEncoder().encode(text) : text);
  };
  const world: Partial<World> = {
    env: (name) => env[name],
    uid: () => uid,
    workingDirectory: () => {
      if (workingDirectory === null) throw new FileError(".", "missing", "gone");
      return workingDirectory;
    },
    files: {
      facts: (path) => {
        const file = fileAt(path);
        if (file === undefined) return Promise.resolve(null);
        const { text = "", ...facts } = file;
        const bytes = text.length;
        return Promise.resolve({
          ...{ kind: "file", mode: 0o644, uid: 1000, gid: 1000, device: 1, bytes },
          modifiedAt: new Date(0),
          ...facts,
        });
      },
      realPath: (path) => Promise.resolve(path),
      readFrom: bytesAt,
      readText: async (path) => new TextDecoder().decode(await bytesAt(path)),
    } as Partial<World["files"]> as World["files"],
  };
  return world as World;
}

/** The config of a text, as it is in `/srv/kstops.yml` or a file of that name, and of others there. */
export function configOf(
  text: string,
  { name = "kstops.yml", env = {}, others = {} }: {
    name?: string;
    env?: Readonly<Record<string, string>>;
    others?: Readonly<Record<string, Thing>>;
  } = {},
): Promise<Config> {
  const path = `/srv/${name}`;
  const named = Object.entries(others).map(([file, thing]) => [`/srv/${file}`, thing]);
  return loadConfig(worldOf({ files: { [path]: text, ...Object.fromEntries(named) }, env }), path);
}

/** Everything that is wrong with a config, as it is printed, without the file. */
export function problemsIn(config: Config): string[] {
  return allProblems(config).map((problem) => {
    const text = problemText(problem).replace(/^\/srv\/kst(?:ops|lib\.conf)\.yml:/, "");
    return problem.hint === null ? text : `${text} (${problem.hint})`;
  });
}
