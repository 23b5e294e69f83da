/** The published JSON Schemas, held against what kstops prints. */
import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import doctorSchema from "../../config/doctor.schema.json" with { type: "json" };
import operationSchema from "../../config/operation.schema.json" with { type: "json" };
import schema from "../../config/status.schema.json" with { type: "json" };
import versionSchema from "../../config/version.schema.json" with { type: "json" };
import {
  BACKENDS,
  HEALTH_WORDS,
  OPERATION_STATES,
  type PortBinding,
  RUNTIMES,
  SESSION_STATES,
  type SessionStatus,
  statusOf,
} from "../../src/model.ts";
import { versionReply } from "../../src/cli/version.ts";
import { showOperation } from "../../src/cli/commands/operations/show.ts";
import { LEVELS } from "../../src/model/finding.ts";
import { stateToPhase } from "../../src/operations/machine.ts";
import { actorOf } from "../../src/operations/actor.ts";
import { ERRORS } from "../../src/errors.ts";
import { OperationStore } from "../../src/operations/store.ts";
import { doctorToWire } from "../../src/output/doctor.ts";
import { operationToWire } from "../../src/output/operation.ts";
import { changeToWire, statusToWire } from "../../src/wire.ts";
import { denoWorld } from "../../src/world/deno.ts";
import { FINDINGS } from "../support/findings.ts";
import { withFakeWorld } from "../support/fake_world.ts";
import { problemWith, published, type Schema } from "../support/json_schema.ts";
import { memoryRecording } from "../support/recording.ts";
import { userPages } from "../support/pages.ts";
import { STATUSES } from "../support/statuses.ts";
import { property } from "../support/property.ts";

/** The keys that the documentation promises, in its order. */
const KEYS = [
  "name, backend, state, pid, exit_code, signal, created_at, finished_at, managed, defined, engine",
  "engine_state, socket_name, window_count, attached, id, image, ports, command, working_dir, reason",
  "project, config_file, leftovers, restart_policy, restarts, next_restart_at, health, groups",
  "drift",
].join(", ").split(", ");

// --- what is printed -----------------------------------------------------------------------------

Deno.test("a status has the promised keys in their order, and the schema has the same", () => {
  for (const status of STATUSES) deepEqual(Object.keys(statusToWire(status)), KEYS);
  deepEqual(Object.keys(schema.properties), KEYS);
  deepEqual(schema.required, KEYS);
});

Deno.test("the schema of a status describes every key", () => {
  for (const [key, rules] of Object.entries(schema.properties)) ok(rules.description, key);
});

Deno.test("the schema of a status lists every state, backend and engine", () => {
  deepEqual(schema.properties.state.enum, SESSION_STATES);
  deepEqual(schema.properties.backend.enum, BACKENDS);
  deepEqual(schema.properties.engine.enum, ["tmux", ...RUNTIMES, null]);
  deepEqual(schema.properties.health.enum, [...HEALTH_WORDS, null]);
});

Deno.test("every kind of status fits the schema", () => {
  for (const status of STATUSES) {
    const wire = JSON.parse(JSON.stringify(statusToWire(status)));
    equal(problemWith(schema, wire), null);
  }
});

property("any status fits the schema", () => {
  const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
  const time = maybe(fc.date({
    min: new Date(0),
    max: new Date("9999-12-31T23:59:59.999Z"),
    noInvalidDate: true,
  }));
  const port: fc.Arbitrary<PortBinding> = fc.record({
    hostIp: maybe(fc.ipV4()),
    hostPort: maybe(fc.nat({ max: 65535 })),
    containerPort: fc.nat({ max: 65535 }),
    protocol: fc.constantFrom("tcp", "udp", "sctp"),
  });
  const any: fc.Arbitrary<SessionStatus> = fc.record({
    name: maybe(fc.string()),
    backend: fc.constantFrom(...BACKENDS),
    state: fc.constantFrom(...SESSION_STATES),
    pid: maybe(fc.nat()),
    exitCode: maybe(fc.nat({ max: 255 })),
    signal: maybe(fc.constantFrom("SIGKILL", "SIGUSR1")),
    createdAt: time,
    finishedAt: time,
    managed: fc.boolean(),
    defined: fc.boolean(),
    engine: maybe(fc.constantFrom("tmux", ...RUNTIMES)),
    engineState: maybe(fc.string()),
    socketName: maybe(fc.string()),
    windowCount: maybe(fc.nat()),
    attached: maybe(fc.nat()),
    id: maybe(fc.string()),
    image: maybe(fc.string()),
    ports: maybe(fc.array(port)),
    command: maybe(fc.array(fc.string())),
    workingDir: maybe(fc.string()),
    reason: maybe(fc.string()),
    project: maybe(fc.string()),
    configFile: maybe(fc.string()),
    leftovers: maybe(fc.array(fc.nat())),
    restartPolicy: maybe(fc.constantFrom("always", "on-failure:5")),
    restarts: maybe(fc.nat()),
    nextRestartAt: time,
    health: maybe(fc.constantFrom(...HEALTH_WORDS)),
    groups: fc.array(fc.string(), { maxLength: 2 }),
    drift: maybe(fc.array(fc.string(), { maxLength: 2 })),
  });
  return {
    input: any,
    holds: (status) => {
      equal(problemWith(schema, JSON.parse(JSON.stringify(statusToWire(status)))), null);
    },
  };
});

