import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { Survey, SurveyOptions } from "../../../../src/backends/backend.ts";
import { DIAL, dialled, gone, idOf, inspectAnswer, podmanListAnswer, sent } from "./containers.ts";
import { BOTH, ONLY_DOCKER, ONLY_PODMAN, withRunner } from "./machine.ts";
import type { Response } from "../../../../src/backends/container/responses.ts";
import type { PlaceSelector } from "../../../../src/model/place.ts";
import { failure } from "../../../support/failure.ts";
import { ExecTimeoutError, ProgramMissingError } from "../../../../src/world/world.ts";
import type { ExpectedCall, FakeWorldSpec } from "../../../support/fake_world.ts";

const PODMAN_LIST = ["podman", "ps", "--all", "--no-trunc", "--format", "json"];
const inspect = (program: string, ...ids: readonly string[]): readonly string[] => [
  ...[program, "container", "inspect", "--", ...ids],
];

/** All that a daemon is asked that does not tell its containers. */
const ASKED = dialled().stdin ?? "";
const A = idOf("a");
const B = idOf("b");
const FINISHED = "2026-01-02T03:04:00Z";

/** What came of a survey, in short: runtime, `NAME STATE` of each session, kind of trouble. */
const short = (surveys: readonly Survey[]): readonly unknown[] =>
  surveys.map(({ place, sessions, trouble }) => [
    place.engine,
    sessions.map(({ status }) => `${status.name} ${status.state}`),
    trouble?.kind ?? null,
  ]);

/** Each with the only calls that may be made for it: one child process each. */
const SURVEYS: Record<
  string,
  {
    machine?: FakeWorldSpec;
    where?: PlaceSelector & Pick<SurveyOptions, "names">;
    calls: readonly ExpectedCall[];
    is: readonly unknown[];
  }
