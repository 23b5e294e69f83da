/** Databases in one file. */
import { fileError } from "./files.ts";
import { type Database, DatabaseError, FileError, type SqlValue } from "./world.ts";

/** How long a statement waits for other processes. Theirs take milliseconds. */
const DATABASE_WAIT_MS = 5000;

/** See {@link World.database}. */
export async function database(path: string): Promise<Database> {
  makePrivate(path);
  const { DatabaseSync } = await import("node:sqlite");
  const opened = databaseWork(() => new DatabaseSync(path));
  const statements = new Map<string, ReturnType<typeof opened.prepare>>();
  const prepare = (sql: string): ReturnType<typeof opened.prepare> => {
    try {
      return opened.prepare(sql);
    } catch {
      // Deno 2.4 does not report why a statement fails; this throws the reason, and does nothing
      // else.
      opened.exec(`EXPLAIN ${sql}`);
      return opened.prepare(sql);
    }
  };
  const prepared = (sql: string): ReturnType<typeof opened.prepare> => {
    const known = statements.get(sql) ?? prepare(sql);
    statements.set(sql, known);
    return known;
  };
  // Not an option of the constructor: Deno 2.4 does not know it.
  databaseWork(() => opened.exec(`PRAGMA busy_timeout = ${DATABASE_WAIT_MS}`));
  return {
    run: (sql) => databaseWork(() => opened.exec(sql)),
    all: (sql, ...values) =>
      databaseWork(() => prepared(sql).all(...values) as Record<string, SqlValue>[]),
    close: () => databaseWork(() => opened.close()),
  };
}

/** Makes sure that a file is ours, not a link, and closed to everybody else. */
function makePrivate(path: string): void {
  try {
    // Never follows a link, not even a dangling one.
    Deno.openSync(path, { write: true, createNew: true, mode: 0o600 }).close();
    return;
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw fileError(path, error);
  }
  try {
    const { isFile, isSymlink, uid, mode } = Deno.lstatSync(path);
    if (isSymlink) throw new FileError(path, "other", "it is a symbolic link");
    if (!isFile) throw new FileError(path, "other", "it is not a file");
    const own = Deno.uid();
    if (own !== 0 && uid !== own) {
      throw new FileError(path, "denied", "it belongs to somebody else");
    }
    if (((mode ?? 0) & 0o077) !== 0) Deno.chmodSync(path, 0o600);
  } catch (error) {
    throw fileError(path, error);
  }
}

function databaseWork<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // Judged by the message: Deno 2.4 gives only some of them an error number.
    const why = /not a database|malformed/.test(message)
      ? "corrupt"
      : /locked|busy/.test(message)
      ? "busy"
      : "other";
    // `unable to open database file: /x` and `... in SELECT 1 at offset 0` say more than the reason.
    throw new DatabaseError(why, message.replace(/( in .* at offset \d+|: \/.*)$/s, ""));
  }
}
