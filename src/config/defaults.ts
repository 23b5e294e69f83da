/** What holds where a config says nothing, from the tables of keys. */
import { OPS_KEYS, type OpsKey } from "../keys/file_keys.ts";
import { objectWith, valueAt } from "../keys/paths.ts";
import { ALL_SESSION_KEYS, type SessionKey } from "../keys/session_keys.ts";
import type { SessionSettings, Settings } from "./config.ts";

const OPS: readonly OpsKey[] = Object.values(OPS_KEYS);

/** What holds where no config says otherwise, as in `config/defaults.yml`. */
export function defaultSettings(): Settings {
  return settingsFrom((key) => key.default);
}

/** What is said, over what holds where it is not; by the fields of {@link OPS_KEYS}. */
export function settingsWith(said: object, under: Settings): Settings {
  return settingsFrom(({ field }) => Reflect.get(said, field) ?? valueAt(under, field));
}

function settingsFrom(valueOf: (key: OpsKey) => unknown): Settings {
  // Every key has its field, with what its form gives.
  return objectWith(OPS.map((key) => [key.field, valueOf(key)])) as Settings;
}

/** The settings of a session that says nothing. */
export const NO_SETTINGS: SessionSettings = Object.fromEntries(
  ALL_SESSION_KEYS.map(([, key]) => [key.field, unsaid(key)]),
  // Every key has its field, with what `SettingOf` says of it.
) as SessionSettings;

function unsaid({ form, default: value }: SessionKey): unknown {
  if (form.kind === "variables") return new Map();
  if (form.kind === "list") return [];
  return value === false ? false : null;
}
