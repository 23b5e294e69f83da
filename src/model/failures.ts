/** How failures under a restart policy are told. Pure. */

/** Which failure in a row it was: ` (4th failure in a row)`; the first one is no row. */
export function formatFailureCount(failures: number): string {
  return failures < 2 ? "" : ` (${formatOrdinal(failures)} failure in a row)`;
}

/** Why a program is not executed again: `gave up after 5 restarts`. */
export function formatGivenUp(failures: number): string {
  const restarts = failures - 1;
  return `gave up after ${restarts} restart${restarts === 1 ? "" : "s"}`;
}

function formatOrdinal(number: number): string {
  const isTeen = number % 100 >= 11 && number % 100 <= 13;
  const ending = isTeen ? "th" : ["th", "st", "nd", "rd"][number % 10] ?? "th";
  return `${number}${ending}`;
}
