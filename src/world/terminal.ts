/** The three standard streams. */
import { fileError } from "./files.ts";
import type { Terminal } from "./world.ts";
import { writeAll } from "./write_all.ts";

/** The standard streams of this process. */
export function terminal(): Terminal {
  return {
    stdinIsTerminal: Deno.stdin.isTerminal(),
    stdoutIsTerminal: Deno.stdout.isTerminal(),
    stderrIsTerminal: Deno.stderr.isTerminal(),
    columns: () => consoleSize()?.columns ?? null,
    rows: () => consoleSize()?.rows ?? null,
    device: () => {
      try {
        return Deno.realPathSync("/dev/stdin");
      } catch {
        // Only the executable may look at it (Deno 2.9 wants all access for paths that lead to
        // /proc).
        return null;
      }
    },
    writeOut: async (bytes) => {
      try {
        await writeOut(bytes);
        return true;
      } catch (error) {
        if (error instanceof Deno.errors.BrokenPipe) return false;
        throw fileError("standard output", error);
      }
    },
    writeError,
    readIn: async () => {
      try {
        return new Uint8Array(await new Response(Deno.stdin.readable).arrayBuffer());
      } catch (error) {
        throw fileError("standard input", error);
      }
    },
    ask: async (question) => {
      writeError(question);
      const buffer = new Uint8Array(1024);
      // Reading from a terminal that is gone fails: that is neither yes nor no.
      const read = await Deno.stdin.read(buffer).catch(() => null);
      if (read !== null) return new TextDecoder().decode(buffer.subarray(0, read)).trim();
      // Ctrl-D leaves the cursor behind the question.
      writeError("\n");
      return null;
    },
  };
}

function consoleSize(): { readonly columns: number; readonly rows: number } | null {
  try {
    return Deno.consoleSize();
  } catch {
    return null;
  }
}

function writeError(text: string): void {
  try {
    writeAll(Deno.stderr, new TextEncoder().encode(text));
  } catch {
    // Nobody reads it.
  }
}

async function writeOut(bytes: Uint8Array): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    try {
      written += await Deno.stdout.write(bytes.subarray(written));
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
    }
  }
}
