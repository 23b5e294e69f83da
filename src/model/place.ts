/**
 * Places: where sessions live. Says what a place is, how to narrow, compare, name and print one,
 * and which flags choose it. The table of keys tells what differs between backends. Pure.
 */
import { UsageError } from "../errors.ts";
import { ALL_SESSION_KEYS, appliesTo, type SessionKey } from "../keys/session_keys.ts";
import {
  type BackendType,
  type Definition,
  type Engine,
  ENGINES,
  type Runtime,
  RUNTIMES,
  type SessionStatus,
} from "../model.ts";
import { shellWord } from "../shell.ts";

/** Where sessions live: one tmux socket, or one container runtime. */
export interface Place {
  /** Name of the machine; null: this one. */
  readonly host: string | null;
  readonly backend: BackendType;
  /** Null: not decided. */
  readonly engine: Engine | null;
  /** Which part of the engine, such as a tmux socket; null: all of it. */
  readonly scope: string | null;
}

/** Some parts of a place. Parts that are not given are missing, undefined or null. */
export interface PlaceSelector {
  /** Missing: any; null: this machine. */
  readonly host?: string | null | undefined;
  readonly backend?: BackendType | null | undefined;
  readonly engine?: Engine | null | undefined;
  readonly scope?: string | null | undefined;
}

/** The keys that give a part of a place, besides its backend: each backend has at most one. */
const PLACE_KEYS = ALL_SESSION_KEYS.flatMap(([, key]) =>
  key.place === undefined || key.place === "backend" ? [] : [{ ...key, place: key.place }]
);

function placeKeyOf(backend: BackendType): (typeof PLACE_KEYS)[number] | undefined {
  return PLACE_KEYS.find((key) => appliesTo(key, backend));
}

/** The engines of a backend, preferred one first. */
export function enginesOf(backend: BackendType): readonly Engine[] {
  const key = placeKeyOf(backend);
  const names = key?.place === "engine" && "words" in key.form ? key.form.words : [backend];
  return ENGINES.filter((engine) => names.includes(engine));
}

/** The scope when none is named; null: the engines of the backend are not divided. */
export function usualScope(backend: BackendType): string | null {
  const key = placeKeyOf(backend);
  return key?.place === "scope" && typeof key.default === "string" ? key.default : null;
}

/** The parts of a session that tell its place. */
type Placed = Pick<SessionStatus, "backend" | "engine" | "socketName">;

/** The place of a session, as far as its status tells. */
export function knownPlace({ backend, engine, socketName }: Placed): Place {
  return { host: null, backend, engine, scope: socketName };
}

/** Fills in what a place leaves open: the only engine, and the usual scope. */
export function completePlace(
  { host = null, backend, engine = null, scope }: PlaceSelector & Pick<Place, "backend">,
): Place {
  const [only = null, ...others] = enginesOf(backend);
  return {
    host,
    backend,
    engine: others.length === 0 ? engine ?? only : engine,
    scope: scope ?? usualScope(backend),
  };
}

/**
 * Whether a place is one of those that a selector means. A part that the place leaves open does not
 * match.
 */
export function isWithin(place: PlaceSelector, selector: PlaceSelector): boolean {
  const { host, backend, engine, scope } = selector;
  return (host === undefined || host === (place.host ?? null)) &&
    (isOpen(backend) || backend === place.backend) &&
    (isOpen(engine) || engine === place.engine) &&
    (isOpen(scope) || scope === place.scope);
}

/** Whether two places are the same. */
export function isSamePlace(a: PlaceSelector, b: PlaceSelector): boolean {
  return (a.host ?? null) === (b.host ?? null) && a.engine === b.engine &&
    (a.scope ?? null) === (b.scope ?? null);
}

/** Whether any part of the place is given. */
export function isNarrow({ host, backend, engine, scope }: PlaceSelector): boolean {
  return host !== undefined || ![backend, engine, scope].every(isOpen);
}

/** Whether a selector can mean any place of a backend. */
export function isOfBackend(
  { backend, engine, scope }: PlaceSelector,
  { backend: of }: Pick<Place, "backend">,
): boolean {
  return (isOpen(backend) || backend === of) &&
    (isOpen(engine) || enginesOf(of).includes(engine)) &&
    (isOpen(scope) || usualScope(of) !== null);
}

/** Whether a part of a place is not given. */
export function isOpen<T>(part: T | null | undefined): part is null | undefined {
  return part === undefined || part === null;
}

