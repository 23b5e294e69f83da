/**
 * `config/defaults.yml` as settings.
 *
 * The file is flat, and read here without a YAML parser, since loading that costs every command
 * several milliseconds. A test compares the two.
 */
import defaults from "../../config/defaults.yml" with { type: "text" };
import { BACKENDS, LOG_BYTES, RUNTIMES, STOP_SIGNALS } from "../model.ts";
import { parseSize } from "../validate/size.ts";
import type { Settings } from "./config.ts";

/** What holds where no config says otherwise. */
export function defaultSettings(): Settings {
  return settingsIn(defaults);
}

/**
 * Reads the settings of a text like `config/defaults.yml`.
 *
 * @throws {Error} when one is missing: a bug
 */
export function settingsIn(text: string): Settings {
  const values = new Map<string, string>();
  for (const [, key, value] of text.matchAll(/^ {2}([a-z_]+): +([^ #\n]+) *(?:#.*)?$/gm)) {
    if (key !== undefined && value !== undefined) values.set(key, value);
  }
  function read<T>(key: string, parse: (value: string) => T | undefined): T {
    const value = values.get(key);
    const parsed = value === undefined ? undefined : parse(value);
    if (parsed === undefined) throw new Error(`config/defaults.yml: ${key} is missing or wrong`);
    return parsed;
  }
  function integer(value: string): number | undefined {
    return /^[0-9]+$/.test(value) ? Number(value) : undefined;
  }
  function oneOf<T extends string>(words: readonly T[]): (value: string) => T | undefined {
    return (value) => words.find((word) => word === value);
  }
  function orNull<T>(
    parse: (value: string) => T | undefined,
  ): (value: string) => T | null | undefined {
    return (value) => value === "null" ? null : parse(value);
  }
  return {
    project: read("project", orNull((value) => value)),
    defaultBackend: read("default_backend", oneOf(BACKENDS)),
    tmuxBinary: read("tmux_binary", (value) => value),
    containerRuntime: read("container_runtime", orNull(oneOf(RUNTIMES))),
    startWaitMs: read("start_wait", integer),
    engineTimeoutSeconds: read("engine_timeout", integer),
    operationsKept: read("operations_keep", integer),
    operationDays: read("operations_days", integer),
    stopTimeoutSeconds: read("stop_timeout", integer),
    stopSignal: read("stop_signal", orNull(oneOf(STOP_SIGNALS))),
    log: {
      capture: read("log_capture", oneOf(["true", "false"])) === "true",
      maxBytes: read("log_max_size", (value) => parseSize(value, LOG_BYTES)),
      keep: read("log_keep", integer),
    },
  };
}
