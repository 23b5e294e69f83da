/** How a runtime is told to keep what a container prints. Pure. */
import type { ContainerDefinition, Runtime } from "../../model.ts";

/**
 * What docker's driver `local` writes for each line besides the line itself (docker 20.10
 * writes 27 bytes for one of 2 to 86 bytes). `json-file` writes at least 71, and six bytes for a
 * control character or what is no UTF-8.
 */
const LOCAL_LINE_BYTES = 28;

/** How many of the files of a session docker's newest one may be as large as: that one is not compressed. */
const FILES_IN_ONE = 4;

/** A size that is none, also where the user's own configuration of podman has a smaller one. */
const NO_LIMIT = "1000pb";

/**
 * The flags with which a runtime keeps at least as much output as `log_keep` files of `log_max_size`
 * hold, however short the lines are.
 *
 * podman's file begins anew when it reaches its limit, and all of it is lost then: it gets none, and
 * kstops looks after its size (see `podman_log.ts`). Its other driver, the journal, drops what comes
 * fast. docker counts what it writes besides the lines: it gets more files, so that short lines fit.
 */
export function logOptions(
  runtime: Runtime,
  { log, runArgs }: Pick<ContainerDefinition, "log" | "runArgs">,
): string[] {
  const { capture, maxBytes, keep } = log;
  // Whoever chooses a driver knows its options: ours may not be among them.
  if (runArgs.some((word) => /^--log-(?:driver|opt)(?:=|$)/.test(word))) return [];
  if (!capture) return ["--log-driver", "none"];
  if (runtime === "podman") {
    return ["--log-driver", "k8s-file", "--log-opt", `max-size=${NO_LIMIT}`];
  }
  const size = maxBytes * FILES_IN_ONE;
  // A terminal ends each line with two characters.
  const leastLineBytes = runArgs.some((word) => /^(?:--tty|-t)=false$/.test(word)) ? 1 : 2;
  const mostWritten = maxBytes * keep * (LOCAL_LINE_BYTES + leastLineBytes) / leastLineBytes;
  // And the newest one, which may just have been begun.
  const files = 1 + Math.ceil(mostWritten / size);
  return [
    ...["--log-driver", "local"],
    ...["--log-opt", `max-size=${size}`, "--log-opt", `max-file=${files}`],
  ];
}
