/** Tells what needs each backend. Pure. */
import type { Needs } from "../backends/doctor.ts";
import type { Config } from "../config/config.ts";
import { definedSessions } from "../config/defined.ts";
import type { BackendType, Engine } from "../model.ts";
import { completePlace, enginesOf } from "../model/place.ts";
import { namesText } from "../model/finding.ts";

/**
 * The needs of a config's sessions. A config without sessions needs the default backend, for
 * sessions made up on the spot.
 *
 * @param installed the engines whose client is installed, preferred one first
 */
export function needsOf(
  config: Config,
  { backend, installed }: {
    readonly backend: BackendType;
    readonly installed: readonly Engine[];
  },
): Needs {
  const engines = enginesOf(backend);
  const { defaultBackend, containerRuntime } = config.settings;
  const engineOf = (named: Engine | null | undefined): Engine | null =>
    completePlace({ backend, engine: engines.find((each) => each === named) }).engine ??
      installed[0] ?? null;
  if (config.sessions.size === 0) {
    const any = defaultBackend === backend ? "it is the default backend" : null;
    const engine = engineOf(containerRuntime);
    return { any, of: engine === null ? {} : { [engine]: any }, scopes: [] };
  }
  const sessions = definedSessions(config).filter((each) => each.backend === backend);
  const of = Object.fromEntries(engines.map((engine) => [
    engine,
    neededBy(sessions.filter(({ named }) => engineOf(named.engine) === engine)),
  ]));
  const scopes = sessions.flatMap(({ named }) => completePlace({ ...named, backend }).scope ?? []);
  return { any: neededBy(sessions), of, scopes };
}

function neededBy(sessions: readonly { readonly name: string }[]): string | null {
  return sessions.length === 0 ? null : `needed by ${namesText(sessions.map(({ name }) => name))}`;
}