Deno.test("a change is a status with the id of its operation at the end", () => {
  const change = changeToWire(
    statusOf({ name: "astro", backend: "tmux", state: "running" }),
    "1b4e28ba-2fa1-4c2d-883f-0016d3cca427",
  );
  deepEqual(Object.keys(change), [...KEYS, "operation_id"]);
});

Deno.test("the schema of an operation lists every state and phase", () => {
  const { state, current_phase } = operationSchema.properties;
  deepEqual(state.enum, OPERATION_STATES);
  const phases = new Set(OPERATION_STATES.map(stateToPhase));
  deepEqual(new Set<string | null>(current_phase.enum), phases);
});

for (const end of ["done", "failed", "aborted"] as const) {
  Deno.test(`an operation fits its schema on its way to ${end}`, async () => {
    await withFakeWorld({}, async (world) => {
      const store = OperationStore.inMemory(world);
      const actor = actorOf(world, "1.2.3");
      const { id } = store.open("stop", { argv: ["stop"] }, { session: "astro", actor });
      const fits = (): void => {
        const wire = operationToWire(store.find("show", id));
        equal(problemWith(operationSchema, wire), null);
        deepEqual(Object.keys(wire), operationSchema.required);
      };
      fits();
      store.transition(id, "validating");
      store.transition(id, "planning");
      store.requestInput(id, { question: "Stop it?" });
      fits();
      store.resume(id);
      for (const state of ["applying", "verifying"] as const) store.transition(id, state);
      store.transition(id, end, { code: "stop_failed" });
      fits();
      const recording = () => Promise.resolve(memoryRecording(world, store));
      const { data } = await showOperation({ recording }, { id });
      equal(problemWith(operationSchema, data), null);
    });
  });
}

Deno.test("what the doctor found fits its schema, which lists every level", () => {
  const wire = JSON.parse(JSON.stringify(doctorToWire(FINDINGS, "1.2.3")));
  equal(problemWith(doctorSchema, wire), null);
  deepEqual(Object.keys(wire), doctorSchema.required);
  const { level } = doctorSchema.properties.findings.items.properties;
  deepEqual(level.enum, LEVELS);
  const odd = { ...wire, findings: [{ ...wire.findings[0], level: "fine" }] };
  equal(problemWith(doctorSchema, odd), "findings 0 level is none of ok,skipped,warning,failure");
});

Deno.test("the version fits its schema, whose keys are those that are printed", () => {
  const { data } = versionReply(denoWorld());
  equal(problemWith(versionSchema, data), null);
  deepEqual(Object.keys(data ?? {}), versionSchema.required);
});

const COMMITS: Readonly<Record<string, string | null>> = {
  [`${"0123456789".repeat(4)}`]: null,
  [`${"0123456789".repeat(4)}-dirty`]: null,
  "0123456": "commit is not",
  "unknown": "commit is not",
};
for (const [commit, problem] of Object.entries(COMMITS)) {
  Deno.test(`the schema of a version ${problem ? "refuses" : "takes"} the commit ${commit}`, () => {
    const { data } = versionReply(denoWorld());
    const found = problemWith(versionSchema, { ...data as object, commit });
    equal(found?.slice(0, problem?.length ?? 0) ?? null, problem);
  });
}

