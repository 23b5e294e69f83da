import { deepEqual } from "node:assert/strict";
import { defaultSettings, OPS_KEYS } from "../../../src/keys/file_keys.ts";
import { readConfig, readFile } from "../../../src/config/read.ts";
import { newSources } from "../../../src/config/sources.ts";
import { parseYaml } from "../../../src/config/yaml.ts";
import { DEFAULT_LOG } from "../../../src/model.ts";

const text = await Deno.readTextFile(new URL("../../../config/defaults.yml", import.meta.url));

Deno.test("defaultSettings() are what the YAML of defaults.yml says", () => {
  // Other defaults under it, to see that every key is there that is not null.
  const nonsense = {
    defaultBackend: "container",
    project: null,
    tmuxBinary: "?",
    containerRuntime: null,
    startWaitMs: -1,
    engineTimeoutSeconds: -1,
    operationsKept: -1,
    operationDays: -1,
    stopTimeoutSeconds: -1,
    stopSignal: null,
    log: { capture: false, maxBytes: -1, keep: -1 },
  } as const;
  const lookup = () => undefined;
  const sources = newSources();
  const contents = readFile(parseYaml(text, sources.add("/defaults.yml", text)), {
    lookup,
    foreignKeys: false,
  });
  const { settings, problems } = readConfig(contents, { lookup, defaults: nonsense, sources });
  deepEqual(problems, []);
  deepEqual(defaultSettings(), settings);
});

Deno.test("what is kept where no definition says how much is what defaults.yml says", () => {
  deepEqual(defaultSettings().log, DEFAULT_LOG);
});

Deno.test("defaults.yml names every key of ops", () => {
  deepEqual([...text.matchAll(/^ {2}([a-z_]+):/gm)].map(([, key]) => key), Object.keys(OPS_KEYS));
});
