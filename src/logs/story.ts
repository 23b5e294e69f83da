/** The file `runs.ndjson` of a session: the story of its runs, a line for each thing that happened. */
import { NOBODY, type Owner } from "../model.ts";
import { isSameOwner, mayBeSame } from "../owner.ts";
import { FileError, type World } from "../world/world.ts";
import { areAlike, runName, runOfPart } from "./parts.ts";
import type { Run } from "./runs.ts";

/** The end of a story, with all lines of the last runs in it: a line has less than a third of that. */
export const NEWEST_BYTES = 32 * 1024;
/** At this size the older half of a session's story is forgotten. */
const MOST_STORY_BYTES = 256 * 1024;

/** Tells of an owner of a run whether it is one that is meant. */
export type IsMeant = (owner: Owner) => boolean;

/** The file with the story of the runs whose output is in that directory. */
export function runsFile(directory: string): string {
  return `${directory}/runs.ndjson`;
}

/** The runs in the last bytes of a story. A line that is cut off at its beginning is none. */
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
    // What cannot be read says nothing: it must not cost the whole list.
    if (error instanceof FileError) return [];
    throw error;
  }
}

/** Those that no later run has taken the place of, the newest first. */
export function newestOfEach(runs: readonly Run[]): readonly Run[] {
  const begun = runs.filter((run) => run.begun !== null || run.executed !== null).toReversed();
  const ownerOf = (run: Run): Owner => run.begun?.owner ?? NOBODY;
  return begun.filter((run, index) =>
    !begun.slice(0, index).some((later) => mayBeSame(ownerOf(later), ownerOf(run)))
  );
}

/** Whether a run is of somebody who is meant, or of nobody. */
export function isRunMeant({ begun }: Run, isMeant: IsMeant): boolean {
  if (begun === null) return true;
  const { project, configFile } = begun.owner;
  return (project === null && configFile === null) || isMeant(begun.owner);
}

/** Those files of output that are an owner's, or nobody's: by what was remembered, or else by name. */
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

/** Forgets the older half of a story that has become long. */
export async function shortenStory({ files }: World, path: string): Promise<void> {
  const facts = await files.facts(path);
  if (facts === null || facts.bytes < MOST_STORY_BYTES) return;
  const lines = (await files.readText(path)).split("\n");
  const newer = lines.slice(Math.floor(lines.length / 2)).join("\n");
  await files.replace(path, new TextEncoder().encode(newer));
}

/** Takes the lines of one run out of a story; one without any other is removed. */
export async function forgetRun({ files }: World, path: string, runId: string): Promise<void> {
  if (await files.facts(path) === null) return;
  const lines = (await files.readText(path)).split(/(?<=\n)/);
  const others = lines.filter((line) => !line.includes(`{"run":${JSON.stringify(runId)},`)).join(
    "",
  );
  if (others === "") await files.remove(path);
  else await files.replace(path, new TextEncoder().encode(others));
}
