/**
 * Watches the command lines of all processes for a text that must be in none, as any user could
 * with `ps` (Linux only).
 */

/** What was seen. */
export interface Watched {
  /** Command lines with the text, arguments separated by NUL. */
  readonly seen: readonly string[];
  /** How often it looked at all processes. */
  readonly looks: number;
}

/** Looks every few milliseconds while `body` works, from a separate process. */
export async function watchCommandLines(text: string, body: () => Promise<void>): Promise<Watched> {
  const script = decodeURIComponent(new URL(import.meta.url).pathname);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", script],
    env: { WATCHED: text },
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  await reader.read();
  try {
    await body();
  } finally {
    await child.stdin.close();
  }
  let answer = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) answer += part.value;
  await child.status;
  return JSON.parse(answer);
}

async function watch(text: string): Promise<void> {
  const seen = new Set<string>();
  let looks = 0;
  let working = true;
  Array.fromAsync(Deno.stdin.readable).finally(() => working = false);
  while (working) {
    for (const { name } of Deno.readDirSync("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      try {
        const line = Deno.readTextFileSync(`/proc/${name}/cmdline`);
        if (line.includes(text)) seen.add(line);
      } catch {
        // The process has ended meanwhile.
      }
    }
    if (looks++ === 0) console.log("ready");
    await new Promise((resolve) => setTimeout(resolve));
  }
  console.log(JSON.stringify({ seen: [...seen], looks }));
}

if (import.meta.main) await watch(Deno.env.get("WATCHED") ?? "");
