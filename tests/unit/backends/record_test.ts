import { deepEqual, equal, ok } from "node:assert/strict";
import { runContainer } from "../../../src/backends/container/args.ts";
import { recordOf } from "../../../src/backends/container/labels.ts";
import { parsePodmanList } from "../../../src/backends/container/parse.ts";
import { parsePanes } from "../../../src/backends/tmux/parse.ts";
import { paneFormat } from "../../../src/backends/tmux/args.ts";
import { encodeRecord } from "../../../src/keys/record.ts";
import { DEFAULT_LOG } from "../../../src/model.ts";
import { containerDefinition, tmuxDefinition } from "../../support/definitions.ts";
import { expandFormat } from "../../support/tmux_format.ts";
import { idOf, PODMAN } from "./container/containers.ts";

const RECORDS = new URL("../../fixtures/records/", import.meta.url);

/** Every shape that was ever written on a session, oldest first: each is to be read for ever. */
const SHAPES = [...Deno.readDirSync(RECORDS)].map(({ name }) => name).sort();

type Fields = Readonly<Record<string, unknown>>;

function fixture(name: string): Fields {
  return JSON.parse(Deno.readTextFileSync(new URL(name, RECORDS)));
}

/** What a container with that label was started from, as it would be recorded again. */
function ofContainer(text: string): Fields | null {
  const labels = { "io.kstops.session": "astro", "io.kstops.definition": text };
  const row = { Id: idOf("a"), Names: ["astro"], State: "running", Labels: labels };
  const [container] = parsePodmanList(JSON.stringify([row]));
  ok(container);
  const record = recordOf(container);
  if (record === null) return null;
  const { envNames, facts: _, ...rest } = record;
  return JSON.parse(encodeRecord({ ...containerDefinition(), ...rest, env: valuesOf(envNames) }));
}

/** The same of a tmux session with that option. */
function ofTmux(text: string): Fields | null {
  const nonce = "0123456789ab";
  const fields = {
    ...{ version: "3.3a", pid: "77", session_id: "$1", session_name: "astro" },
    ...{ session_created: "1700000000", session_attached: "0", session_windows: "1" },
    ...{ pane_id: "%1", pane_pid: "100", pane_dead: "0", window_active: "1", pane_active: "1" },
    ...{ "@kstops": "run1", "@kstops_pane": "run1", "@kstops_pid": "101", "@kstops_run": text },
  };
  const [session] = parsePanes(`${expandFormat(paneFormat(nonce), fields)}\n`, nonce);
  ok(session);
  if (session.record === null) return null;
  const { envNames, facts, ...rest } = session.record;
  const definition = { ...tmuxDefinition(), ...rest, env: valuesOf(envNames) };
  return JSON.parse(encodeRecord(definition, facts));
}

function valuesOf(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, "secret"]));
}

const KINDS = {
  container: {
    read: ofContainer,
    missing: {
      ...{ command: null, working_dir: null, env: [], volumes: [], log_volume: null, ports: [] },
      ready: null,
      ...{ network: null, user: null, restart: null, tty: true, run_args: [], stop_signal: null },
      ...{ project: null, config_file: null, stop_timeout: 10, log_capture: DEFAULT_LOG.capture },
      ...{
        version: 1,
        protected: false,
        log_max_bytes: DEFAULT_LOG.maxBytes,
        log_keep: DEFAULT_LOG.keep,
      },
    },
    needed: ["image"],
  },
  tmux: {
    read: ofTmux,
    missing: {
      ...{
        name: null,
        stop_scope: null,
        hold_file: null,
        env: [],
        log: null,
        log_capture: DEFAULT_LOG.capture,
        stop_signal: null,
      },
      ...{ version: 1, log_max_bytes: DEFAULT_LOG.maxBytes, log_keep: DEFAULT_LOG.keep },
      stop_timeout: 10,
      ...{ protected: false, project: null, config_file: null },
      ...{ restart: null, restart_delay: 1, restart_max_delay: 60, restart_reset: 60 },
      ...{ success_exit_codes: [], ready: null },
    },
    needed: ["command", "working_dir"],
  },
} as const;

for (const [kind, { read, missing, needed }] of Object.entries(KINDS)) {
  const own = SHAPES.filter((name) => name.startsWith(kind));
  for (const name of own) {
    const { version: _, ...keys } = fixture(name);

    Deno.test(`the record ${name} is read, and what it lacks is what it always meant`, () => {
      deepEqual(read(JSON.stringify(fixture(name))), { ...missing, ...keys });
    });

    Deno.test(`the record ${name} of a newer kstops is read, and what only that knows is kept`, () => {
      const more = { later: ["bots"], latest: { command: "x" } };
      const newer = { ...fixture(name), version: 99, ...more };
      deepEqual(read(JSON.stringify(newer)), { ...missing, ...keys, ...more });
    });
  }

  const newest = fixture(own.at(-1) ?? "");
  for (const key of Object.keys(newest)) {
    const isNeeded = needed.some((each) => each === key);
    Deno.test(`a ${kind} record without ${key} is ${isNeeded ? "none" : "read"}`, () => {
      const record = read(JSON.stringify({ ...newest, [key]: undefined }));
      if (isNeeded) return equal(record, null);
      deepEqual(record, { ...newest, [key]: Reflect.get(missing, key) });
    });
  }
}

Deno.test("what is written today is the newest fixture: another key is another fixture", () => {
  const { argv } = runContainer(PODMAN, {
    definition: containerDefinition({ image: "busybox:1" }),
    runId: "1",
    init: true,
  });
  const label = argv.find((word) => word.startsWith("io.kstops.definition="));
  const written: Fields = JSON.parse(label?.slice("io.kstops.definition=".length) ?? "");
  const facts = { name: "astro", log: null, hold_file: null };
  const option: Fields = JSON.parse(encodeRecord(tmuxDefinition(), facts));
  for (const [kind, fields] of Object.entries({ container: written, tmux: option })) {
    const newest = SHAPES.findLast((name) => name.startsWith(kind)) ?? "";
    deepEqual(Object.keys(fields).sort(), Object.keys(fixture(newest)).sort());
  }
});

Deno.test("a record says of which version it is, and no value of a variable", () => {
  const text = encodeRecord(tmuxDefinition({ env: { TOKEN: "secret" } }));
  equal(JSON.parse(text).version, 1);
  deepEqual(JSON.parse(text).env, ["TOKEN"]);
  ok(!text.includes("secret"));
});

Deno.test("a word that only a newer kstops knows is what the key means without it", () => {
  const newest = fixture("tmux-7.json");
  deepEqual(ofTmux(JSON.stringify({ ...newest, stop_signal: "SIGNEW", stop_scope: "cgroup" })), {
    ...newest,
    stop_signal: null,
    stop_scope: null,
  });
});
