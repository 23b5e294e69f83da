import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { Session } from "../../../../src/backends/backend.ts";
import type { Context } from "../../../../src/cli/command.ts";
import { restart } from "../../../../src/cli/commands/restart.ts";
import { emptyConfig } from "../../../../src/config/config.ts";
import { defaultSettings } from "../../../../src/keys/file_keys.ts";
import { OpsError, SessionStartError } from "../../../../src/errors.ts";
import { type Definition, type SessionStatus, statusOf } from "../../../../src/model.ts";
import type { Match, Sessions } from "../../../../src/sessions/sessions.ts";
import { containerDefinition, tmuxDefinition } from "../../../support/definitions.ts";
import { foundOneByOne } from "../../../support/found.ts";
import { memoryRecording } from "../../../support/recording.ts";

const TMUX = tmuxDefinition({ name: "web", workingDir: "/" });
const CONTAINER = containerDefinition({ name: "web", image: "web:1", argv: null });

const OUTPUT = { hint: "kstops logs web", details: { output: [] } };

/** What is done to a session that says this of itself when it is restarted, in its order. */
async function restarted(
  status: SessionStatus,
  definition: Definition | null,
  { yes, byEngine, rollback, wait = false, refuses, fails = 0 }: {
    yes?: true;
    byEngine?: true;
    rollback?: true;
    wait?: boolean;
    /** What the trial of the new one finds. */
    refuses?: Error;
    /** How many starts fail. */
    fails?: number;
  } = { yes: true },
): Promise<{ readonly done: readonly unknown[]; readonly failures: readonly unknown[] }> {
  const done: unknown[] = [];
  let left = fails;
  const begun = (what: unknown): Promise<SessionStatus> => {
    done.push(what);
    return left-- > 0
      ? Promise.reject(new SessionStartError("web", "it fell over", OUTPUT))
      : Promise.resolve(status);
  };
  const session: Partial<Session> = {
    status,
    protected: false,
    definition: () => Promise.resolve(definition),
    stop: () => {
      done.push("stop");
      return Promise.resolve({ ...status, state: "stopped" });
    },
    ...(byEngine
      ? {
        restart: () => begun("restart"),
      }
      : {}),
  };
  const find = (): Promise<Match> =>
    Promise.resolve({ kind: "session", status, session: session as Session });
  const sessions: Partial<Sessions> = {
    find,
    findEach: foundOneByOne(find),
    check: () => Promise.resolve(),
    place: () => Promise.resolve({ host: null, backend: "tmux", engine: "tmux", scope: "default" }),
    rehearse: (_fresh, { replaced }) => {
      equal(replaced?.status, status);
      done.push("try");
      return refuses === undefined ? Promise.resolve() : Promise.reject(refuses);
    },
    start: begun,
  };
  const context = {
    world: { terminal: {}, workingDirectory: () => "/" },
    config: () =>
      Promise.resolve(emptyConfig(null, { settings: defaultSettings(), directory: "/" })),
    sessions: () => sessions as Sessions,
    argv: [],
    recording: () => Promise.resolve(memoryRecording()),
    guarded: () => ({ context, release: () => {} }),
    during: (_label: string, work: () => unknown) => work(),
  } as unknown as Context;
  const reply = await restart(context, { names: ["web"], wait, yes, rollback });
  return { done, failures: reply.failures ?? [] };
}

const IN_DOCKER = statusOf({
  name: "web",
  backend: "container",
  engine: "docker",
  state: "running",
  managed: true,
});
const IN_BOTS = statusOf({
  name: "web",
  backend: "tmux",
  engine: "tmux",
  socketName: "bots",
  state: "running",
  managed: true,
});

Deno.test("restart starts a session again where it was", async () => {
  deepEqual(await restarted(IN_DOCKER, CONTAINER), {
    done: ["try", "stop", { ...CONTAINER, runtime: "docker" }],
    failures: [],
  });
  deepEqual(await restarted(IN_BOTS, TMUX), {
    done: ["try", "stop", { ...TMUX, socketName: "bots" }],
    failures: [],
  });
});

Deno.test("restart follows a definition that has come to name the other backend", async () => {
  deepEqual((await restarted(IN_BOTS, CONTAINER)).done, ["try", "stop", CONTAINER]);
});

Deno.test("restart never stops the container of somebody else, which it could not replace", async () => {
  const foreign = { ...IN_DOCKER, managed: false };
  const { done, failures: [failure] } = await restarted(foreign, CONTAINER);
  deepEqual(done, []);
  await rejects(Promise.reject(failure), {
    code: "session_exists",
    message: 'Cannot start "web": kstops did not make that container, and does not remove it',
    hint: "remove it yourself: docker rm web",
  });
});

