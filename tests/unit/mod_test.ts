import { deepEqual, equal, ok, throws } from "node:assert/strict";
import * as kstops from "../../src/mod.ts";

// Types have no value to look at: these lines compile only while they are exported.
type Types = [
  kstops.AttachEnd,
  kstops.AttachSessionOptions,
  kstops.BackendType,
  kstops.ContainerDefinition,
  kstops.Definition,
  kstops.ErrorCode,
  kstops.ErrorEnvelope,
  kstops.FromConfigOptions,
  kstops.LogsOptions,
  kstops.ManagerOptions,
  kstops.Actor,
  kstops.Operation,
  kstops.OperationEvent,
  kstops.OperationFilter,
  kstops.OperationState,
  kstops.OperationStoreOptions,
  kstops.Recorder,
  kstops.SubscribeOptions,
  kstops.PortBinding,
  kstops.SessionConfig,
  kstops.SessionOptions,
  kstops.SessionState,
  kstops.SessionStatus,
  kstops.StopSessionOptions,
  kstops.TmuxDefinition,
  kstops.WaitOptions,
];

const VALIDATORS = {
  validateSessionName: ["astro", "my bot"],
  validateImageName: ["astro-bot:latest", "-bot"],
  validateVolumes: [["./data:/data"], ["data"]],
  validatePorts: [["8080:80"], ["http"]],
  validateEnv: [{ KEY: "value" }, { LD_PRELOAD: "x" }],
  validateCommand: ["sleep 60", "sleep 60; reboot"],
  validateSocketName: ["bots", "a/b"],
} as const;

for (const [name, [good, bad]] of Object.entries(VALIDATORS)) {
  Deno.test(`${name}() of the library gives a value back unchanged, or refuses it`, () => {
    const validate = kstops[name as keyof typeof VALIDATORS] as (value: unknown) => unknown;
    equal(validate(good), good);
    throws(() => validate(bad), (error) => {
      ok(error instanceof kstops.SessionConfigError);
      ok(error instanceof kstops.OpsError);
      equal(error.code, "value_invalid");
      return true;
    });
  });
}

Deno.test("splitCommand() of the library splits as a POSIX shell does", () => {
  deepEqual(kstops.splitCommand(`python -c 'print("hi")'`), ["python", "-c", 'print("hi")']);
});

const { OpsError, SessionError, BackendNotFoundError } = kstops;
const EXTRAS = { reason: "it is so", hint: "do it", details: { pids: [1] } };

