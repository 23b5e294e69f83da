import { equal, match, notEqual } from "node:assert/strict";
import { fingerprintOf } from "../../../src/logs/fingerprint.ts";
import { type ContainerDefinition, DEFAULT_LOG, type TmuxDefinition } from "../../../src/model.ts";
import { containerDefinition, tmuxDefinition } from "../../support/definitions.ts";

Deno.test("a fingerprint is 16 hex digits, the same for the same definition", async () => {
  const fingerprint = await fingerprintOf(tmuxDefinition());
  match(fingerprint, /^[0-9a-f]{16}$/);
  equal(await fingerprintOf(tmuxDefinition()), fingerprint);
});

Deno.test("a fingerprint stays the same from version to version", async () => {
  // What is recorded of a run is compared with what a later kstops makes of its definition.
  equal(await fingerprintOf(tmuxDefinition()), "93db6dc127af07f7");
  equal(await fingerprintOf(containerDefinition()), "56618caaa7f19d4a");
});

Deno.test("the order of keys is no matter to a fingerprint", async () => {
  const definition = containerDefinition({ env: { A: "1", B: "2" } });
  const reversed = Object.fromEntries(Object.entries(definition).toReversed());
  equal(
    await fingerprintOf({ ...reversed as unknown as ContainerDefinition, env: { B: "2", A: "1" } }),
    await fingerprintOf(definition),
  );
});

Deno.test("values of variables are no part of a fingerprint, their names are", async () => {
  const of = async (env: Record<string, string>) => await fingerprintOf(tmuxDefinition({ env }));
  const fingerprint = await of({ TOKEN: "s3cret" });
  equal(await of({ TOKEN: "another" }), fingerprint);
  notEqual(await of({ TOKENS: "s3cret" }), fingerprint);
  notEqual(await of({ TOKEN: "s3cret", CHAT: "" }), fingerprint);
  notEqual(await of({}), fingerprint);
});

Deno.test("whoever started a session is no part of its fingerprint", async () => {
  const inherited = { PATH: "/old" };
  equal(await fingerprintOf(tmuxDefinition({ inherited })), await fingerprintOf(tmuxDefinition()));
});

Deno.test("where a session runs is no part of its fingerprint, but its backend is", async () => {
  equal(
    await fingerprintOf(tmuxDefinition({ socketName: "bots" })),
    await fingerprintOf(tmuxDefinition()),
  );
  equal(
    await fingerprintOf(containerDefinition({ runtime: "docker" })),
    await fingerprintOf(containerDefinition({ runtime: null })),
  );
  notEqual(await fingerprintOf(containerDefinition()), await fingerprintOf(tmuxDefinition()));
});

const CHANGES: Record<string, Partial<TmuxDefinition>> = {
  "its name": { name: "bot" },
  "its program": { argv: ["sleep", "61"] },
  "where its arguments are cut": { argv: ["sleep 60"] },
  "its working directory": { workingDir: "/srv" },
  "how it is stopped": { stopSignal: "SIGINT" },
  "who is asked to stop": { stopScope: "main" },
  "how long it may take to stop": { stopTimeoutSeconds: 11 },
  "how much of its output is kept": { log: { ...DEFAULT_LOG, keep: 6 } },
  "whether it is protected": { protected: true },
};
for (const [what, more] of Object.entries(CHANGES)) {
  Deno.test(`another fingerprint says that a session has changed: ${what}`, async () => {
    notEqual(await fingerprintOf(tmuxDefinition(more)), await fingerprintOf(tmuxDefinition()));
  });
}

const CONTAINER_CHANGES: Record<string, Partial<ContainerDefinition>> = {
  "its image": { image: "busybox:2" },
  "its command, where its image has one": { argv: null },
  "its network": { network: "host" },
  "its user": { user: "1000" },
  "its own arguments": { runArgs: ["--init"] },
};
for (const [what, more] of Object.entries(CONTAINER_CHANGES)) {
  Deno.test(`another fingerprint says that a container has changed: ${what}`, async () => {
    notEqual(
      await fingerprintOf(containerDefinition(more)),
      await fingerprintOf(containerDefinition()),
    );
  });
}