Deno.test("a container that nobody defines is restarted by its engine, after a yes", async () => {
  const foreign = { ...IN_DOCKER, managed: false };
  const { done, failures: [failure] } = await restarted(foreign, null, { byEngine: true });
  deepEqual(done, []);
  await rejects(Promise.reject(failure), { code: "input_required" });
  const agreed = await restarted(foreign, null, { yes: true, byEngine: true });
  deepEqual(agreed, { done: ["restart"], failures: [] });
});

for (const [yes, code] of [[undefined, "input_required"], [true, "session_not_found"]] as const) {
  Deno.test(`restart of a session that nobody knows how to start is ${code} ${yes ? "with" : "without"} a yes`, async () => {
    const foreign = { ...IN_BOTS, managed: false };
    const { done, failures } = await restarted(foreign, null, yes ? { yes } : {});
    deepEqual(done, []);
    equal(failures.length, 1);
    await rejects(Promise.reject(failures[0]), { code, hint: /^define it in a config file/ });
  });
}

Deno.test("restart stops nothing where the new one could not start", async () => {
  const refuses = new SessionStartError("web", "its port 80/tcp is taken");
  deepEqual(await restarted(IN_BOTS, CONTAINER, { refuses }), {
    done: ["try"],
    failures: [refuses],
  });
});

/** The one failure, as scripts get it. */
function told(failures: readonly unknown[]): OpsError {
  equal(failures.length, 1);
  const [failure] = failures;
  ok(failure instanceof OpsError);
  return failure;
}

Deno.test("a restart that fails after the stop says what is gone, what is there, and what to do", async () => {
  const { done, failures } = await restarted(IN_DOCKER, CONTAINER, { fails: 1 });
  deepEqual(done, ["try", "stop", { ...CONTAINER, runtime: "docker" }]);
  const { code, message, hint, details } = told(failures);
  deepEqual([code, details["stopped"], details["rolled_back"]], ["start_failed", true, null]);
  equal(
    message,
    'Cannot start "web": it fell over; the old one was stopped and is gone, and the new one is running',
  );
  equal(
    hint,
    "kstops logs web; fix its definition, then: kstops restart web; with --rollback, restart starts the old one again by itself",
  );
});

const LIVES = { ...IN_BOTS, pid: 4711 };

Deno.test("a rollback starts what ran before, and the restart has failed all the same", async () => {
  const { done, failures } = await restarted(LIVES, TMUX, { fails: 1, rollback: true, wait: true });
  const old = { ...TMUX, socketName: "bots" };
  // The new one may be one that its restart policy keeps starting.
  deepEqual(done, ["try", "stop", old, "stop", TMUX]);
  const { code, message, hint, details } = told(failures);
  deepEqual([code, details["stopped"], details["rolled_back"]], ["start_failed", true, true]);
  equal(
    message,
    'Cannot start "web": it fell over; the old one was started again (tmux, pid 4711)',
  );
  equal(hint, "what the new one printed: kstops logs web --previous");
});

Deno.test("a rollback that fails, too, says so", async () => {
  const { failures } = await restarted(LIVES, TMUX, { fails: 2, rollback: true, wait: true });
  const { code, message, details } = told(failures);
  deepEqual([code, details["rolled_back"]], ["start_failed", false]);
  equal(
    message,
    'Cannot start "web": it fell over; the old one could not be started again, ' +
      "and the new one is running: it fell over",
  );
});

Deno.test("a rollback starts nothing that had ended by itself", async () => {
  const ended = { ...IN_BOTS, state: "exited", exitCode: 0 } as const;
  const { done, failures } = await restarted(ended, TMUX, { fails: 1, rollback: true, wait: true });
  deepEqual(done, ["try", "stop", { ...TMUX, socketName: "bots" }]);
  const { message, hint, details } = told(failures);
  deepEqual([details["stopped"], details["rolled_back"]], [false, null]);
  equal(
    message,
    'Cannot start "web": it fell over; the old one had ended and is gone, and the new one has ended',
  );
  equal(hint, "kstops logs web; fix its definition, then: kstops start web");
});

Deno.test("a rollback starts what was about to be executed again", async () => {
  const waiting = { ...IN_BOTS, state: "exited", engineState: "backoff" } as const;
  const { done, failures } = await restarted(waiting, TMUX, {
    ...{ fails: 1, rollback: true, wait: true },
  });
  deepEqual(done.slice(2), [{ ...TMUX, socketName: "bots" }, TMUX]);
  const { details } = told(failures);
  deepEqual([details["stopped"], details["rolled_back"]], [true, true]);
});

Deno.test("a rollback of what its engine restarts is another try of the engine", async () => {
  const foreign = { ...IN_DOCKER, managed: false };
  const { done, failures } = await restarted(foreign, null, {
    ...{ yes: true, byEngine: true, rollback: true, wait: true, fails: 1 },
  });
  deepEqual(done, ["restart", "restart"]);
  equal(told(failures).details["rolled_back"], true);
});

Deno.test("a rollback needs somebody who sees that the start fails", async () => {
  await rejects(restarted(IN_BOTS, TMUX, { rollback: true, wait: false }), { code: "usage" });
});
