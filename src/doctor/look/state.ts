/** Looks at the state directory. Writes a file in it and removes it; changes nothing else. */
import { directoryOf } from "../../config/config.ts";
import { logStore, stateDirectory } from "../../logs/store.ts";
import { OperationStore } from "../../operations/store.ts";
import { DatabaseError, FileError, type World } from "../../world/world.ts";
import type { Answer } from "../../model/finding.ts";
import { type DatabaseFacts, type LogsFacts, spaceIn, type StateFacts } from "../state.ts";
import { ask } from "../../backends/doctor.ts";

/** What the state directory contains, and whether more can be kept. */
export async function lookAtState(world: World): Promise<StateFacts> {
  const path = stateDirectory(world);
  if (path === null) return null;
  const { files } = world;
  const facts = await files.facts(path);
  const directory = facts === null ? await nearest(world, path) : path;
  const isThere = facts?.kind === "directory";
  const df = (flags: string): readonly string[] => ["df", flags, directory];
  const [write, database, logs, space, inodes] = await Promise.all([
    tryWriting(world, directory),
    isThere ? lookAtDatabase(world, path) : null,
    isThere ? lookAtLogs(world, path) : null,
    ask(world, df("-Pk"), { read: (stdout) => spaceIn(stdout) ?? undefined }),
    ask(world, df("-Pi"), { read: spaceIn }),
  ]);
  const realPath = facts === null ? null : await files.realPath(path);
  return { path, realPath, facts, uid: world.uid(), write, database, logs, space, inodes };
}

/** The nearest existing directory above a missing path. */
async function nearest(world: World, path: string): Promise<string> {
  let directory = directoryOf(path);
  while (directory !== "/" && await world.files.facts(directory) === null) {
    directory = directoryOf(directory);
  }
  return directory;
}

async function tryWriting(
  world: World,
  directory: string,
): Promise<NonNullable<StateFacts>["write"]> {
  const path = `${directory}/.kstops-doctor-${world.randomId()}`;
  try {
    await world.files.create(path, "a test of kstops doctor\n");
    await world.files.remove(path);
    return { directory, trouble: null };
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    // A full disk takes the name of a file, but not its content.
    await world.files.remove(path).catch(() => {});
    return { directory, trouble: error.reason };
  }
}

/** Checking a larger database would take too long. */
const MOST_CHECKED_BYTES = 64 * 1024 * 1024;

async function lookAtDatabase(world: World, directory: string): Promise<DatabaseFacts | null> {
  const path = `${directory}/operations.db`;
  const { files } = world;
  const facts = await files.facts(path);
  if (facts === null) return null;
  const bytes = facts.bytes + ((await files.facts(`${path}-wal`))?.bytes ?? 0);
  const isChecked = bytes <= MOST_CHECKED_BYTES;
  const common = { path, bytes, isChecked };
  try {
    const trouble = isChecked ? await damageOf(world, path) : null;
    if (trouble !== null) return { ...common, trouble, abandoned: [] };
    const store = await OperationStore.toLookAt(world, directory);
    if (store === null) {
      const reason = "this kstops cannot read it; a newer one may have made it";
      return { ...common, trouble: { kind: "other", reason }, abandoned: [] };
    }
    const abandoned = (await store.abandoned()).map(({ id }) => id);
    return { ...common, trouble: null, abandoned };
  } catch (error) {
    if (error instanceof DatabaseError) {
      const kind = error.why === "corrupt" ? "corrupt" : "other";
      return { ...common, trouble: { kind, reason: error.reason }, abandoned: [] };
    }
    if (!(error instanceof FileError)) throw error;
    return { ...common, trouble: { kind: "other", reason: error.reason }, abandoned: [] };
  }
}

async function damageOf(world: World, path: string): Promise<DatabaseFacts["trouble"]> {
  const database = await world.database(path);
  try {
    const [row] = database.all("PRAGMA quick_check(1)");
    const said = String(row?.["quick_check"] ?? "it says nothing");
    return said === "ok" ? null : { kind: "corrupt", reason: said };
  } finally {
    database.close();
  }
}

async function lookAtLogs(world: World, directory: string): Promise<Answer<LogsFacts> | null> {
  const sessions = (await logStore(world, () => {}).names()).length;
  if (sessions === 0) return null;
  return await ask(world, ["du", "-sk", `${directory}/logs`], {
    read: (stdout) => {
      const kibibytes = /^\d+/.exec(stdout)?.[0];
      return kibibytes === undefined ? undefined : { bytes: Number(kibibytes) * 1024, sessions };
    },
  });
}
