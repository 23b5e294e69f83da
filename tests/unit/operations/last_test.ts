import { deepEqual } from "node:assert/strict";
import type { Operation } from "../../../src/operations/machine.ts";
import { operationsOn } from "../../../src/operations/last.ts";
import { type SessionStatus, statusOf } from "../../../src/model.ts";

function operation(id: string, session: string, place: string | null): Operation {
  return { id, session, place } as Partial<Operation> as Operation;
}

const RECORDED = [
  operation("in podman", "web", "podman"),
  operation("in tmux", "web", "tmux:default"),
  operation("on another socket", "web", "tmux:bots"),
  operation("nowhere yet", "web", null),
  operation("another one", "astro", "tmux:default"),
];

const FOUND: Record<string, readonly [SessionStatus, readonly string[]]> = {
  "a tmux session has those of its socket": [
    statusOf({
      name: "web",
      backend: "tmux",
      engine: "tmux",
      socketName: "default",
      state: "running",
    }),
    ["in tmux", "nowhere yet"],
  ],
  "a container has those of its runtime": [
    statusOf({ name: "web", backend: "container", engine: "podman", state: "exited" }),
    ["in podman", "nowhere yet"],
  ],
  "a session that is only defined has all of its name": [
    statusOf({ name: "web", backend: "tmux", engine: "tmux", state: "defined" }),
    ["in podman", "in tmux", "on another socket", "nowhere yet"],
  ],
};

for (const [what, [status, expected]] of Object.entries(FOUND)) {
  Deno.test(`of what was last done, ${what}`, () => {
    deepEqual(operationsOn(status, RECORDED).map(({ id }) => id), expected);
  });
}