> = {
  "podman without containers takes one call": {
    machine: ONLY_PODMAN,
    calls: [{ argv: PODMAN_LIST, stdout: "[]\n" }],
    is: [["podman", [], null]],
  },
  "podman with containers takes one call": {
    machine: ONLY_PODMAN,
    calls: [{
      argv: PODMAN_LIST,
      stdout: podmanListAnswer(
        { id: A, name: "a" },
        { id: B, name: "b", status: "exited", exitCode: 3, finished: FINISHED },
      ),
    }],
    is: [["podman", ["a running", "b exited"], null]],
  },
  "podman is looked at closer for the name that is asked for": {
    machine: ONLY_PODMAN,
    where: { names: ["b"] },
    calls: [
      { argv: PODMAN_LIST, stdout: podmanListAnswer({ id: A, name: "a" }, { id: B, name: "b" }) },
      { argv: inspect("podman", B), stdout: inspectAnswer({ id: B, name: "b", status: "paused" }) },
    ],
    is: [["podman", ["a running", "b stopped"], null]],
  },
  "docker on podman's socket has the containers of podman, and words of its own": {
    machine: {
      ...ONLY_DOCKER,
      env: { ...ONLY_DOCKER.env, DOCKER_HOST: "unix:///run/podman/podman.sock" },
    },
    calls: [dialled({ id: A, name: "a" })],
    is: [["podman", ["a running"], null]],
  },
  "podman has no container of the name that is asked for": {
    machine: ONLY_PODMAN,
    where: { names: ["c"] },
    calls: [{ argv: PODMAN_LIST, stdout: podmanListAnswer({ id: A, name: "a" }) }],
    is: [["podman", ["a running"], null]],
  },
  "podman is looked at closer for all that SIGKILL ended": {
    machine: ONLY_PODMAN,
    calls: [
      {
        argv: PODMAN_LIST,
        stdout: podmanListAnswer(
          { id: A, name: "a", status: "exited", exitCode: 137, finished: FINISHED },
          { id: B, name: "b", status: "exited", exitCode: 137, finished: FINISHED },
        ),
      },
      {
        argv: inspect("podman", A, B),
        stdout: inspectAnswer(
          ...[A, B].map((id, index) => ({
            ...{ id, name: "ab".charAt(index), status: "exited", exitCode: 137 },
            ...{ finished: FINISHED, outOfMemory: true },
          })),
        ),
      },
    ],
    is: [["podman", ["a exited", "b exited"], null]],
  },
  "docker without containers takes one call": {
    machine: ONLY_DOCKER,
    calls: [dialled()],
    is: [["docker", [], null]],
  },
  "docker with containers takes one call": {
    machine: ONLY_DOCKER,
    calls: [dialled({ id: A, name: "a" }, { id: B, name: "b", status: "created" })],
    is: [["docker", ["a running", "b stopped"], null]],
  },
  "a container that goes after it was listed is left out": {
    machine: ONLY_DOCKER,
    calls: [dialled({ id: A, answer: gone(A) }, { id: B, name: "b" })],
    is: [["docker", ["b running"], null]],
  },
  "all containers go after they were listed": {
    machine: ONLY_DOCKER,
    calls: [dialled({ id: A, answer: gone(A) })],
    is: [["docker", [], null]],
  },
  "a client that fails after the daemon has told everything": {
    machine: ONLY_DOCKER,
    calls: [{
      ...dialled({ id: A, name: "a" }),
      code: 1,
      stderr: "error while CloseWrite (stdin to stream): use of closed network connection\n",
    }],
    is: [["docker", ["a running"], null]],
  },
  "a podman container that goes before the closer look is as the list had it": {
    machine: ONLY_PODMAN,
    where: { names: ["a"] },
    calls: [
      { argv: PODMAN_LIST, stdout: podmanListAnswer({ id: A, name: "a" }) },
      {
        argv: inspect("podman", A),
        code: 125,
        stdout: "[]\n",
        stderr: `Error: inspecting object: no such container ${A}\n`,
      },
    ],
    is: [["podman", ["a running"], null]],
  },
  "both runtimes are asked, and one in trouble does not hide the other": {
    calls: [
      { argv: PODMAN_LIST, stdout: podmanListAnswer({ id: A, name: "a" }) },
      {
        argv: DIAL,
        stdin: ASKED,
        code: 1,
        stderr: "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?\n",
      },
    ],
    is: [["podman", ["a running"], null], ["docker", [], "not_running"]],
  },
  "only the runtime that is asked for is asked": {
    where: { engine: "docker" },
    calls: [dialled()],
    is: [["docker", [], null]],
  },
  "a container that both clients list counts once": {
    calls: [
      {
        argv: PODMAN_LIST,
        stdout: podmanListAnswer({ id: A, name: "a" }, { id: B, name: "b" }),
      },
      dialled({ id: A, name: "a" }),
    ],
    is: [["podman", ["a running", "b running"], null], ["docker", [], null]],
  },
  "a tmux socket has no containers": {
    where: { scope: "bots" },
    calls: [],
    is: [],
  },
};
for (const [what, { machine = BOTH, where = {}, calls, is }] of Object.entries(SURVEYS)) {
  Deno.test(`survey: ${what}`, () =>
    withRunner({ ...machine, calls, anyOrder: true }, async ({ runner }) => {
      deepEqual(short(await runner.survey(where, where)), is);
    }));
}

Deno.test("survey: the reason of a kill is said, and podman's list alone does not know it", () =>
  withRunner({
    ...ONLY_PODMAN,
    calls: [
      {
        argv: PODMAN_LIST,
        stdout: podmanListAnswer({ id: A, status: "exited", exitCode: 137, finished: FINISHED }),
      },
      {
        argv: inspect("podman", A),
        stdout: inspectAnswer({
          ...{ id: A, status: "exited", exitCode: 137, finished: FINISHED, outOfMemory: true },
        }),
      },
    ],
  }, async ({ runner }) => {
    const [survey] = await runner.survey({});
    equal(survey?.sessions[0]?.status.reason, "it was killed because memory ran out");
  }));

/** What goes wrong with the first call, and what is said of it. */
const TROUBLES: Record<
  string,
  {
    call: Omit<ExpectedCall, "argv">;
    also?: readonly ExpectedCall[];
    kind: "not_running" | "unreachable";
    reason: RegExp;
  }
