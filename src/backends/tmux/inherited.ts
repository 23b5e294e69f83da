/** What a session gets from whoever starts it. Pure. */

/** Variables of the caller that every session gets, below those of its own definition. */
const INHERITED = /^(PATH|LANG|LC_[A-Z]+|TZ|VIRTUAL_ENV)$/;

/** The names of these that a session may have: of locales, those that there are (locale(7)). */
export const INHERITED_NAMES: readonly string[] = [
  ...["PATH", "LANG", "TZ", "VIRTUAL_ENV"],
  ...["ALL", "ADDRESS", "COLLATE", "CTYPE", "IDENTIFICATION", "MEASUREMENT", "MESSAGES", "MONETARY"]
    .map((category) => `LC_${category}`),
  ...["NAME", "NUMERIC", "PAPER", "TELEPHONE", "TIME"].map((category) => `LC_${category}`),
];

/** Those of an environment. */
export function inheritedFrom(
  environment: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter(([key]) => INHERITED.test(key)));
}
