/**
 * Golden files: output that scripts and people rely on, frozen under `tests/golden/`. With
 * KSTOPS_UPDATE set they are rewritten instead (look at the difference, then commit it).
 */
import { equal } from "node:assert/strict";

const directory = new URL("../golden/", import.meta.url);

/** Checks a text against a golden file, byte by byte. */
export async function equalsGolden(file: string, text: string): Promise<void> {
  const url = new URL(file, directory);
  if (Deno.env.get("KSTOPS_UPDATE")) {
    await Deno.mkdir(new URL(".", url), { recursive: true });
    await Deno.writeTextFile(url, text);
    return;
  }
  equal(text, await Deno.readTextFile(url), `tests/golden/${file} differs`);
}
