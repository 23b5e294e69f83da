import { deepEqual, equal, match, ok } from "node:assert/strict";
import * as errors from "../../src/errors.ts";

const {
  BackendNotFoundError,
  BackendUnavailableError,
  ContainerRuntimeNotFoundError,
  ERRORS,
  escapeControls,
  exitStatus,
  InputRequiredError,
  InterruptedError,
  OperationAbandonedError,
  OperationNotFoundError,
  OperationRunningError,
  OpsError,
  quote,
  SessionAmbiguousError,
  SessionAttachError,
  SessionConfigError,
  SessionError,
  SessionExistsError,
  SessionNotFoundError,
  SessionNotRunningError,
  SessionStartError,
  SessionStopError,
  SessionWaitError,
  TmuxNotFoundError,
  toEnvelope,
  UsageError,
  WaitTimeoutError,
} = errors;

/** Exit statuses are a promise to scripts: they never change. */
const EXITS: Record<string, number> = {
  internal: 1,
  usage: 2,
  value_invalid: 3,
  config_invalid: 3,
  backend_not_found: 4,
  backend_unavailable: 4,
  session_not_found: 5,
  operation_not_found: 5,
  session_exists: 6,
  session_ambiguous: 6,
  operation_running: 6,
  start_failed: 7,
  stop_failed: 7,
  attach_failed: 7,
  session_not_running: 7,
  wait_failed: 7,
  operation_abandoned: 7,
  input_required: 8,
  wait_timeout: 9,
  interrupted: 130,
};
for (const [code, exit] of Object.entries(EXITS)) {
  Deno.test(`${code} exits with ${exit}`, () => {
    equal(ERRORS[code as errors.ErrorCode].exit, exit);
  });
}

Deno.test("every error of the table has a meaning, and a class that exists", () => {
  for (const [code, { http, class: name, meaning }] of Object.entries(ERRORS)) {
    ok(http >= 400 && http < 600, code);
    match(meaning, /^\S.*[^.]$/);
    if (name !== null) ok(name in errors, name);
  }
});

const reason = "it is so";
const MADE: Record<string, InstanceType<typeof OpsError>> = {
  value_invalid: new SessionConfigError("Cannot use it: no"),
  config_invalid: new SessionConfigError("Cannot use it: no", { code: "config_invalid" }),
  backend_not_found: new BackendNotFoundError("Cannot run it: no"),
  backend_unavailable: new BackendUnavailableError("Cannot ask it: no", { reason }),
  session_not_found: new SessionNotFoundError("stop", "astro"),
  session_exists: new SessionExistsError("astro", reason),
  session_ambiguous: new SessionAmbiguousError("stop", "astro", { reason }),
  start_failed: new SessionStartError("astro", reason),
  stop_failed: new SessionStopError("astro", reason),
  attach_failed: new SessionAttachError("astro", reason),
  wait_failed: new SessionWaitError("astro", reason),
  operation_not_found: new OperationNotFoundError("show", "7f3a"),
  operation_running: new OperationRunningError("stop", "astro", { reason }),
  operation_abandoned: new OperationAbandonedError("stop", "astro", { reason }),
  input_required: new InputRequiredError("stop", "astro", { reason }),
  session_not_running: new SessionNotRunningError("signal", "astro", { reason }),
  wait_timeout: new WaitTimeoutError("astro", { reason }),
};
for (const [code, error] of Object.entries(MADE)) {
  Deno.test(`${error.constructor.name} with the code ${code} is an OpsError`, () => {
    equal(error.code, code);
    ok(error instanceof Error && error instanceof OpsError);
    equal(ERRORS[error.code].class, error.constructor.name);
    deepEqual([error.hint, error.details], [null, {}]);
    match(error.message, /^Cannot \w+ .*: .*[^.]$/);
  });
}

