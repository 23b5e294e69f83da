/** Tells which characters the locale allows. Pure. */

/** The deciding variable and its value. */
export interface Locale {
  /** Null: none is set, which is the C locale. */
  readonly variable: "LC_ALL" | "LC_CTYPE" | "LANG" | null;
  readonly value: string;
  /** Whether text may contain more than ASCII. */
  readonly isUnicode: boolean;
}

/** Finds the locale of characters as the C library does (setlocale(3)): without any it is ASCII. */
export function localeOf(env: (name: string) => string | undefined): Locale {
  const variable = (["LC_ALL", "LC_CTYPE", "LANG"] as const).find((name) => env(name)) ?? null;
  const value = variable === null ? "C" : env(variable) ?? "";
  return { variable, value, isUnicode: /utf-?8/i.test(value) };
}
