/** Programs that tests write. */

/**
 * Writes a program that anybody may execute. Another process does, for this one may be starting a child
 * just now, in the thread of another test: for a moment that has every file open that this one has, and
 * what is open for writing cannot be executed (ETXTBSY).
 */
export async function writeExecutable(path: string, text: string): Promise<void> {
  const child = new Deno.Command("sh", {
    args: ["-c", 'cat >"$1" && chmod 755 "$1"', "sh", path],
    stdin: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  if (!(await child.status).success) throw new Error(`${path} could not be written`);
}
