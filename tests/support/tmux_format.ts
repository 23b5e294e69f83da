/**
 * Expands a format as tmux does, as far as kstops uses formats: `#{field}`, `#{q:field}`,
 * `#{S:field}` of a single session, and `#{?field,then,else}`, also nested (tmux 3.3a format.c).
 *
 * ```ts
 * equal(expandFormat("#{pid} #{?dead,gone,#{name}}", { pid: "7", name: "a" }), "7 a");
 * ```
 */
export function expandFormat(format: string, values: Readonly<Record<string, string>>): string {
  const begin = format.indexOf("#{");
  if (begin === -1) return format;
  const end = closing(format, begin + 2);
  const inner = format.slice(begin + 2, end);
  return format.slice(0, begin) + valueOf(inner, values) +
    expandFormat(format.slice(end + 1), values);
}

function valueOf(inner: string, values: Readonly<Record<string, string>>): string {
  if (inner.startsWith("q:")) {
    return (values[inner.slice(2)] ?? "").replaceAll(/[|&;<>()$`\\"'*?[# =%]/g, "\\$&");
  }
  if (inner.startsWith("S:")) return expandFormat(inner.slice(2), values);
  if (!inner.startsWith("?")) return values[inner] ?? "";
  const [field = "", then = "", otherwise = ""] = branches(inner.slice(1));
  const value = values[field] ?? "";
  return expandFormat(value !== "" && value !== "0" ? then : otherwise, values);
}

/** Where the brace closes that opened before `from`. */
function closing(format: string, from: number): number {
  let depth = 0;
  for (let index = from; index < format.length; index++) {
    if (format.startsWith("#{", index)) depth++;
    else if (format[index] === "}" && depth-- === 0) return index;
  }
  throw new Error(`Nothing closes a brace of the format ${format}`);
}

function branches(inner: string): string[] {
  const found = [""];
  let depth = 0;
  for (const [index, character] of [...inner].entries()) {
    if (inner.startsWith("#{", index)) depth++;
    if (character === "}") depth--;
    if (character === "," && depth === 0) found.push("");
    else found[found.length - 1] += character;
  }
  return found;
}
