import { deepEqual, equal, match, ok } from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import type { Context, Reply } from "../../../../src/cli/command.ts";
import { status, type StatusFlags } from "../../../../src/cli/commands/status.ts";
import { emptyConfig } from "../../../../src/config/config.ts";
import { defaultSettings } from "../../../../src/keys/file_keys.ts";
import type { SessionStatus } from "../../../../src/model.ts";
import type { Screen } from "../../../../src/output/screen.ts";
import { statusToWire } from "../../../../src/wire.ts";
import type { Sessions } from "../../../../src/sessions/sessions.ts";
import { withFakeWorld } from "../../../support/fake_world.ts";
import { equalsGolden } from "../../../support/golden.ts";
import { memoryRecording } from "../../../support/recording.ts";
import { CONTAINER, NOW, STATUSES, TMUX_SESSION } from "../../../support/statuses.ts";

const PIPE: Screen = { terminal: false, columns: 80, colour: false, unicode: true, now: NOW };
const TERMINAL: Screen = { terminal: true, columns: 80, colour: false, unicode: true, now: NOW };

async function statusReply(
  found: SessionStatus,
  flags: Partial<StatusFlags> = {},
  more: Partial<Context> = {},
): Promise<Reply> {
  const sessions: Partial<Sessions> = {
    find: (verb, name, selection) => {
      deepEqual([verb, name, selection], ["show", "astro", {
        backend: "tmux",
        scope: "bots",
        project: undefined,
        ownOnly: undefined,
      }]);
      return Promise.resolve({ kind: "defined", status: found, trouble: null });
    },
  };
  const context: Partial<Context> = {
    config: () =>
      Promise.resolve(emptyConfig(null, { settings: defaultSettings(), directory: "/" })),
    sessions: () => sessions as Sessions,
    ...more,
  };
  const place = { backend: "tmux", socket: "bots" } as const;
  return await status(context as Context, { name: "astro", ...place, ...flags });
}

Deno.test("status --operations adds what was last done, newest first", async () => {
  await withFakeWorld({}, async (world) => {
    const recording = memoryRecording(world);
    const store = await recording.store();
    const { id: failed } = store.open("stop", null, { session: "astro" });
    store.transition(failed, "failed", { code: "stop_failed", message: "It\x1b lives" });
    world.advance(60_000);
    const { id: begun } = store.open("start", null, { session: "astro" });
    store.open("start", null, { session: "another" });
    const context = { recording: () => Promise.resolve(recording) };
    const reply = await statusReply(TMUX_SESSION, { operations: true }, context);
    const { operations, ...rest } = reply.data as { operations: { id: string }[] };
    deepEqual(rest, statusToWire(TMUX_SESSION));
    deepEqual(operations.map(({ id }) => id), [begun, failed]);
    const now = world.now();
    const lines = (await reply.text!({ ...TERMINAL, now })).trimEnd().split("\n").slice(-3);
    deepEqual(lines, [
      "",
      `${begun.slice(0, 8)}  start pending, 0 s ago, by -`,
      `${failed.slice(0, 8)}  stop failed, 1 min ago, by -: It\\x1b lives`,
    ]);
    match(await reply.text!(PIPE), new RegExp(`^operation\t${begun}\tstart pending, `, "m"));
  });
});

Deno.test("status --operations breaks a long line between words, below its beginning", async () => {
  await withFakeWorld({}, async (world) => {
    const recording = memoryRecording(world);
    const store = await recording.store();
    const { id } = store.open("start", null, { session: "astro" });
    const message = 'Cannot start "astro": it ended at once with exit code 1';
    store.transition(id, "failed", { code: "start_failed", message });
    const context = { recording: () => Promise.resolve(recording) };
    const reply = await statusReply(TMUX_SESSION, { operations: true }, context);
    const text = await reply.text!({ ...TERMINAL, columns: 60, now: world.now() });
    deepEqual(text.trimEnd().split("\n").slice(-2), [
      `${id.slice(0, 8)}  start failed, 0 s ago, by -: Cannot start "astro":`,
      "          it ended at once with exit code 1",
    ]);
  });
});

async function textOf(found: SessionStatus, screen: Screen): Promise<string> {
  return await (await statusReply(found)).text!(screen);
}

for (const [name, found] of Object.entries({ tmux: TMUX_SESSION, container: CONTAINER })) {
  for (const columns of [60, 80, 200]) {
    Deno.test(`status of a ${name} session looks good on ${columns} columns`, async () => {
      const plain = await textOf(found, { ...TERMINAL, columns });
      await equalsGolden(`status-${name}-${columns}.txt`, plain);
      const colour = await textOf(found, { ...TERMINAL, columns, colour: true });
      await equalsGolden(`status-${name}-${columns}-colour.txt`, colour);
      equal(stripVTControlCharacters(colour), plain);
      for (const line of plain.split("\n")) ok(line.length <= columns, line);
    });
  }

  Deno.test(`status of a ${name} session has every key in a pipe`, async () => {
    const text = await textOf(found, PIPE);
    await equalsGolden(`status-${name}.tsv`, text);
    deepEqual(
      text.trimEnd().split("\n").map((line) => line.split("\t")[0]),
      Object.keys(statusToWire(found)),
    );
  });

  Deno.test(`status of a ${name} session is one object in JSON`, async () => {
    deepEqual((await statusReply(found)).data, statusToWire(found));
  });
}

Deno.test("status shows nothing that moves a cursor, and one line for each property", async () => {
  const evil = STATUSES.find(({ name }) => name?.startsWith("evil"))!;
  for (const screen of [PIPE, { ...TERMINAL, columns: 200 }]) {
    const text = await textOf({ ...evil, reason: "a\x1b]52;c;x\x07\tb\nc" }, screen);
    equal(/[^\P{Cc}\t\n]/u.test(text), false);
    equal(text.includes("\u202e"), false);
    const lines = text.trimEnd().split("\n");
    const shown = Object.values(statusToWire(evil)).filter((value) =>
      value !== null && !(Array.isArray(value) && value.length === 0)
    );
    equal(
      lines.length,
      screen.terminal ? shown.length + 1 : Object.keys(statusToWire(evil)).length,
    );
  }
});

Deno.test("status on a terminal that is too narrow for anything folds values all the same", async () => {
  const narrow = { ...TERMINAL, columns: 5 };
  const text = await textOf({ ...TMUX_SESSION, workingDir: "/a/bb/ccccccccc" }, narrow);
  match(text, /^directory {5}\/a\/bb\/\n {14}cccccccc\n {14}c\n/m);
});

Deno.test("status puts an address of IPv6 into brackets", async () => {
  const port = { hostIp: "::1", hostPort: 80, containerPort: 8080, protocol: "tcp" } as const;
  match(await textOf({ ...CONTAINER, ports: [port] }, TERMINAL), /\[::1\]:80:8080$/m);
  match(await textOf({ ...CONTAINER, ports: [] }, TERMINAL), /^ports {9}none$/m);
});
