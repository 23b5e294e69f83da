/** How tmux prints values, as far as kstops asks for them. */

/** `show-environment -s` (tmux 3.3a and 3.5a cmd-show-environment.c). */
export function shellAssignment(name: string, value: string): string {
  return `${name}="${value.replaceAll(/[$`"\\]/g, "\\$&")}"; export ${name};\n`;
}

const C_STYLE: Readonly<Record<string, string>> = {
  "\x07": "\\a",
  "\b": "\\b",
  "\v": "\\v",
  "\f": "\\f",
  "\r": "\\r",
};

/** How tmux 3.4 to 3.5a escapes everything that it prints (each seen on tmux 3.5a). */
export function printEscaped(text: string): string {
  return text.replaceAll(
    // deno-lint-ignore no-control-regex
    /[\x01-\x08\x0b-\x1f\x7f]/g,
    (unit) => C_STYLE[unit] ?? `\\${unit.charCodeAt(0).toString(8).padStart(3, "0")}`,
  );
}
