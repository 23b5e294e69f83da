/** The variables that a session inherits from its caller. Pure. */

/** Variables of the caller that every session gets, unless its definition sets them. */
const INHERITED = /^(PATH|LANG|LC_[A-Z]+|TZ|VIRTUAL_ENV)$/;

/** The names of those that a session may have; for locales, all that exist (locale(7)). */
export const INHERITED_NAMES: readonly string[] = [
  ...["PATH", "LANG", "TZ", "VIRTUAL_ENV"],
  ...["ALL", "ADDRESS", "COLLATE", "CTYPE", "IDENTIFICATION", "MEASUREMENT", "MESSAGES", "MONETARY"]
    .map((category) => `LC_${category}`),
  ...["NAME", "NUMERIC", "PAPER", "TELEPHONE", "TIME"].map((category) => `LC_${category}`),
];

/** The inherited variables of an environment. */
export function inheritedFrom(
  environment: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter(([key]) => INHERITED.test(key)));
}