Deno.test("a missing engine is an error of its own, and a missing backend", () => {
  for (const Missing of [TmuxNotFoundError, ContainerRuntimeNotFoundError]) {
    const error = new Missing("Cannot run it: no", { hint: "install it" });
    ok(error instanceof BackendNotFoundError);
    deepEqual([error.code, error.hint], ["backend_not_found", "install it"]);
    equal(error.name, Missing.name);
  }
});

Deno.test("a wrong command line is no error of session management", () => {
  const error = new UsageError("Cannot do that: no");
  ok(!((error as Error) instanceof OpsError));
  equal(error.code, "usage");
});

Deno.test("errors about a session know its name, its backends and the reason", () => {
  const plain = new SessionStartError("astro", reason);
  ok(plain instanceof SessionError);
  deepEqual([plain.name, plain.reason, plain.backend, plain.backends], ["astro", reason, null, []]);
  equal(plain.message, `Cannot start "astro": it is so`);
  const tmux = new SessionStopError("astro", reason, { backend: "tmux" });
  deepEqual([tmux.backend, tmux.backends], ["tmux", ["tmux"]]);
  const both = new SessionAmbiguousError("stop", "astro", {
    reason,
    backends: ["tmux", "container"],
  });
  deepEqual([both.backend, both.backends], [null, ["tmux", "container"]]);
  equal(new SessionNotFoundError("stop", "astro").message, `Cannot stop "astro": no such session`);
});

Deno.test("the exit status is that of the error, and 1 for a bug", () => {
  for (const [code, error] of Object.entries(MADE)) equal(exitStatus(error), EXITS[code]);
  equal(exitStatus(new UsageError("Cannot do that: no")), 2);
  equal(exitStatus(new TypeError("x is undefined")), 1);
});

for (const [signal, exit] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) {
  Deno.test(`an interruption by ${signal} exits as shells do`, () => {
    const error = new InterruptedError(signal);
    deepEqual([error.code, exitStatus(error)], ["interrupted", exit]);
    equal(error.message, `Interrupted by ${signal}`);
  });
}

Deno.test("an error keeps its cause", () => {
  const cause = new Error("deep");
  equal(new OpsErrorOf(cause).cause, cause);
  ok(!("cause" in new SessionStartError("astro", reason)));
});

class OpsErrorOf extends SessionStartError {
  constructor(cause: unknown) {
    super("astro", reason, { cause });
  }
}

Deno.test("scripts get code, message, hint and details of an error", () => {
  const error = new SessionStartError("astro", reason, {
    hint: "try again",
    details: { exit_code: 3 },
  });
  deepEqual(toEnvelope(error), {
    error: {
      code: "start_failed",
      message: `Cannot start "astro": it is so`,
      hint: "try again",
      details: { exit_code: 3 },
    },
  });
});

for (const thrown of [new TypeError("x is undefined"), "text", null, { code: "start_failed" }]) {
  Deno.test(`${Deno.inspect(thrown).split("\n")[0]} is a bug, and says how to report it`, () => {
    const { error } = toEnvelope(thrown);
    equal(error.code, "internal");
    match(error.message, /^Unexpected failure: /);
    match(error.hint ?? "", /bug/);
    deepEqual(error.details, {});
  });
}

const ESCAPED: Record<string, string> = {
  "\n": "\\n",
  "\t": "\\t",
  "\r": "\\r",
  "\0": "\\x00",
  "\x1b[31m": "\\x1b[31m",
  "\x7f": "\\x7f",
  "\x9b": "\\x9b",
  "\u202e": "\\u202e",
  "\u2028": "\\u2028",
  "näme 日本語 🚀 \"'\\": "näme 日本語 🚀 \"'\\",
};
for (const [text, safe] of Object.entries(ESCAPED)) {
  Deno.test(`${JSON.stringify(text)} reaches a terminal as ${JSON.stringify(safe)}`, () => {
    equal(escapeControls(text), safe);
    equal(quote(text), `"${safe}"`);
  });
}
