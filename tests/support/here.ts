/**
 * Moves the test process itself into a sandbox, for code that uses the real environment: the
 * library.
 */
import type { Sandbox } from "./tmux.ts";

/** Runs `body` with the environment and the directory of a sandbox, then restores both. */
export async function here(
  { env, work }: Sandbox,
  body: () => void | Promise<void>,
): Promise<void> {
  const before = Object.keys(env).map((key): [string, string | undefined] => [
    key,
    Deno.env.get(key),
  ]);
  const directory = Deno.cwd();
  try {
    for (const [key, value] of Object.entries(env)) Deno.env.set(key, value);
    Deno.chdir(work);
    await body();
  } finally {
    Deno.chdir(directory);
    for (const [key, value] of before) {
      if (value === undefined) Deno.env.delete(key);
      else Deno.env.set(key, value);
    }
  }
}
