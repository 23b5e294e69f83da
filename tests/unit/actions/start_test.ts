import { deepEqual } from "node:assert/strict";
import type { Context } from "../../../src/cli/command.ts";
import { launch } from "../../../src/actions/start.ts";
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
    during: (label, work) => {
      heard.push(label);
      return work();
    },
    warn: (text) => heard.push(text),
  };
  await launch(context as Context, DEFINITION, { waitMs: 0, quiet });
  return heard;
}

Deno.test("start says what takes long, while it shows that it works", async () => {
  deepEqual(await heardOf(undefined), ["starting web", "web: podman gets the image"]);
});

Deno.test("start --quiet does not say what takes long", async () => {
  deepEqual(await heardOf(true), ["starting web"]);
});
