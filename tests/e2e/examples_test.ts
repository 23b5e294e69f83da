/** Every config that the pages and the config directory show: what `up` has done is never to be done again. */
import { deepEqual, ok } from "node:assert/strict";
import { aloneOnEngines, engineVariables, ignoreWithoutEngines } from "../support/engines.ts";
import { install } from "../support/kstops.ts";
import { userPages } from "../support/pages.ts";
import { ignoreWithoutTmux, withTmux } from "../support/tmux.ts";

const IMAGE = engineVariables()?.["KSTOPS_TEST_IMAGE"] ?? "";

interface Example {
  readonly from: string;
  readonly text: string;
}

const OF_PAGES = userPages().flatMap(({ path, text }) =>
  Array.from(text.matchAll(/^```yaml\n(.*?)^```$/gms), ([, yaml = ""]): Example => ({
    from: path,
    text: yaml,
  }))
);
const OF_CONFIG = ["example.yml", "starter.yml"].map((name): Example => ({
  from: `config/${name}`,
  text: Deno.readTextFileSync(new URL(`../../config/${name}`, import.meta.url)),
}));
const EXAMPLES = [...OF_PAGES, ...OF_CONFIG].filter(({ text }) => /^ {2,}sessions:/m.test(text));

/** A step in the JSON of `plan` and of `up`. */
interface Step {
  readonly name: string;
  readonly action: string;
  readonly cause: string;
  readonly result?: string;
}

/** How many of them came up whole. */
let whole = 0;

for (const [index, { from, text }] of EXAMPLES.entries()) {
  Deno.test({
    name: `what up has done of example ${index + 1} (${from}) is not planned again`,
    ignore: ignoreWithoutTmux() || ignoreWithoutEngines(),
    fn: () =>
      aloneOnEngines(() =>
        withTmux(async (t) => {
          const config = `${t.work}/kstops.yml`;
          const installed = await install(t);
          const kstops = (...args: readonly string[]) => installed(...args, "--config", config);
          const images = text.replaceAll(/\bimage: [\w./:-]+/g, `image: ${IMAGE}`);
          await Deno.writeTextFile(config, images);
          await Deno.mkdir(`${t.work}/site`);
          try {
            const up = await kstops("up", "--yes", "--timeout", "10", "--json");
            // It may need files, programs and variables that only its reader has.
            if (up.stdout === "") return;
            const done: readonly Step[] = JSON.parse(up.stdout);
            const failed = done.filter(({ result }) => result === "failed").map(({ name }) => name);
            if (failed.length === 0) whole++;
            const planned: readonly Step[] = JSON.parse((await kstops("plan", "--json")).stdout);
            deepEqual(
              planned.filter(({ name, action }) => action !== "keep" && !failed.includes(name)),
              [],
            );
          } finally {
            await kstops("down", "--yes", "--force");
          }
        }, { containers: true })
      ),
  });
}

Deno.test({
  name: "most of the examples come up whole",
  ignore: ignoreWithoutTmux() || ignoreWithoutEngines(),
  fn: () => ok(whole >= EXAMPLES.length / 2, `${whole} of ${EXAMPLES.length}`),
});
