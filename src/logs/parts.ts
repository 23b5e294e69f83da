/** The names of the files with the output of a run. Pure. */

/** One file of a run, counted from 1: names in their order are the output in its order. */
export function partName(run: string, part: number): string {
  return `${run}-${String(part).padStart(6, "0")}.log`;
}

/** The file beside a part that says when it grew: see `capture.ts`. */
export function timesName(part: string): string {
  return part.replace(/\.log$/, ".times");
}

/** Whether a part, also one of a path, follows right behind another one of the same run. */
export function isNext(part: string, before: string): boolean {
  const [one, other] = [PART.exec(part), PART.exec(before)];
  return one?.[1] === other?.[1] && Number(one?.[2]) === Number(other?.[2]) + 1;
}

/** Whether a part is the first of its run: of every other one, what stood before it may be gone. */
export function isFirst(part: string): boolean {
  const number = PART.exec(part)?.[2];
  return number === undefined || Number(number) === 1;
}

const PART = /^(.*)-(\d{6})\.log$/s;