const WRONG: Record<string, readonly [Record<string, unknown>, string]> = {
  "a key of another type": [{ pid: "1" }, "pid is string, not integer,null"],
  "a fraction": [{ pid: 1.5 }, "pid is number, not integer,null"],
  "a state that nobody knows": [{ state: "up" }, "state is none of"],
  "an exit code out of range": [{ exit_code: 256 }, "exit_code is more than 255"],
  "a count below zero": [{ attached: -1 }, "attached is less than 0"],
  "a signal by its number": [{ signal: "9" }, "signal is not ^SIG"],
  "a local time": [{ created_at: "2026-01-02T03:04:05+01:00" }, "created_at is no time in UTC"],
  "a port without its protocol": [
    { ports: [{ host_ip: null, host_port: 1, container_port: 1 }] },
    "ports 0 lacks protocol",
  ],
  "a command that is no list": [{ command: "x" }, "command is string, not array,null"],
  "a key that is not published": [{ colour: "red" }, "has colour besides"],
};

for (const [what, [changes, problem]] of Object.entries(WRONG)) {
  Deno.test(`the schema of a status refuses ${what}`, () => {
    const wire = { ...statusToWire(STATUSES[0]!), ...changes };
    ok(problemWith(schema, wire)?.startsWith(problem), problemWith(schema, wire) ?? "accepted");
  });
}

Deno.test("the schema of a status refuses one that lacks a key", () => {
  const { reason: _, ...rest } = statusToWire(STATUSES[0]!);
  equal(problemWith(schema, rest), "lacks reason");
});

// --- every schema --------------------------------------------------------------------------------

const DIRECTORY = new URL("../../config/", import.meta.url);
const FILES = Array.from(Deno.readDirSync(DIRECTORY), ({ name }) => name)
  .filter((name) => name.endsWith(".schema.json") && name !== "kstops.schema.json").sort();

/** Every schema within one, the whole first, each with where it is. */
function* partsOf(schema: Schema, path: string): Generator<readonly [string, Schema]> {
  yield [path, schema];
  const { properties = {}, items, allOf = [], additionalProperties } = schema;
  const below = [
    ...Object.entries(properties as Record<string, Schema>),
    ...Object.entries(allOf as readonly Schema[]),
    ...Object.entries({ items, additionalProperties }),
  ];
  for (const [key, each] of below) {
    if (typeof each === "object") yield* partsOf(each as Schema, `${path} ${key}`);
  }
}

for (const name of FILES) {
  Deno.test(`${name} says what every key means, and names schemas that are there`, () => {
    const whole = published(name);
    ok(whole["title"] && whole["description"]);
    for (const [path, { properties = {}, required = [], $ref }] of partsOf(whole, name)) {
      if (typeof $ref === "string") ok(FILES.includes($ref), `${path}: ${$ref}`);
      const known = Object.entries(properties as Record<string, Schema>);
      for (const [key, rules] of known) ok(rules["description"], `${path} ${key}`);
      for (const key of required as readonly string[]) {
        ok(known.some(([each]) => each === key), `${path} ${key}`);
      }
    }
  });

  Deno.test(`the pages say what ${name} is for`, () => {
    ok(userPages().some(({ text }) => text.includes(`(../config/${name})`)));
  });
}

Deno.test("the schema of an error lists every code", () => {
  const [, [, error]] = [...partsOf(published("error.schema.json"), "")] as [
    unknown,
    [string, Schema],
  ];
  const { code } = error["properties"] as { readonly code: { readonly enum: readonly string[] } };
  deepEqual(code.enum, Object.keys(ERRORS));
});

Deno.test("the schema of an event lists every state", () => {
  const { state } = published("event.schema.json")["properties"] as {
    readonly state: { readonly enum: readonly string[] };
  };
  deepEqual(state.enum, OPERATION_STATES);
});

Deno.test("what a schema takes from another is held against both", () => {
  const change: { [key: string]: unknown } = changeToWire(
    STATUSES[0]!,
    "1b4e28ba-2fa1-4c2d-883f-0016d3cca427",
  );
  const rules = published("change.schema.json");
  equal(problemWith(rules, change), null);
  equal(problemWith(rules, { ...change, colour: "red" }), "has colour besides");
  equal(problemWith(rules, { ...change, state: "up" })?.startsWith("state is none of"), true);
  equal(problemWith(rules, statusToWire(STATUSES[0]!)), "lacks operation_id");
  equal(problemWith(rules, { ...change, operation_id: "x" })?.startsWith("operation_id is"), true);
});