/** Every public class: how one is made, its code, its exit status, and what else catches it. */
const CLASSES: readonly (readonly [Error, kstops.ErrorCode, number, readonly unknown[]])[] = [
  [new kstops.UsageError("x", EXTRAS), "usage", 2, []],
  [new kstops.SessionConfigError("x", EXTRAS), "value_invalid", 3, [OpsError]],
  [new BackendNotFoundError("x", EXTRAS), "backend_not_found", 4, [OpsError, BackendNotFoundError]],
  [
    new kstops.TmuxNotFoundError("x", EXTRAS),
    ...["backend_not_found", 4, [OpsError, BackendNotFoundError]] as const,
  ],
  [
    new kstops.ContainerRuntimeNotFoundError("x", EXTRAS),
    ...["backend_not_found", 4, [OpsError, BackendNotFoundError]] as const,
  ],
  [new kstops.BackendUnavailableError("x", EXTRAS), "backend_unavailable", 4, [OpsError]],
  [
    new kstops.SessionNotFoundError("stop", "astro", EXTRAS),
    ...["session_not_found", 5, [OpsError, SessionError]] as const,
  ],
  [
    new kstops.SessionExistsError("astro", "it runs", EXTRAS),
    ...["session_exists", 6, [OpsError, SessionError]] as const,
  ],
  [
    new kstops.SessionAmbiguousError("stop", "astro", EXTRAS),
    ...["session_ambiguous", 6, [OpsError, SessionError]] as const,
  ],
  [
    new kstops.SessionStartError("astro", "it ended", EXTRAS),
    ...["start_failed", 7, [OpsError, SessionError]] as const,
  ],
  [
    new kstops.SessionStopError("astro", "it lives", EXTRAS),
    ...["stop_failed", 7, [OpsError, SessionError]] as const,
  ],
  [
    new kstops.SessionAttachError("astro", "it ended", EXTRAS),
    ...["attach_failed", 7, [OpsError, SessionError]] as const,
  ],
  [
    new kstops.SessionWaitError("astro", "it ended", EXTRAS),
    ...["wait_failed", 7, [OpsError, SessionError]] as const,
  ],
  [new kstops.OperationNotFoundError("show", "7f3a", EXTRAS), "operation_not_found", 5, [OpsError]],
  [
    new kstops.OperationRunningError("stop", "astro", EXTRAS),
    ...["operation_running", 6, [OpsError]] as const,
  ],
  [
    new kstops.OperationAbandonedError("stop", "astro", EXTRAS),
    ...["operation_abandoned", 7, [OpsError]] as const,
  ],
  [
    new kstops.InputRequiredError("stop", "astro", EXTRAS),
    ...["input_required", 8, [OpsError, SessionError]] as const,
  ],
  [
    new kstops.SessionNotRunningError("send to", "astro", EXTRAS),
    ...["session_not_running", 7, [OpsError, SessionError]] as const,
  ],
  [
    new kstops.WaitTimeoutError("astro", EXTRAS),
    ...["wait_timeout", 9, [OpsError, SessionError]] as const,
  ],
];

for (const [error, code, exit, above] of CLASSES) {
  Deno.test(`${error.constructor.name} of the library is caught as what it is`, () => {
    const bases = [OpsError, SessionError, BackendNotFoundError];
    deepEqual(bases.filter((base) => error instanceof base), above);
    ok(error instanceof Error);
    equal(kstops.ERRORS[code].exit, exit);
    const { hint, details } = EXTRAS;
    const envelope = { error: { code, message: error.message, hint, details } };
    deepEqual(kstops.toEnvelope(error), envelope);
  });
}

Deno.test("every error of the table that has a class is in the library, and no other one", () => {
  const known = new Set<unknown>(CLASSES.map(([error]) => error.constructor));
  for (const [code, kind] of Object.entries(kstops.ERRORS)) {
    if (kind.class === null) continue;
    const found = CLASSES.some(([error]) => error.constructor.name === kind.class);
    ok(found, code);
  }
  const exported = Object.entries(kstops).filter(([name]) => name.endsWith("Error"));
  const rest = exported.filter(([, each]) => !known.has(each)).map(([name]) => name);
  deepEqual(rest, ["OpsError", "SessionError"]);
});

Deno.test("the library has what works on sessions", () => {
  const methods = ({ prototype }: { readonly prototype: object }) =>
    Object.getOwnPropertyNames(prototype).filter((name) => name !== "constructor").sort();
  deepEqual(methods(kstops.SessionManager), [
    ...["attach", "backend", "config", "exists", "isRunning", "logs", "name", "send"],
    ...["signal", "start", "status", "stop", "wait"],
  ]);
  for (const runner of [kstops.TmuxRunner, kstops.ContainerRunner]) {
    deepEqual(methods(Object.getPrototypeOf(runner)), [
      ...["attach", "backend", "exists", "listSessions", "logs", "start", "status", "stop"],
    ]);
  }
  equal(typeof kstops.autoDetectBackend, "function");
});

Deno.test("the library has the words of the model", () => {
  deepEqual(kstops.BACKENDS, ["tmux", "container"]);
  deepEqual(kstops.RUNTIMES, ["podman", "docker"]);
  deepEqual(kstops.SESSION_STATES, ["running", "stopped", "exited", "defined", "unknown"]);
  ok(kstops.STOP_SIGNALS.includes("SIGINT"));
  const state: kstops.SessionState = "running";
  ok(kstops.SESSION_STATES.includes(state));
});
