/** The names of the files with the output of a run. Pure. */

/** One file of a run, counted from 1: names in their order are the output in its order. */
export function partName(run: string, part: number): string {
  return `${run}-${String(part).padStart(6, "0")}.log`;
}

/** The file beside a part that says when it grew: see `capture.ts`. */
export function timesName(part: string): string {
  return part.replace(/\.log$/, ".times");
}