/** The name of a place, as operations lock it: `tmux:default`, `podman`, `web1/docker`. */
export function formatPlace({ host, backend, engine, scope }: Place): string {
  const name = scope === null ? engine ?? backend : `${engine ?? backend}:${scope}`;
  return host === null ? name : `${host}/${name}`;
}

/** The name of the place of a session, as operations lock it. */
export function lockName(status: Placed): string {
  return formatPlace(completePlace(knownPlace(status)));
}

/** The flags for a place and an owner, as a command line or a request gives them. */
export interface PlaceFlags {
  readonly backend?: BackendType | undefined;
  readonly socket?: string | undefined;
  readonly runtime?: Runtime | undefined;
  /** The project, or the path of the config, that owns the session. */
  readonly project?: string | undefined;
}

/** The place that flags name. With flags of several backends, those of the first count. */
export function readPlaceFlags({ backend, ...flags }: PlaceFlags): PlaceSelector {
  const [chosen] = givenKeys(flags);
  return chosen === undefined
    ? { backend }
    : { backend: backend ?? chosen.only, [chosen.place]: valueIn(flags, chosen) };
}

/**
 * The place that flags name.
 *
 * @throws {UsageError} `usage`: there is no such place
 */
export function parsePlaceFlags(flags: PlaceFlags): PlaceSelector {
  const own = givenKeys(flags).flatMap(({ only, flag }) =>
    only === undefined ? [] : [{ backend: only, flags: [`--${flag}`] }]
  );
  agreedBackend(own, flags.backend);
  return readPlaceFlags(flags);
}

function givenKeys(flags: PlaceFlags): typeof PLACE_KEYS {
  return PLACE_KEYS.filter((key) => valueIn(flags, key) !== undefined);
}

function valueIn(flags: PlaceFlags, { flag }: SessionKey): unknown {
  return flag === undefined ? undefined : Reflect.get(flags, flag);
}

/** How messages call the sessions of a backend, where its name does not do. */
const NOUNS: ReadonlyMap<BackendType, string> = new Map([["container", "containers"]]);

/**
 * The backend that flags of a single backend imply; null: there are none.
 *
 * @param own such flags, the deciding ones first
 * @throws {UsageError} `usage`: they are for several backends, or for another one than is named
 */
export function agreedBackend(
  [first, second]: readonly { readonly backend: BackendType; readonly flags: readonly string[] }[],
  said: BackendType | undefined,
): BackendType | null {
  if (first === undefined) return null;
  const { backend, flags } = first;
  const isOther = said !== undefined && said !== backend;
  const other = second?.flags[0] ?? (isOther ? `--backend ${said}` : null);
  if (other === null) return backend;
  throw new UsageError(
    `Cannot use ${flags[0]} with ${other}: it is only for ${NOUNS.get(backend) ?? backend}`,
    {
      hint: `leave out ${flags.join(", ")}, or ${other}`,
    },
  );
}

/** The flags that name a place. */
export function placeFlagsFor({ backend, engine, scope }: PlaceSelector): PlaceFlags {
  return {
    backend: backend ?? undefined,
    socket: scope ?? undefined,
    runtime: RUNTIMES.find((each) => each === engine),
  };
}

/** The flags that name a place or an owner, as words for a shell. */
export function formatPlaceFlags(
  { backend, socket, runtime, project }: PlaceFlags,
): readonly string[] {
  return Object.entries({ backend, socket, runtime, project }).flatMap(([flag, value]) =>
    value === undefined ? [] : [`--${flag}`, shellWord(value)]
  );
}

/** The shortest flags that choose this place among all that were found. */
export function shortestFlags(place: Place, found: readonly PlaceSelector[]): string {
  const { backend } = place;
  const key = placeKeyOf(backend);
  const value = key && place[key.place];
  const isOnly = found.filter((each) => each.backend === backend).length === 1;
  return isOpen(value) || (key?.place === "scope" && isOnly)
    ? `--backend ${backend}`
    : `--${key?.flag} ${value}`;
}

/**
 * The definition, placed where its session is: what flags and config leave open must not move it.
 *
 * @param named the place that those name
 */
export function inPlace(
  definition: Definition,
  { at, named }: { readonly at: Place; readonly named: PlaceSelector },
): Definition {
  const key = placeKeyOf(definition.backend);
  if (key === undefined || at.backend !== definition.backend || !isOpen(named[key.place])) {
    return definition;
  }
  return isOpen(at[key.place]) ? definition : { ...definition, [key.field]: at[key.place] };
}
