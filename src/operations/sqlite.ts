/** The ledger in a database file that all processes of a user share. */
import type { Json } from "../errors.ts";
import { type Database, DatabaseError, type SqlValue, type World } from "../world/world.ts";
import type { Ledger } from "./ledger.ts";
import type { Actor, Operation, Owner } from "./machine.ts";
import { eventOf, operationOf } from "./rows.ts";

/**
 * What each version of the schema adds to the one before. Databases of all versions exist: a
 * released step is never changed.
 */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE operations (
     number INTEGER PRIMARY KEY AUTOINCREMENT,
     id TEXT NOT NULL UNIQUE,
     kind TEXT NOT NULL,
     session TEXT,
     request TEXT,
     actor TEXT,
     owner TEXT NOT NULL,
     state TEXT NOT NULL,
     created_at INTEGER NOT NULL,
     last_heartbeat INTEGER NOT NULL,
     pending_input TEXT,
     error TEXT,
     result TEXT
   ) STRICT;
   CREATE INDEX open_operations ON operations (state)
     WHERE state NOT IN ('done', 'failed', 'aborted');
   CREATE TABLE events (
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     operation_id TEXT NOT NULL,
     at INTEGER NOT NULL,
     type TEXT NOT NULL,
     state TEXT NOT NULL,
     payload TEXT
   ) STRICT;
   CREATE INDEX events_of_operation ON events (operation_id, seq);`,
  // The final guard of the lock: whatever the code believes, a session has one open operation.
  `ALTER TABLE operations ADD COLUMN place TEXT;
   CREATE UNIQUE INDEX one_open_operation ON operations (session, place)
     WHERE place IS NOT NULL AND state NOT IN ('done', 'failed', 'aborted');`,
  `ALTER TABLE operations ADD COLUMN parent_id TEXT;
   CREATE INDEX operations_of_parent ON operations (parent_id) WHERE parent_id IS NOT NULL;`,
];

/** The version of the schema that this program knows. */
const SCHEMA_VERSION = MIGRATIONS.length;

/**
 * Opens the database at a path, creates a missing one, and migrates an old one.
 *
 * @throws {FileError} the file cannot be used
 * @throws {DatabaseError} the database cannot be used
 */
export async function sqliteLedger(path: string, world: World): Promise<Ledger> {
  const database = await world.database(path);
  try {
    await prepare(database, world);
  } catch (error) {
    database.close();
    throw error;
  }
  return ledgerOf(database);
}

async function prepare(database: Database, world: World): Promise<void> {
  // Must come before any change: a newer kstops' database is not ours to touch.
  const version = versionOf(database);
  if (version > SCHEMA_VERSION) {
    throw new DatabaseError(
      "other",
      `a newer kstops made it (schema ${version}, known here up to ${SCHEMA_VERSION})`,
    );
  }
  await useWriteAheadLog(database, world);
  // In this mode a crash of kstops loses nothing, and a crash of the machine at most the last
  // changes.
  database.run("PRAGMA synchronous = NORMAL");
  // In pages of 4 kB. A kstops that ends leaves its part of the log to the next one, since a
  // checkpoint takes longer than all its other work; the kstops that does one has 1 MB to write.
  database.run("PRAGMA wal_autocheckpoint = 250");
  if (version < SCHEMA_VERSION) migrate(database);
}

/**
 * With this log readers and a writer do not wait for each other. Switching it on while another
 * process writes, such as one that has just created the database, fails at once, without the
 * waiting of all other statements (SQLite 3.49 and 3.53).
 */
async function useWriteAheadLog(database: Database, world: World): Promise<void> {
  for (let attempt = 1;; attempt++) {
    try {
      if (database.all("PRAGMA journal_mode")[0]?.["journal_mode"] === "wal") return;
      database.all("PRAGMA journal_mode = WAL");
      return;
    } catch (error) {
      if (!(error instanceof DatabaseError) || error.why !== "busy" || attempt === 100) throw error;
      await world.sleep(10);
    }
  }
}

function migrate(database: Database): void {
  inTransaction(database, () => {
    // Another process may have been faster.
    const version = versionOf(database);
    for (const step of MIGRATIONS.slice(version)) database.run(step);
    database.run(`PRAGMA user_version = ${Math.max(version, SCHEMA_VERSION)}`);
  });
}

function versionOf(database: Database): number {
  return Number(database.all("PRAGMA user_version")[0]?.["user_version"]);
}

function inTransaction<T>(database: Database, work: () => T): T {
  // IMMEDIATE: a transaction that reads first and writes later can be refused without any waiting.
  database.run("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.run("COMMIT");
    return result;
  } catch (error) {
    try {
      database.run("ROLLBACK");
    } catch {
      // A full disk has already rolled it back.
    }
    throw error;
  }
}

const OPERATION = `id, kind, session, place, request, actor, owner, state, created_at,
  last_heartbeat, pending_input, error, result, parent_id`;
const IS_OPEN = "state NOT IN ('done', 'failed', 'aborted')";
/** Finished operations that are beyond the newest so many and began before a moment. */
const EXPIRED = `number <= (SELECT number FROM operations ORDER BY number DESC LIMIT 1 OFFSET ?)
  AND created_at < ? AND state IN ('done', 'failed', 'aborted')`;

function ledgerOf(database: Database): Ledger {
  const operations = (rest: string, ...values: SqlValue[]): Operation[] =>
    database.all(`SELECT ${OPERATION} FROM operations ${rest}`, ...values).map(operationOf);
  return {
    transaction: (work) => inTransaction(database, work),
    insert: (operation) => {
      database.all(
        `INSERT INTO operations (${OPERATION}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        ...valuesOf(operation),
      );
    },
    update: (operation) => {
      database.all(
        `UPDATE operations SET (${OPERATION}) = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         WHERE id = ?`,
        ...valuesOf(operation),
        operation.id,
      );
    },
    get: (id) => operations("WHERE id = ?", id)[0] ?? null,
    open: (session) =>
      session === undefined
        ? operations(`WHERE ${IS_OPEN} ORDER BY number`)
        : operations(`WHERE ${IS_OPEN} AND session = ? ORDER BY number`, session),
    list: ({ session, state, since, idPrefix, parentPrefix, limit = -1 }) => {
      const wanted: readonly (readonly [string, SqlValue | undefined])[] = [
        ["session = ?", session],
        ["state = ?", state],
        ["created_at >= ?", since?.getTime()],
        ["instr(id, ?) = 1", idPrefix],
        ["instr(parent_id, ?) = 1", parentPrefix],
      ];
      const used = wanted.flatMap(([sql, value]) => value === undefined ? [] : [{ sql, value }]);
      const where = used.length === 0 ? "" : `WHERE ${used.map(({ sql }) => sql).join(" AND ")}`;
      const values = used.map(({ value }) => value);
      return operations(`${where} ORDER BY number DESC LIMIT ?`, ...values, limit);
    },
    append: ({ operationId, at, type, state, payload }) => {
      database.all(
        "INSERT INTO events (operation_id, at, type, state, payload) VALUES (?, ?, ?, ?, ?)",
        operationId,
        at.getTime(),
        type,
        state,
        jsonText(payload),
      );
    },
    events: (after, operationId, limit) => {
      const [which, values] = operationId === null ? ["", []] : ["AND operation_id = ?", [
        operationId,
      ]];
      return database.all(
        `SELECT seq, operation_id, kind, session, at, type, events.state AS state, payload
         FROM events JOIN operations ON id = operation_id
         WHERE seq > ? ${which} ORDER BY seq LIMIT ?`,
        after,
        ...values,
        limit,
      ).map(eventOf);
    },
    // Events of removed operations count, too: numbers are never reused.
    lastSeq: () =>
      Number(
        database.all("SELECT seq FROM sqlite_sequence WHERE name = 'events'")[0]?.["seq"] ?? 0,
      ),
    version: () => Number(database.all("PRAGMA data_version")[0]?.["data_version"]),
    countExpired: (newest, before) =>
      Number(
        database.all(
          `SELECT count(*) AS count FROM operations WHERE ${EXPIRED}`,
          newest,
          before.getTime(),
        )[0]?.["count"],
      ),
    removeExpired: (newest, before) => {
      const values = [newest, before.getTime()];
      database.all(
        `DELETE FROM events WHERE operation_id IN (SELECT id FROM operations WHERE ${EXPIRED})`,
        ...values,
      );
      return database.all(`DELETE FROM operations WHERE ${EXPIRED} RETURNING id`, ...values).length;
    },
    close: database.close,
  };
}

/** The values of the columns of {@link OPERATION}. */
function valuesOf(operation: Operation): SqlValue[] {
  return [
    operation.id,
    operation.kind,
    operation.session,
    operation.place,
    jsonText(operation.request),
    jsonText(operation.actor),
    jsonText(operation.owner),
    operation.state,
    operation.createdAt.getTime(),
    operation.lastHeartbeat.getTime(),
    jsonText(operation.pendingInput),
    jsonText(operation.error),
    jsonText(operation.result),
    operation.parentId,
  ];
}

function jsonText(value: Json | Actor | Owner): string | null {
  return value === null ? null : JSON.stringify(value);
}
