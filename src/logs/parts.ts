/** Names of the files with the output of a run. Pure. */
import type { Owner } from "../model.ts";
import { isNobodys } from "../owner.ts";
import { shortDigest } from "./digest.ts";

/**
 * How the names of a run's files begin: its start time with milliseconds (so that sorted names are
 * runs in order), its owner, and its id.
 */
export async function runName(at: Date, owner: Owner, runId: string): Promise<string> {
  const began = at.toISOString().replaceAll(/[-:]/g, "");
  return `${began}-${isNobodys(owner) ? "" : `${await markOf(owner)}-`}${runId}`;
}

const MARK_BYTES = 4;

/** An owner as a part of a file name. The id of a run never begins like it. */
async function markOf({ project, configFile }: Owner): Promise<string> {
  const text = JSON.stringify(project === null ? [configFile] : project);
  return `o${await shortDigest(text, MARK_BYTES)}`;
}

/** A shell pattern for all files of the owner of a run. */
export function filesLike(run: string): string {
  const [, mark] = /Z-(o[0-9a-f]+-|(?=[0-9a-f]))/.exec(run) ?? [];
  return mark === undefined ? "*.log" : mark === "" ? "*Z-[0-9a-f]*.log" : `*Z-${mark}*.log`;
}

/** Whether the files of two runs have one owner, judged by their names. */
export function areAlike(part: string, run: string): boolean {
  const ownerIn = (name: string): string => /Z-(o[0-9a-f]+)-/.exec(name)?.[1] ?? "";
  return ownerIn(part) === ownerIn(run);
}

/** The name of one file of a run, counted from 1. Sorted names are the output in order. */
export function partName(run: string, part: number): string {
  return `${run}-${String(part).padStart(6, "0")}.log`;
}

/** The file beside a part that records when it grew: see `capture.ts`. */
export function timesName(part: string): string {
  return part.replace(/\.log$/, ".times");
}

/** The run of an output file; empty for other files. */
export function runOfPart(part: string): string {
  return PART_OF_RUN.exec(part)?.[1] ?? "";
}

const PART_OF_RUN = /^(\d{8}T\d{6}\.\d{3}Z-(?:o[0-9a-f]+-)?[0-9a-f]+)-\d{6}\.log$/;

/** Whether a part (or its path) follows directly on another of the same run. */
export function isNext(part: string, before: string): boolean {
  const [one, other] = [PART.exec(part), PART.exec(before)];
  return one?.[1] === other?.[1] && Number(one?.[2]) === Number(other?.[2]) + 1;
}

/** Whether a part is the first of its run. What came before any other part may be gone. */
export function isFirst(part: string): boolean {
  const number = PART.exec(part)?.[2];
  return number === undefined || Number(number) === 1;
}

const PART = /^(.*)-(\d{6})\.log$/s;