> = {
  "a daemon that is down": {
    call: {
      code: 1,
      stderr: "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?\n",
    },
    kind: "not_running",
    reason:
      /^Cannot connect to the Docker daemon at unix:\/\/\/x\. Is the docker daemon running\?$/,
  },
  "a socket that may not be used": {
    call: {
      code: 1,
      stderr:
        "permission denied while trying to connect to the Docker daemon socket at unix:///x\n",
    },
    kind: "unreachable",
    reason: /^permission denied while trying to connect/,
  },
  "a daemon that does not answer": {
    call: { fails: new ExecTimeoutError("docker", 10_000), tookMs: 10_000 },
    also: [{ argv: ["docker", "version", "--format", "{{.Server.Version}}"], code: 1 }],
    kind: "unreachable",
    reason: /^it did not answer within 10 s$/,
  },
  "a client that has just been taken away": {
    call: { fails: new ProgramMissingError("docker", "missing") },
    kind: "unreachable",
    reason: /^docker: not found$/,
  },
  "an answer that is none": {
    call: { stdout: "hello\n" },
    kind: "unreachable",
    reason: /^its answer could not be understood$/,
  },
  "a list that is none": {
    call: { stdout: sent({ status: 200, body: '{"Id":"a"}' }) },
    kind: "unreachable",
    reason: /^its answer could not be understood$/,
  },
  "a daemon that refuses": {
    call: { stdout: sent({ status: 403, body: '{"message":"authorization denied by plugin x"}' }) },
    kind: "unreachable",
    reason: /^authorization denied by plugin x$/,
  },
  "a failure with control characters": {
    call: { code: 1, stderr: "Error: \u001b[31mno\n" },
    kind: "unreachable",
    reason: /^\\x1b\[31mno$/,
  },
  "a failure that says nothing": {
    call: { code: 2 },
    kind: "unreachable",
    reason: /^it said nothing$/,
  },
};
for (const [what, { call, also = [], kind, reason }] of Object.entries(TROUBLES)) {
  Deno.test(`survey: ${what} is ${kind}`, () =>
    withRunner(
      { ...ONLY_DOCKER, calls: [{ argv: DIAL, stdin: ASKED, ...call }, ...also] },
      async ({ runner }) => {
        const [survey, ...more] = await runner.survey({});
        equal(more.length, 0);
        deepEqual(survey?.place, {
          host: null,
          backend: "container",
          engine: "docker",
          scope: null,
        });
        deepEqual(survey.sessions, []);
        deepEqual([survey.trouble?.kind, survey.trouble?.missing], [kind, false]);
        match(survey.trouble?.reason ?? "", reason);
        match(survey.trouble?.hint ?? "", kind === "not_running" ? /systemctl start/ : /docker ps/);
      },
    ));
}

/** The same, without the end of what is answered. */
function cut(call: ExpectedCall): ExpectedCall {
  return { ...call, stdout: String(call.stdout).slice(0, -10) };
}

/** What goes wrong when it is asked about one of two containers, and what is said of that one. */
const BROKEN: Record<string, { answer: Response; reason: RegExp }> = {
  "garbage": {
    answer: { status: 200, body: "[{" },
    reason: /^what the runtime says of it could not be understood$/,
  },
  "another failure": {
    answer: { status: 500, body: '{"message":"layer does not exist"}' },
    reason: /^layer does not exist$/,
  },
  "a failure in other words": {
    answer: { status: 403, body: "<html>no" },
    reason: /^it answered with the HTTP status 403$/,
  },
};
for (const [what, { answer, reason }] of Object.entries(BROKEN)) {
  Deno.test(`survey: ${what} about a container is one row, beside the others`, () =>
    withRunner({
      ...ONLY_DOCKER,
      calls: [dialled({ id: A, name: "a", answer }, { id: B, name: "b" })],
    }, async ({ runner }) => {
      const surveys = await runner.survey({});
      deepEqual(short(surveys), [["docker", ["a unknown", "b running"], null]]);
      match(surveys[0]?.sessions[0]?.status.reason ?? "", reason);
    }));
}

Deno.test("survey: less than all answers are trouble, and not a shorter list", () =>
  withRunner(
    { ...ONLY_DOCKER, calls: [cut(dialled({ id: A }, { id: B }))] },
    async ({ runner }) => {
      const surveys = await runner.survey({});
      deepEqual(short(surveys), [["docker", [], "unreachable"]]);
      match(surveys[0]?.trouble?.reason ?? "", /^its answer could not be understood$/);
    },
  ));

/** Rows of podman's list that it may have one day. */
const ODD: Record<string, { row: Record<string, unknown>; is: string }> = {
  "an id that is a number": { row: { Id: 7 }, is: "b unknown" },
  "no id": { row: { Id: undefined }, is: "b unknown" },
  "names that are objects": { row: { Names: [{ name: "b" }] }, is: "null unknown" },
  "a state that is an object": { row: { State: { Status: "up" } }, is: "b unknown" },
  "a new word for its state": { row: { State: "hibernating" }, is: "b unknown" },
  "an empty pid": { row: { Pid: "" }, is: "b running" },
  "ports of another kind": { row: { Ports: "80/tcp" }, is: "b running" },
  "a new key": { row: { Hibernation: {} }, is: "b running" },
};
for (const [what, { row, is }] of Object.entries(ODD)) {
  Deno.test(`survey: a row with ${what} is one row beside the others, and is left alone`, () => {
    const list: Record<string, unknown>[] = JSON.parse(
      podmanListAnswer({ id: A, name: "a" }, { id: B, name: "b" }),
    );
    const stdout = JSON.stringify([list[0], { ...list[1], ...row }]);
    return withRunner({ ...ONLY_PODMAN, calls: [{ argv: PODMAN_LIST, stdout }] }, async (t) => {
      const surveys = await t.runner.survey({});
      deepEqual(short(surveys), [["podman", ["a running", is], null]]);
      const [, odd] = surveys[0]?.sessions ?? [];
      ok(odd);
      if (odd.status.id !== null) return;
      const error = await failure(odd.stop({ timeoutSeconds: null, force: true }));
      deepEqual([error.code, error.hint], ["backend_unavailable", "try it by hand: podman ps"]);
    });
  });
}

Deno.test("survey: a row of docker's list without an id is one row beside the others", () => {
  const call = dialled({ id: A, name: "a" });
  const [, ...described] = String(call.stdout).split(/(?=HTTP\/1\.1)/);
  const body = JSON.stringify([{ Id: A }, { Id: 5, Names: ["/b"] }, null]);
  const stdout = [sent({ status: 200, body }), ...described].join("");
  return withRunner({ ...ONLY_DOCKER, calls: [{ ...call, stdout }] }, async ({ runner }) => {
    const is = ["a running", "b unknown", "null unknown"];
    deepEqual(short(await runner.survey({})), [["docker", is, null]]);
  });
});

Deno.test("survey: where no runtime is installed, that is said once", () =>
  withRunner({}, async ({ runner }) => {
    const [survey, ...more] = await runner.survey({});
    equal(more.length, 0);
    deepEqual([survey?.trouble?.kind, survey?.trouble?.missing], ["not_running", true]);
    equal(survey?.trouble?.reason, "neither podman nor docker is installed");
    match(survey?.trouble?.hint ?? "", /^install one: /);
  }));

Deno.test("survey: where the runtime that is asked for is missing, that is said", () =>
  withRunner(ONLY_DOCKER, async ({ runner }) => {
    const [survey] = await runner.survey({ engine: "podman" });
    equal(survey?.place.engine, "podman");
    deepEqual([survey?.trouble?.kind, survey?.trouble?.missing], ["not_running", true]);
    equal(survey?.trouble?.reason, "podman is not installed");
  }));

for (const [at, state] of [[FINISHED, "stopped"], ["2026-01-01T00:00:00Z", "exited"]] as const) {
  Deno.test(`survey: one that was stopped at ${at} is ${state}`, () =>
    withRunner({
      ...ONLY_DOCKER,
      calls: [dialled({ id: A, status: "exited", exitCode: 143, finished: FINISHED })],
    }, async ({ runner, logs }) => {
      const stopped = { event: "stopped", run: "000000000001", hadEnded: false } as const;
      await logs.record("astro", { ...stopped, at: new Date(at) });
      deepEqual(short(await runner.survey({})), [["docker", [`astro ${state}`], null]]);
    }));
}

Deno.test("survey: of a foreign container nothing is remembered", () =>
  withRunner({
    ...ONLY_DOCKER,
    calls: [dialled({ id: A, status: "exited", finished: FINISHED, labels: {} })],
  }, async ({ runner, logs }) => {
    const stopped = { event: "stopped", run: "000000000001", hadEnded: false } as const;
    await logs.record("astro", { ...stopped, at: new Date(FINISHED) });
    const [survey] = await runner.survey({});
    const status = survey?.sessions[0]?.status;
    ok(status !== undefined);
    deepEqual([status.state, status.managed], ["exited", false]);
  }));
