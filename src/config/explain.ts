/** What exactly a start would start, where each value comes from, and without secrets. Pure. */
import type { Definition } from "../model.ts";
import type { Config, Origin, Path } from "./config.ts";
import { resolve, type Resolved, type StartFlags, type Surroundings } from "./resolve.ts";
import { originAt } from "./variables.ts";

/** A start, explained. */
export interface Explained extends Resolved {
  /** The definition with `***` for every value of a variable, and for what was filled in. */
  readonly shown: Definition;
  /**
   * Where values come from, by key as in a config file: `command`, `env.TOKEN`, `volumes[0]`. Each
   * part of the definition has one.
   */
  readonly origins: ReadonlyMap<string, Origin>;
}

/** The same as {@link resolve}, with origins, and with a definition that may be shown. */
export function explain(
  name: string,
  flags: StartFlags,
  config: Config,
  surroundings: Surroundings,
): Explained {
  const resolved = resolve(name, flags, config, surroundings);
  const { definition } = resolve(name, flags, config, {
    ...surroundings,
    env: (key) => masked(surroundings.env(key)),
    masked: true,
  });
  const entry = config.sessions.get(name);
  const secrets = entry?.kind === "usable" && flags.socket === undefined ? entry.secrets : [];
  const shown = withoutSecrets(definition, secrets);
  return { ...resolved, shown, origins: originsOf(name, resolved, { flags, config }) };
}

const MASK = "***";

/** A value that cannot be seen, but is absolute or relative as it was. */
function masked(value: string | undefined): string | undefined {
  if (value === undefined || value === "") return value;
  return (/^(?:\/|\.\/)/.exec(value)?.[0] ?? "") + MASK;
}

/** @param secrets what came from the environment into keys that are read at once */
function withoutSecrets(definition: Definition, secrets: readonly string[]): Definition {
  const keys = Object.keys(definition.env);
  const env = Object.fromEntries(keys.map((key) => [key, MASK]));
  if (definition.backend === "container") return { ...definition, env };
  const { socketName: name } = definition;
  const socketName = secrets.reduce((text, secret) => text.replaceAll(secret, MASK), name);
  return { ...definition, env, socketName };
}

/** A flag, and whether it was given. */
type Given = readonly [flag: string, given: unknown];

function originsOf(
  name: string,
  { definition, envOrigins }: Resolved,
  { flags, config }: { flags: StartFlags; config: Config },
): ReadonlyMap<string, Origin> {
  const entry = config.sessions.get(name);
  const settings = entry?.kind === "usable" ? entry.settings : null;
  /** The first of the flags that was given; else the session, where it says it; else `ops`. */
  const from = (
    candidates: readonly Given[],
    session: { readonly says: unknown; readonly path: Path } | null,
    opsKey: string | null = null,
  ): Origin => {
    const flag = candidates.find(([, given]) => isSaid(given))?.[0];
    if (flag !== undefined) return { kind: "flag", flag };
    if (session !== null && isSaid(session.says)) {
      return originAt(config, ["ops", "sessions", name, ...session.path]);
    }
    return opsKey === null ? { kind: "default" } : originAt(config, ["ops", opsKey]);
  };
  const said = (says: unknown, ...path: Path) => ({ says, path });

  const origins = new Map<string, Origin>();
  const containerFlags: readonly Given[] = [
    ["--image", flags.image],
    ["--volume", flags.volumes],
    ["--port", flags.ports],
    ["--log-volume", flags.logVolume],
    ["--runtime", flags.runtime],
    ["--socket", flags.socket],
  ];
  origins.set(
    "backend",
    from(
      [["--backend", flags.backend], ...containerFlags],
      said(settings?.backend, "backend"),
      "default_backend",
    ),
  );
  const commandFlags: readonly Given[] = [["--", flags.argv], ["--command", flags.command]];
  origins.set("command", from(commandFlags, said(settings?.command, "command")));
  const directory = said(settings?.workingDir, "working_dir");
  origins.set("working_dir", from([["--workdir", flags.workingDir]], directory));
  for (const key of Object.keys(definition.env)) {
    // A variable that a shell needs stands in its command.
    const command = originAt(config, ["ops", "sessions", name, "command"]);
    origins.set(`env.${key}`, envOrigins.get(key) ?? command);
  }
  if (definition.backend === "tmux") {
    const socket = said(settings?.socketName, "socket_name");
    origins.set("socket_name", from([["--socket", flags.socket]], socket));
  } else {
    origins.set("image", from([["--image", flags.image]], said(settings?.image, "image")));
    for (const index of definition.volumes.keys()) {
      const volume = said(settings?.volumes, "volumes", index);
      origins.set(`volumes[${index}]`, from([["--volume", flags.volumes]], volume));
    }
    const logVolume = said(settings?.logVolume, "log_volume");
    origins.set("log_volume", from([["--log-volume", flags.logVolume]], logVolume));
    for (const index of definition.ports.keys()) {
      const port = said(settings?.ports, "ports", index);
      origins.set(`ports[${index}]`, from([["--port", flags.ports]], port));
    }
    const runtime = said(settings?.runtime, "runtime");
    origins.set("runtime", from([["--runtime", flags.runtime]], runtime, "container_runtime"));
    origins.set("network", from([], said(settings?.network, "network")));
    origins.set("user", from([], said(settings?.user, "user")));
    origins.set("restart", from([], said(settings?.restart, "restart")));
    origins.set("tty", from([], said(settings?.tty, "tty")));
    origins.set("run_args", from([], said(settings?.runArgs, "run_args")));
  }
  const timeout = said(settings?.stopTimeoutSeconds, "stop_timeout");
  origins.set("stop_signal", from([], said(settings?.stopSignal, "stop_signal"), "stop_signal"));
  if (definition.backend === "tmux") {
    origins.set("stop_scope", from([], said(settings?.stopScope, "stop_scope")));
  }
  origins.set("stop_timeout", from([], timeout, "stop_timeout"));
  const size = said(settings?.logMaxBytes, "log_max_size");
  origins.set("log_capture", from([], said(settings?.logCapture, "log_capture"), "log_capture"));
  origins.set("log_max_size", from([], size, "log_max_size"));
  origins.set("log_keep", from([], said(settings?.logKeep, "log_keep"), "log_keep"));
  origins.set("protected", from([], said(settings?.protected || null, "protected")));
  return origins;
}

function isSaid(value: unknown): boolean {
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);
}
