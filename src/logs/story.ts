/** The file `runs.ndjson` of a session: the story of its runs, one line for each event. */
import { NOBODY, type Owner } from "../model.ts";
import { isNobodys, isSameOwner, mayBeSame } from "../owner.ts";
import { FileError, type World } from "../world/world.ts";
import { areAlike, runName, runOfPart } from "./parts.ts";
import type { Run, RunEvent } from "./runs.ts";

/** The end of a story that holds all lines of the last runs: a line has less than a third of that. */
export const NEWEST_BYTES = 32 * 1024;
/** At this size the older half of a session's story is forgotten. */
const MOST_STORY_BYTES = 256 * 1024;

/** Whether runs of an owner are meant. */
export type IsMeant = (owner: Owner) => boolean;

/** The file with the story of the runs whose output is in this directory. */
export function runsFile(directory: string): string {
  return `${directory}/runs.ndjson`;
}

/** The runs in the last bytes of a story. A line that lost its beginning is skipped. */
export async function readStory(
  { files }: World,
  directory: string,
  mostBytes: number,
): Promise<readonly Run[]> {
  const path = runsFile(directory);
  const facts = await files.facts(path);
  if (facts === null) return [];
  const { parseRuns } = await import("./runs.ts");
  try {
    const start = Math.max(0, facts.bytes - mostBytes);
    return parseRuns(new TextDecoder().decode(await files.readFrom(path, start)));
  } catch (error) {
    // An unreadable story counts as empty: it must not break the whole list.
    if (error instanceof FileError) return [];
    throw error;
  }
}

/** What a story says behind what was read of it before. */
interface Retold {
  readonly events: readonly RunEvent[];
  /** How long it is by now, up to the end of its last whole line. */
  readonly bytes: number;
  /** Whether it was shortened since, so that all of it comes again. */
  readonly isAnew: boolean;
}

/** Reads the lines of a story behind that many bytes. A story that cannot be read has none. */
export async function retell({ files }: World, path: string, from: number): Promise<Retold> {
  const bytes = (await files.facts(path))?.bytes ?? 0;
  if (bytes === from) return { events: [], bytes, isAnew: false };
  const isAnew = bytes < from;
  const start = isAnew ? 0 : from;
  const { parseEvents } = await import("./runs.ts");
  try {
    const read = await files.readFrom(path, start);
    const whole = read.subarray(0, read.lastIndexOf(NEWLINE) + 1);
    const events = parseEvents(new TextDecoder().decode(whole));
    return { events, bytes: start + whole.length, isAnew };
  } catch (error) {
    if (error instanceof FileError) return { events: [], bytes: from, isAnew: false };
    throw error;
  }
}

const NEWLINE = 0x0a;

/** The runs that no later run has replaced, newest first. */
export function newestOfEach(runs: readonly Run[]): readonly Run[] {
  const begun = runs.filter((run) => run.begun !== null || run.executed !== null).toReversed();
  const ownerOf = (run: Run): Owner => run.begun?.owner ?? NOBODY;
  return begun.filter((run, index) =>
    !begun.slice(0, index).some((later) => mayBeSame(ownerOf(later), ownerOf(run)))
  );
}

/** Whether the owner of a run is meant, or the run belongs to nobody. */
export function isRunMeant({ begun }: Run, isMeant: IsMeant): boolean {
  if (begun === null) return true;
  return isNobodys(begun.owner) || isMeant(begun.owner);
}

/** The output files of an owner or of nobody, judged by the record, or else by their names. */
export async function ownedParts(
  world: World,
  directory: string,
  { parts, owner }: { readonly parts: readonly string[]; readonly owner: Owner },
): Promise<readonly string[]> {
  const own = await runName(world.now(), owner, "0");
  if (parts.every((part) => areAlike(part, own))) return parts;
  const runs = (await readStory(world, directory, Infinity)).filter(({ begun }) => begun !== null);
  return parts.filter((part) => {
    const run = runs.find(({ id }) => runOfPart(part).endsWith(`-${id}`));
    if (run === undefined) return areAlike(part, own);
    return isRunMeant(run, (other) => isSameOwner(other, owner));
  });
}

/** Forgets the older half of a story that has grown long. */
export async function shortenStory({ files }: World, path: string): Promise<void> {
  const facts = await files.facts(path);
  if (facts === null || facts.bytes < MOST_STORY_BYTES) return;
  const lines = (await files.readText(path)).split("\n");
  const newer = lines.slice(Math.floor(lines.length / 2)).join("\n");
  await files.replace(path, new TextEncoder().encode(newer));
}

/** Removes the lines of one run from a story, and the file when no others are left. */
export async function forgetRun({ files }: World, path: string, runId: string): Promise<void> {
  if (await files.facts(path) === null) return;
  const lines = (await files.readText(path)).split(/(?<=\n)/);
  const others = lines.filter((line) => !line.includes(`{"run":${JSON.stringify(runId)},`)).join(
    "",
  );
  if (others === "") await files.remove(path);
  else await files.replace(path, new TextEncoder().encode(others));
}
