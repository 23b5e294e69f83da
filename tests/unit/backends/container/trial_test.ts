import { deepEqual, equal, ok } from "node:assert/strict";
import { SESSION_LABEL } from "../../../../src/backends/container/args.ts";
import { type Container, parseInspected } from "../../../../src/backends/container/parse.ts";
import { createTrial, isTrial, removeTrial } from "../../../../src/backends/container/trial.ts";
import { containerDefinition } from "../../../support/definitions.ts";
import { DOCKER, inspectAnswer, type Inspected } from "./containers.ts";

const RUN = "0a1b2c3d4e5f";
const LABELS = { "io.kstops.trial": RUN };

/** The arguments of a trial. */
function argvOf(define: Parameters<typeof containerDefinition>[0]): readonly string[] {
  const definition = containerDefinition(define);
  return createTrial(DOCKER, { definition, runId: RUN, init: true }).argv;
}

Deno.test("a trial is the container of the definition without any mark of a session", () => {
  const { argv, env, stdin } = createTrial(DOCKER, {
    definition: containerDefinition({
      env: { TOKEN: "secret", HOME: "/x" },
      ports: ["80"],
      protected: true,
      network: "back",
    }),
    runId: RUN,
    init: true,
  });
  deepEqual(argv.slice(0, 3), ["docker", "create", "--interactive"]);
  equal(argv[argv.indexOf("--name") + 1], `kstops-trial-${RUN}`);
  ok(["--publish", "--network"].every((flag) => argv.includes(flag)));
  deepEqual(argv.filter((word) => word.startsWith("io.kstops.")), [`io.kstops.trial=${RUN}`]);
  ok(!argv.some((word) => word.includes(SESSION_LABEL)));
  // Nothing runs in it, so that it needs no values.
  deepEqual([env, stdin, argv.includes("--env"), argv.includes("TOKEN")], [
    {},
    undefined,
    false,
    false,
  ]);
  deepEqual(removeTrial(DOCKER, RUN).at(-1), `kstops-trial-${RUN}`);
});

Deno.test("nothing starts a trial that is left, and it leaves nothing in the way of the start", () => {
  const argv = argvOf({
    restart: "always",
    runArgs: [
      ...["--cidfile", "/run/astro.id", "--cidfile=/run/astro.id", "--restart", "always"],
      ...[
        "--restart=always",
        "--pod",
        "new:bots",
        "--pod=new:bots",
        "--pod",
        "bots",
        "--memory=64m",
      ],
    ],
  });
  const at = argv.indexOf("--pod");
  deepEqual(argv.slice(at, argv.indexOf("--")), ["--pod", "bots", "--memory=64m"]);
  ok(!argv.some((word) => /cidfile|always|new:/.test(word)), argv.join(" "));
});

Deno.test("a runtime judges the restart policy of a trial", () => {
  const policiesOf = (define: Parameters<typeof argvOf>[0]) =>
    argvOf(define).flatMap((word, index, argv) =>
      word === "--restart" ? argv[index + 1] : word.startsWith("--restart=") ? word.slice(10) : []
    );
  deepEqual(policiesOf({ restart: "always" }), ["on-failure"]);
  deepEqual(policiesOf({ restart: "on-failure:3" }), ["on-failure:3"]);
  const runArgs = ["--restart", "unless-stoped", "--restart=unless-stopped"];
  deepEqual(policiesOf({ runArgs }), ["unless-stoped", "on-failure"]);
});

Deno.test("a trial has no flag that only a start has", () => {
  const only = ["--sig-proxy=false", "--sig-proxy", "--preserve-fds", "2", "--detach-keys=ctrl-x"];
  const argv = argvOf({ runArgs: [...only, "--memory=64m"] });
  deepEqual(argv.slice(argv.indexOf("--memory=64m") - 1, argv.indexOf("--")).slice(1), [
    "--memory=64m",
  ]);
  ok(
    !argv.some((word) => /^--(sig-proxy|preserve-fds|detach-keys)|^2$/.test(word)),
    argv.join(" "),
  );
});

/** A container as kstops reads it. */
function read(inspected: Inspected): Container {
  const [container] = parseInspected(inspectAnswer(inspected));
  ok(container !== undefined);
  return container;
}

const CASES: Record<string, readonly [Inspected, boolean]> = {
  "is one": [{}, true],
  "is one while it is removed": [{ status: "removing" }, true],
  "is none once it runs": [{ status: "running" }, false],
  "is none once it has run": [{ status: "exited" }, false],
  "is none under another name": [{ name: "web" }, false],
  "is none with the name alone": [{ labels: {} }, false],
  "is none of another id": [{ labels: { "io.kstops.trial": "other" } }, false],
};
for (const [what, [more, expected]] of Object.entries(CASES)) {
  Deno.test(`what looks like a trial ${what}`, () => {
    const looks = { name: `kstops-trial-${RUN}`, status: "created", labels: LABELS };
    equal(isTrial(read({ ...looks, ...more })), expected);
  });
}
