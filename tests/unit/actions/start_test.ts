import { deepEqual, equal } from "node:assert/strict";
import type { Context } from "../../../src/cli/command.ts";
import { launch, startTask } from "../../../src/actions/start.ts";
import type { ChangeTools } from "../../../src/actions/tools.ts";
import type { StartFlags } from "../../../src/config/flags.ts";
import { type Definition, statusOf } from "../../../src/model.ts";
import type { Sessions } from "../../../src/sessions/sessions.ts";

const DEFINITION = { backend: "container", name: "web" } as Partial<Definition> as Definition;

/** What is said and shown while a start tells that an image is pulled. */
async function heardOf(quiet: true | undefined): Promise<readonly string[]> {
  const heard: string[] = [];
  const sessions: Partial<Sessions> = {
    start: (_definition, { say }) => {
      say?.("web: podman gets the image");
      return Promise.resolve(statusOf({ name: "web", backend: "container", state: "running" }));
    },
  };
  const context: Partial<Context> = {
    sessions: () => sessions as Sessions,
    during: (label, work, { session } = {}) => {
      heard.push(`${session}: ${label}`);
      return work();
    },
    warn: (text) => heard.push(text),
  };
  await launch(context as Context, DEFINITION, { waitMs: 0, quiet });
  return heard;
}

Deno.test("start says what takes long, while it shows that it works", async () => {
  deepEqual(await heardOf(undefined), ["web: starting", "web: podman gets the image"]);
});

Deno.test("start --quiet does not say what takes long", async () => {
  deepEqual(await heardOf(true), ["web: starting"]);
});

/** Why a start of that cannot be planned again from its record. */
function notResumable(wanted: StartFlags): string | undefined {
  const request = { wanted, wait: true };
  return startTask({} as ChangeTools, "web", { request, recorded: null }).notResumable;
}

Deno.test("a start that says nothing but where is planned again from its record", () => {
  equal(notResumable({}), undefined);
  equal(notResumable({ backend: "tmux", socketName: "bots", env: [], argv: [] }), undefined);
  equal(notResumable({ runtime: "docker" }), undefined);
});

Deno.test("a start that says what may hold secrets is not planned again, and says why", () => {
  equal(
    notResumable({ backend: "tmux", env: ["TOKEN=t0"], argv: ["sleep", "60"] }),
    "what it was given with --env, -- ARGV may hold secrets and is not recorded",
  );
});
