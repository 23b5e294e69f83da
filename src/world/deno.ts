/** The real {@link World}. */
import { exec, execBytes, interact } from "./child.ts";
import { database } from "./database.ts";
import { files } from "./files.ts";
import { alive, onEndSignal, signal } from "./processes.ts";
import { terminal } from "./terminal.ts";
import { FileError, type World } from "./world.ts";

/** The real world. */
export function denoWorld(): World {
  return {
    exec,
    execBytes,
    now: () => new Date(),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    every: (ms, callback) => {
      const timer = setInterval(callback, ms);
      return () => clearInterval(timer);
    },
    randomUuid: () => crypto.randomUUID(),
    randomId: () => crypto.randomUUID().replaceAll("-", "").slice(0, 12),
    env: (name) => Deno.env.get(name),
    environment: () => Deno.env.toObject(),
    workingDirectory,
    uid: () => Deno.uid(),
    operatingSystem: Deno.build.os,
    program: () =>
      Deno.build.standalone ? [Deno.execPath()] : [
        Deno.execPath(),
        "run",
        "--allow-all",
        "--no-check",
        decodeURIComponent(new URL(Deno.mainModule).pathname),
      ],
    deno: () => ({ version: Deno.version.deno, target: Deno.build.target }),
    hostname: () => Deno.hostname(),
    interact,
    onEndSignal,
    loopback: {
      connect: async (address, timeoutMs) => await (await loopback()).connect(address, timeoutMs),
      get: async (url, timeoutMs) => await (await loopback()).get(url, timeoutMs),
    },
    processes: { self: Deno.pid, signal, alive },
    files: files(),
    database,
    terminal: terminal(),
  };
}

/** Loaded for what looks at a session alone. */
function loopback(): Promise<typeof import("./loopback.ts")> {
  return import("./loopback.ts");
}

function workingDirectory(): string {
  try {
    return Deno.cwd();
  } catch {
    throw new FileError(".", "missing", "the current directory no longer exists");
  }
}
