import { deepEqual, equal, rejects } from "node:assert/strict";
import type { Session } from "../../../../src/backends/backend.ts";
import type { Context } from "../../../../src/cli/command.ts";
import { restart } from "../../../../src/cli/commands/restart.ts";
import { emptyConfig } from "../../../../src/config/config.ts";
import { defaultSettings } from "../../../../src/config/defaults.ts";
import { type Definition, type SessionStatus, statusOf } from "../../../../src/model.ts";
import type { Sessions } from "../../../../src/sessions.ts";
import { containerDefinition, tmuxDefinition } from "../../../support/definitions.ts";
import { memoryRecording } from "../../../support/recording.ts";

const TMUX = tmuxDefinition({ name: "web", workingDir: "/" });
const CONTAINER = containerDefinition({ name: "web", image: "web:1", argv: null });

/** What is done to a session that says this of itself when it is restarted, in its order. */
async function restarted(
  status: SessionStatus,
  definition: Definition | null,
  { yes, byEngine }: { yes?: true; byEngine?: true } = { yes: true },
): Promise<{ readonly done: readonly unknown[]; readonly failures: readonly unknown[] }> {
  const done: unknown[] = [];
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
        restart: () => {
          done.push("restart");
          return Promise.resolve(status);
        },
      }
      : {}),
  };
  const sessions: Partial<Sessions> = {
    find: () => Promise.resolve({ kind: "session", status, session: session as Session }),
    check: () => Promise.resolve(),
    place: () => Promise.resolve({ backend: "tmux", engine: "tmux", socketName: "default" }),
    start: (fresh) => {
      done.push(fresh);
      return Promise.resolve(status);
    },
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
  const reply = await restart(context, { names: ["web"], wait: false, yes });
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
    done: ["stop", { ...CONTAINER, runtime: "docker" }],
    failures: [],
  });
  deepEqual(await restarted(IN_BOTS, TMUX), {
    done: ["stop", { ...TMUX, socketName: "bots" }],
    failures: [],
  });
});

Deno.test("restart follows a definition that has come to name the other backend", async () => {
  deepEqual((await restarted(IN_BOTS, CONTAINER)).done, ["stop", CONTAINER]);
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
