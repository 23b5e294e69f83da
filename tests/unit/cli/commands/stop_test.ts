import { deepEqual, equal, match, rejects } from "node:assert/strict";
import type { Session, StopOptions } from "../../../../src/backends/backend.ts";
import type { Context, Reply } from "../../../../src/cli/command.ts";
import { stop, type StopFlags } from "../../../../src/cli/commands/stop.ts";
import { emptyConfig } from "../../../../src/config/config.ts";
import { defaultSettings } from "../../../../src/keys/file_keys.ts";
import { type SessionStatus, statusOf } from "../../../../src/model.ts";
import type { Sessions } from "../../../../src/sessions/sessions.ts";
import { denoWorld } from "../../../../src/world/deno.ts";
import { foundOneByOne } from "../../../support/found.ts";
import { memoryRecording } from "../../../support/recording.ts";

const CONTAINER = statusOf({
  name: "web",
  backend: "container",
  engine: "podman",
  state: "running",
  managed: true,
});
const TMUX = statusOf({ name: "bot", backend: "tmux", engine: "tmux", state: "running" });

interface Outcome {
  readonly reply: Reply;
  /** What sessions were told. */
  readonly stops: readonly (readonly [string, StopOptions])[];
  /** What was shown while it went on. */
  readonly shown: readonly string[];
}

/** Stops on a machine with these sessions, each of which ends with 0. */
async function stopOn(
  statuses: readonly SessionStatus[],
  flags: Partial<StopFlags>,
  stops: [string, StopOptions][] = [],
): Promise<Outcome> {
  const shown: string[] = [];
  const sessions: Partial<Sessions> = {
    findEach: foundOneByOne((_verb, name) => {
      const status = statuses.find((each) => each.name === name);
      if (status === undefined) return Promise.reject(new Error(`no ${name}`));
      const session: Partial<Session> = {
        status,
        protected: false,
        stop: (options) => {
          stops.push([name, options]);
          return Promise.resolve({ ...status, state: "stopped", pid: null, exitCode: 0 });
        },
      };
      return Promise.resolve({ kind: "session", status, session: session as Session });
    }),
  };
  const context: Partial<Context> = {
    world: denoWorld(),
    config: () =>
      Promise.resolve(emptyConfig(null, { settings: defaultSettings(), directory: "/" })),
    sessions: () => sessions as Sessions,
    argv: [],
    recording: () => Promise.resolve(memoryRecording()),
    guarded: () => ({ context: context as Context, release: () => {} }),
    during: (label, work, { session } = {}) => {
      shown.push(`${session} ${label}`);
      return work();
    },
  };
  const names = statuses.map(({ name }) => name ?? "");
  return { reply: await stop(context as Context, { names, yes: true, ...flags }), stops, shown };
}

interface Expected {
  readonly keep: boolean;
  readonly state: string;
  readonly text: string;
}

const STOPS: Record<string, readonly [SessionStatus, Partial<StopFlags>, Expected]> = {
  "a container is removed": [CONTAINER, {}, {
    keep: false,
    state: "stopped",
    text: "Stopped web (podman, exit code 0)\n",
  }],
  "a container of the config is defined again": [{ ...CONTAINER, defined: true }, {}, {
    keep: false,
    state: "defined",
    text: "Stopped web (podman, exit code 0)\n",
  }],
  "--keep leaves a container of the config where it is": [
    { ...CONTAINER, defined: true },
    { keep: true },
    { keep: true, state: "stopped", text: "Stopped web (podman, exit code 0, kept)\n" },
  ],
  "--keep leaves an ended container as it is": [
    { ...CONTAINER, state: "exited" },
    { keep: true },
    {
      keep: true,
      state: "exited",
      text: "web is not running (podman, it had ended, exit code 0, kept)\n",
    },
  ],
  "--keep leaves a kept container as it is": [
    { ...CONTAINER, state: "stopped", engineState: "exited" },
    { keep: true },
    {
      keep: true,
      state: "stopped",
      text: "web is not running (podman, it was not running, kept)\n",
    },
  ],
  "a paused container goes on for its end": [
    { ...CONTAINER, state: "stopped", engineState: "paused" },
    {},
    { keep: false, state: "stopped", text: "Stopped web (podman, exit code 0)\n" },
  ],
  "the container of somebody else is not removed": [{ ...CONTAINER, managed: false }, {}, {
    keep: true,
    state: "stopped",
    text: "Stopped web (podman, exit code 0, kept, since kstops did not make it)\n",
  }],
  "a tmux session of somebody else is gone": [TMUX, {}, {
    keep: false,
    state: "stopped",
    text: "Stopped bot (tmux, exit code 0)\n",
  }],
};

for (const [what, [status, flags, { keep, state, text }]] of Object.entries(STOPS)) {
  Deno.test(`stop: ${what}`, async () => {
    const { reply, stops } = await stopOn([status], flags);
    deepEqual(stops.map(([, options]) => options.keep), [keep]);
    equal((reply.data as { state: string }).state, state);
    equal(
      await reply.text!({
        terminal: false,
        columns: 80,
        colour: false,
        unicode: true,
        now: new Date(0),
      }),
      text,
    );
  });
}

Deno.test("stop --keep of a tmux session is a usage error, and nothing is stopped", async () => {
  const stops: [string, StopOptions][] = [];
  await rejects(stopOn([CONTAINER, TMUX], { keep: true }, stops), (error: Error) => {
    match(error.message, /^Cannot keep "bot": --keep is only for containers$/);
    return true;
  });
  deepEqual(stops, []);
});

Deno.test("stop shows of each session what it waits for, unless it is to be quiet", async () => {
  const { shown } = await stopOn([CONTAINER, TMUX], {});
  deepEqual([...shown].sort(), ["bot planning", "bot stopping", "web planning", "web stopping"]);
  deepEqual((await stopOn([CONTAINER, TMUX], { quiet: true })).shown, []);
});

Deno.test("the summary of stops tells what did not run from what was stopped", async () => {
  const ended = (name: string) => ({ ...CONTAINER, name, state: "exited" as const });
  const { reply } = await stopOn([CONTAINER, TMUX, ended("a"), ended("b")], {});
  equal(reply.summary, "2 stopped, 2 removed");
  const kept = await stopOn([CONTAINER, ended("a"), ended("b")], { keep: true });
  equal(kept.reply.summary, "1 stopped, 2 were not running");
});

const CONTRADICTIONS: Record<string, Partial<StopFlags>> = {
  "--socket with --backend container": { socket: "bots", backend: "container" },
  "--socket with --runtime": { socket: "bots", runtime: "podman" },
  "--runtime with --backend tmux": { runtime: "docker", backend: "tmux" },
};

for (const [which, flags] of Object.entries(CONTRADICTIONS)) {
  Deno.test(`stop refuses ${which}, and nothing is stopped`, async () => {
    const stops: [string, StopOptions][] = [];
    await rejects(stopOn([CONTAINER], flags, stops), { code: "usage" });
    deepEqual(stops, []);
  });
}
