import { deepEqual } from "node:assert/strict";
import { readEach } from "../../../src/actions/logs.ts";
import type { Session } from "../../../src/backends/backend.ts";
import { emptyConfig } from "../../../src/config/config.ts";
import { SessionNotFoundError } from "../../../src/errors.ts";
import { defaultSettings } from "../../../src/keys/file_keys.ts";
import { statusOf } from "../../../src/model.ts";
import type { Match, Sessions } from "../../../src/sessions/sessions.ts";
import { withFakeWorld } from "../../support/fake_world.ts";
import { foundOneByOne } from "../../support/found.ts";

Deno.test("what several sessions printed is read after one survey of the engines", async () => {
  const asked: (readonly string[])[] = [];
  const find = (verb: string, name: string): Promise<Match> => {
    if (name === "none") return Promise.reject(new SessionNotFoundError(verb, name));
    const status = statusOf({ name, backend: "container", state: "running" });
    const logs = () => Promise.resolve(new TextEncoder().encode(`${name} prints\n`));
    const session: Partial<Session> = { status, run: null, logs };
    return Promise.resolve({ kind: "session", status, session: session as Session });
  };
  const sessions: Partial<Sessions> = {
    findEach: (...given) => {
      asked.push(given[1]);
      return foundOneByOne(find)(...given);
    },
    meant: () => Promise.resolve(() => true),
  };
  await withFakeWorld({}, async (world) => {
    const tools = {
      world,
      config: () =>
        Promise.resolve(emptyConfig(null, { settings: defaultSettings(), directory: "/" })),
      sessions: () => sessions as Sessions,
      warn: () => {},
    };
    const options = { lines: 10, since: null, timestamps: false };
    const names = ["a", "none", "b"];
    const outputs = await readEach(tools, names, { request: {}, options });
    deepEqual(
      outputs.map((output) =>
        output.status === "fulfilled"
          ? new TextDecoder().decode(output.value)
          : (output.reason as Error).message
      ),
      ["a prints\n", 'Cannot show the logs of "none": no such session', "b prints\n"],
    );
    deepEqual(asked, [names]);
  });
});
