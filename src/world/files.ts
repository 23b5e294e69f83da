/** The file system. */
import { sudoCaller, whyNotMade, whyUnsafe } from "./claim.ts";
import { FileError, type FileFacts, type Files, type OpenFile } from "./world.ts";
import { writeAll } from "./write_all.ts";

/** The real file system. */
export function files(): Files {
  return {
    readText,
    readFrom,
    open,
    facts,
    list,
    makeDirectory,
    claimDirectory,
    create,
    append,
    replace,
    remove,
    rename,
    realPath: (path) => fileWork(path, () => Promise.resolve(Deno.realPathSync(path))),
  };
}

/** Works on a file. Throws what goes wrong as a {@link FileError}. */
async function fileWork<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileError(path, error);
  }
}

/** The error for what went wrong with a file. */
export function fileError(path: string, error: unknown): FileError {
  if (error instanceof FileError) return error;
  const { errors } = Deno;
  if (error instanceof errors.NotFound) return new FileError(path, "missing", "no such file");
  if (error instanceof errors.PermissionDenied || error instanceof errors.NotCapable) {
    return new FileError(path, "denied", "permission denied");
  }
  if (error instanceof errors.AlreadyExists) return new FileError(path, "exists", "it exists");
  if (error instanceof errors.IsADirectory) {
    return new FileError(path, "directory", "it is a directory");
  }
  if (error instanceof errors.NotADirectory) {
    return new FileError(path, "other", "a part of the path is not a directory");
  }
  const message = error instanceof Error ? error.message : String(error);
  // A compiled program also reports a dangling link this way (Deno 2.4).
  if (message.includes("Too many levels of symbolic links")) {
    return new FileError(path, "other", "no such file: its symbolic link leads nowhere");
  }
  // `No space left on device (os error 28): open '/x'` repeats the path.
  return new FileError(path, "other", message.replace(/ \(os error \d+\).*$/s, ""));
}

// All work on files is synchronous: handing it to a thread takes ten times as long as doing it, and
// every command looks at a dozen paths.
function readText(path: string): Promise<string> {
  return fileWork(path, () => Promise.resolve(Deno.readTextFileSync(path)));
}

function readFrom(path: string, offset: number, maxBytes = Infinity): Promise<Uint8Array> {
  return fileWork(path, () => {
    using file = Deno.openSync(path, { read: true });
    return Promise.resolve(readOpen(file, offset, maxBytes));
  });
}

function readOpen(file: Deno.FsFile, offset: number, maxBytes: number): Uint8Array {
  const { size } = file.statSync();
  file.seekSync(offset, Deno.SeekMode.Start);
  // Bytes written meanwhile are left to the next read.
  const bytes = new Uint8Array(Math.max(0, Math.min(size - offset, maxBytes)));
  let length = 0;
  while (length < bytes.length) {
    const read = file.readSync(bytes.subarray(length));
    if (read === null) break;
    length += read;
  }
  return bytes.subarray(0, length);
}

function open(path: string): Promise<OpenFile> {
  return fileWork(path, () => {
    const file = Deno.openSync(path, { read: true });
    const { dev, ino } = file.statSync();
    const work = <T>(what: () => T): T => {
      try {
        return what();
      } catch (error) {
        throw fileError(path, error);
      }
    };
    return Promise.resolve({
      read: (offset, maxBytes = Infinity) => work(() => readOpen(file, offset, maxBytes)),
      bytes: () => work(() => file.statSync().size),
      isAt: (other) => {
        try {
          const found = Deno.statSync(other);
          return found.dev === dev && found.ino === ino;
        } catch {
          return false;
        }
      },
      [Symbol.dispose]: () => file.close(),
    });
  });
}

function facts(path: string): Promise<FileFacts | null> {
  try {
    const found = Deno.statSync(path);
    return Promise.resolve({
      kind: found.isFile
        ? "file"
        : found.isDirectory
        ? "directory"
        : found.isSocket
        ? "socket"
        : "other",
      mode: (found.mode ?? 0) & 0o7777,
      uid: found.uid ?? 0,
      gid: found.gid ?? 0,
      device: found.dev,
      bytes: found.size,
      modifiedAt: found.mtime ?? new Date(0),
    });
  } catch {
    return Promise.resolve(null);
  }
}

function list(path: string): Promise<readonly string[]> {
  return fileWork(path, () => {
    const names = Array.from(Deno.readDirSync(path), (entry) => entry.name);
    return Promise.resolve(names.sort());
  });
}

function makeDirectory(path: string): Promise<void> {
  return fileWork(
    path,
    () => Promise.resolve(Deno.mkdirSync(path, { recursive: true, mode: 0o700 })),
  );
}

function claimDirectory(path: string): Promise<void> {
  return fileWork(path, () => {
    const ownUid = Deno.uid();
    const link = factsOfLink(path);
    if (link === null) {
      const sudoUid = sudoCaller(Deno.env.get("SUDO_UID"));
      refuse(path, whyNotMade({ ownUid, sudoUid, aboveUid: ownerAbove(path) }));
      Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
    }
    const { isDirectory, uid, mode } = Deno.statSync(path);
    if (!isDirectory) throw new FileError(path, "exists", "it exists");
    refuse(path, whyUnsafe({ ownUid, uids: [link?.uid ?? ownUid, uid], mode: mode ?? 0 }));
    return Promise.resolve();
  });
}

function refuse(path: string, why: string | null): void {
  if (why !== null) throw new FileError(path, "unsafe", why);
}

/** The owner of the nearest existing directory above a path. */
function ownerAbove(path: string): number {
  for (let above = path;;) {
    const parent = above.slice(0, above.lastIndexOf("/")) || "/";
    const found = factsOfLink(parent);
    if (found !== null || parent === "/") return found?.uid ?? 0;
    above = parent;
  }
}

/** What a path itself is, even if it is a link; null: it does not exist. */
function factsOfLink(path: string): Deno.FileInfo | null {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function create(path: string, text = ""): Promise<void> {
  return fileWork(path, () => {
    using file = Deno.openSync(path, { write: true, createNew: true, mode: 0o600 });
    writeAll(file, new TextEncoder().encode(text));
    return Promise.resolve();
  });
}

function append(path: string, bytes: Uint8Array): Promise<void> {
  return fileWork(path, () => {
    if (factsOfLink(path)?.isSymlink) {
      throw new FileError(path, "unsafe", "it is a symbolic link");
    }
    using file = Deno.openSync(path, { append: true, create: true, mode: 0o600 });
    writeAll(file, bytes);
    return Promise.resolve();
  });
}

function replace(path: string, bytes: Uint8Array): Promise<void> {
  return fileWork(path, () => {
    const fresh = `${path}.${crypto.randomUUID()}`;
    try {
      Deno.writeFileSync(fresh, bytes, { createNew: true, mode: 0o600 });
      Deno.renameSync(fresh, path);
    } catch (error) {
      // A full disk may hold half of it.
      removeIfThere(fresh);
      throw error;
    }
    return Promise.resolve();
  });
}

function remove(path: string): Promise<void> {
  return fileWork(path, () => Promise.resolve(removeIfThere(path)));
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function rename(from: string, to: string): Promise<void> {
  return fileWork(from, () => Promise.resolve(Deno.renameSync(from, to)));
}
