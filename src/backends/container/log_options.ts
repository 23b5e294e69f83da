/** Tells a runtime how to keep the output of a container. Pure. */
import type { ContainerDefinition, Runtime } from "../../model.ts";

/**
 * What docker's driver `local` writes for each line besides the line (docker 20.10 writes 27 bytes
 * for a line of 2 to 86 bytes). `json-file` writes at least 71, and six bytes for a control
 * character or a byte that is not UTF-8.
 */
const LOCAL_LINE_BYTES = 28;

/** docker's newest file may be as large as this many files of a session: it is not compressed. */
const FILES_IN_ONE = 4;

/** A size without effect, even if the user's own configuration of podman has a smaller one. */
const NO_LIMIT = "1000pb";

/**
 * The flags with which a runtime keeps at least as much output as `log_keep` files of
 * `log_max_size` hold, however short the lines are.
 *
 * podman's file begins anew at its limit, and then all of it is lost: so it gets no limit, and
 * kstops trims it (see `podman_log.ts`). Its other driver, the journal, drops output that comes
 * fast. docker counts what it writes besides the lines: it gets more files, so that short lines
 * fit.
 */
export function logOptions(
  runtime: Runtime,
  { log, runArgs, tty }: Pick<ContainerDefinition, "log" | "runArgs" | "tty">,
): string[] {
  const { capture, maxBytes, keep } = log;
  // A user who chooses a driver knows its options: ours may not exist there.
  if (runArgs.some((word) => /^--log-(?:driver|opt)(?:=|$)/.test(word))) return [];
  if (!capture) return ["--log-driver", "none"];
  if (runtime === "podman") {
    return ["--log-driver", "k8s-file", "--log-opt", `max-size=${NO_LIMIT}`];
  }
  const size = maxBytes * FILES_IN_ONE;
  // A terminal ends each line with two characters.
  const hasTerminal = tty && !runArgs.some((word) => /^(?:--tty|-t)=false$/.test(word));
  const leastLineBytes = hasTerminal ? 2 : 1;
  const mostWritten = maxBytes * keep * (LOCAL_LINE_BYTES + leastLineBytes) / leastLineBytes;
  // The newest file counts extra: it may just have begun.
  const files = 1 + Math.ceil(mostWritten / size);
  return [
    ...["--log-driver", "local"],
    ...["--log-opt", `max-size=${size}`, "--log-opt", `max-file=${files}`],
  ];
}
