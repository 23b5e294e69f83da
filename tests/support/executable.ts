/** Writes programs for tests. */

/**
 * Writes a program that anybody may execute. Another process writes it: this one may just be
 * starting a child in another test's thread, the child briefly inherits all open files, and a file
 * that is open for writing cannot be executed (ETXTBSY).
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
