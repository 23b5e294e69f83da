/** What is printed as JSON of a container, from its start to its end, held against what is published. */
import { equal } from "node:assert/strict";
import { RUNTIMES } from "../../src/model.ts";
import { engineVariables, ignoreWithoutEngines } from "../support/engines.ts";
import { problemWith, published, type Schema } from "../support/json_schema.ts";
import { install } from "../support/kstops.ts";
import { ignoreWithoutTmux, withTmux } from "../support/tmux.ts";
import { LIMIT_MS } from "../support/limits.ts";

const IMAGE = engineVariables()?.["KSTOPS_TEST_IMAGE"] ?? "";

/** What is asked of a container that runs, and then of one that has ended. */
const ASKED: readonly (readonly [string, (name: string) => readonly string[]])[] = [
  ["status", (name) => ["status", name]],
  ["why", (name) => ["why", name]],
  ["status-operations", (name) => ["status", name, "--operations"]],
];

for (const runtime of RUNTIMES) {
  Deno.test({
    name: `what is printed of a container of ${runtime} is what is published`,
    ignore: ignoreWithoutTmux() || ignoreWithoutEngines(),
    fn: () =>
      withTmux(async (t) => {
        const kstops = await install(t);
        const [lives, ends] = ["lives", "ends"].map((name) =>
          `${name}-${crypto.randomUUID().slice(0, 8)}`
        ) as [string, string];
        const fits = async (schema: Schema, args: readonly string[]): Promise<void> => {
          const { stdout, stderr } = await kstops("--json", ...args);
          equal(problemWith(schema, JSON.parse(stdout)), null, `${stdout}${stderr}`);
        };
        const change = published("change.schema.json");
        const flags = ["--runtime", runtime, "--image", IMAGE, "--volume", `${t.work}:/k`];
        const begin = (
          name: string,
          script: string,
          ...more: readonly string[]
        ) => ["start", name, ...flags, ...more, "--", "sh", "-c", script];
        try {
          await Promise.all([
            fits(change, begin(lives, "echo out; sleep 100", "--port", "127.0.0.1::80")),
            fits(change, begin(ends, "echo out")),
            fits(published("dry-run.schema.json"), begin("planned", "true", "--dry-run")),
          ]);
          const asked = [lives, ends].flatMap((name) =>
            ASKED.map(([schema, args]) => fits(published(`${schema}.schema.json`), args(name)))
          );
          const lists: readonly (readonly [string, readonly string[]])[] = [
            ["status", ["list", "--runtime", runtime]],
            ["log", ["logs", lives, ends]],
            ["operation", ["operations", "list"]],
          ];
          await Promise.all([
            ...asked,
            ...lists.map(([schema, args]) =>
              fits({ type: "array", items: published(`${schema}.schema.json`) }, args)
            ),
          ]);
          await fits(change, ["stop", lives, "--keep"]);
          await fits(published("status.schema.json"), ["status", lives]);
          await fits({ type: "array", items: change }, ["stop", lives, ends]);
        } finally {
          await t.world.exec([runtime, "rm", "-f", lives, ends], { timeoutMs: LIMIT_MS });
        }
      }, { containers: true }),
  });
}
