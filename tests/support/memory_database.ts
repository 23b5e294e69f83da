/** A database that lives as long as its test. */
import { DatabaseSync } from "node:sqlite";
import type { Database, SqlValue } from "../../src/world/world.ts";

/** Opens databases in memory: the same path is the same database. */
export function memoryDatabases(): (path: string) => Promise<Database> {
  const opened = new Map<string, DatabaseSync>();
  return (path) => {
    const database = opened.get(path) ?? new DatabaseSync(":memory:");
    opened.set(path, database);
    return Promise.resolve({
      run: (sql) => database.exec(sql),
      all: (sql, ...values) => database.prepare(sql).all(...values) as Record<string, SqlValue>[],
      close: () => {},
    });
  };
}
