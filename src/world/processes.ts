/** Sends signals to other processes, and hears those that ask this one to end. */
import type { EndSignal, Signal } from "./world.ts";

const END_SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** See {@link World.onEndSignal}. */
export function onEndSignal(callback: (signal: EndSignal) => void): () => void {
  let asked = false;
  const listeners = (Object.keys(END_SIGNALS) as EndSignal[]).map((signal) => {
    const listener = (): void => {
      if (asked && signal !== "SIGHUP") Deno.exit(128 + END_SIGNALS[signal]);
      if (asked) return;
      asked = true;
      callback(signal);
    };
    Deno.addSignalListener(signal, listener);
    return { signal, listener };
  });
  return () => {
    for (const { signal, listener } of listeners) Deno.removeSignalListener(signal, listener);
  };
}

/** See {@link Processes.signal}. */
export function signal(pid: number, name: Signal): "sent" | "gone" | "denied" {
  // 0 and -1 would hit our own group, or everything.
  if (pid === 0 || pid === 1 || pid === -1) return "denied";
  try {
    Deno.kill(pid, name);
    return "sent";
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? "gone" : "denied";
  }
}

/** See {@link Processes.alive}. */
export async function alive(pid: number): Promise<boolean> {
  // Deno.kill takes no signal 0 (Deno 2.4); loaded here because it costs milliseconds at start-up.
  const { kill } = await import("node:process");
  try {
    kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === "EPERM";
  }
}
