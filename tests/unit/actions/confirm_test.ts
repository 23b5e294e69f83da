import { deepEqual, equal, match, ok } from "node:assert/strict";
import { main } from "../../../src/cli/app.ts";
import { argumentsFor } from "../../../src/cli/caller.ts";
import { type FakeTmuxSpec, type FakeTmuxWorld, withFakeTmux } from "../../support/fake_tmux.ts";
import type { FakeTerminalSpec } from "../../support/fake_world.ts";

const FOREIGN = { default: [{ name: "shell", pid: 100 }] };
const PROTECTED = { default: [{ name: "shell", pid: 100, managed: true, protected: true }] };
const MANAGED = { default: [{ name: "shell", pid: 100, managed: true }] };

const TERMINAL: FakeTerminalSpec = { stdin: true, stdout: true, stderr: true };

const NO_COLOUR = { NO_COLOR: "1" };

function configured(settings: string): Record<string, string> {
  return { "/project/kstops.yml": `ops: { sessions: { shell: ${settings} } }\n` };
}

/** Runs a command line and hands over what became of it. */
async function outcomeOf(
  line: string,
  spec: FakeTmuxSpec,
  check: (outcome: { readonly code: number; readonly world: FakeTmuxWorld }) => void,
): Promise<void> {
  await withFakeTmux(
    { ...spec, env: NO_COLOUR },
    async (world) => check({ code: await main(line.split(" "), world), world }),
  );
}

function untouched({ signals, calls, alive }: FakeTmuxWorld): void {
  deepEqual(signals, []);
  ok(alive.has(100));
  for (const { argv, stdin = "" } of calls) ok(!/kill|new-session/.test(argv.join(" ") + stdin));
}

for (const answer of ["y", "Y", "yes", "YES"]) {
  Deno.test(`the answer ${answer} is a yes`, async () => {
    const spec = { servers: FOREIGN, terminal: { ...TERMINAL, answers: [answer] } };
    await outcomeOf("stop shell", spec, ({ code, world }) => {
      equal(code, 0);
      equal(world.stderr(), 'Stop "shell"? kstops did not start it [y/N] ');
      equal(world.stdout(), "Stopped shell (tmux)\n");
      deepEqual([...world.alive], []);
    });
  });
}

for (const answer of ["n", "no", "", "yep", "yes please", "j", null]) {
  Deno.test(`the answer ${JSON.stringify(answer)} is no yes, and nothing is touched`, async () => {
    const spec = { servers: FOREIGN, terminal: { ...TERMINAL, answers: [answer] } };
    await outcomeOf("stop shell", spec, ({ code, world }) => {
      equal(code, 8);
      equal(world.stdout(), "");
      match(world.stderr(), /\[y\/N\] kstops: Cannot stop "shell": .*nobody said yes\nhint: /);
      untouched(world);
    });
  });
}

const NOBODY_TO_ASK: Record<string, readonly [string, FakeTerminalSpec]> = {
  "in a script": ["stop shell", {}],
  "where the question would go to a file": ["stop shell", { stdin: true, stdout: true }],
  "where the answer would come from a pipe": ["stop shell", { stdout: true, stderr: true }],
  "with --json": ["stop shell --json", TERMINAL],
};

for (const [where, [line, terminal]] of Object.entries(NOBODY_TO_ASK)) {
  Deno.test(`nobody is asked ${where}, and nothing is touched`, async () => {
    await outcomeOf(line, { servers: FOREIGN, terminal }, ({ code, world }) => {
      equal(code, 8);
      ok(!world.stderr().includes("[y/N]"));
      match(world.stderr(), /kstops stop shell --yes/);
      untouched(world);
    });
  });
}

const PROTECTIONS: Record<string, FakeTmuxSpec> = {
  "a foreign session": { servers: FOREIGN },
  "a session that says of itself that it is protected": { servers: PROTECTED },
  "a session that the config protects": {
    servers: MANAGED,
    files: configured("{ command: sleep 60, protected: true }"),
  },
  "a session that the config protects in a definition with mistakes": {
    servers: MANAGED,
    files: configured("{ comand: sleep 60, protected: true }"),
  },
  "a session that itself says so, and the config does not": {
    servers: PROTECTED,
    files: configured("{ command: sleep 60 }"),
  },
};

for (const [which, spec] of Object.entries(PROTECTIONS)) {
  Deno.test(`a yes is needed to stop ${which}`, async () => {
    await outcomeOf("stop shell", spec, ({ code, world }) => {
      equal(code, 8);
      untouched(world);
    });
    await outcomeOf("stop shell --yes", spec, ({ code }) => equal(code, 0));
  });
}

const NOT_ASKED: Record<string, readonly [string, FakeTmuxSpec]> = {
  "to stop a session of its own": ["stop shell", { servers: MANAGED }],
  "to restart a session of its own": ["restart shell", { servers: MANAGED }],
  "to stop what does not run": [
    "stop shell",
    { files: configured("{ command: sleep 60, protected: true }") },
  ],
  "to look at a foreign session": ["status shell", { servers: FOREIGN }],
  "with --yes": ["stop shell --yes", { servers: PROTECTED }],
};

for (const [what, [line, spec]] of Object.entries(NOT_ASKED)) {
  Deno.test(`no yes is needed ${what}`, async () => {
    await outcomeOf(line, { ...spec, terminal: TERMINAL }, ({ code, world }) => {
      equal(code, 0);
      ok(!world.stderr().includes("[y/N]"));
    });
  });
}

Deno.test("a restart asks in its own words, before it stops anything", async () => {
  const files = configured("{ command: sleep 60, protected: true }");
  const asked = { servers: MANAGED, files, terminal: { ...TERMINAL, answers: ["n"] } };
  await outcomeOf("restart shell", asked, ({ code, world }) => {
    equal(code, 8);
    match(world.stderr(), /^Restart "shell"\? it is protected \[y\/N\] kstops: Cannot restart /);
    untouched(world);
  });
  const answered = { servers: MANAGED, files, terminal: { ...TERMINAL, answers: ["y"] } };
  await outcomeOf("restart shell", answered, ({ code, world }) => {
    equal(code, 0);
    match(world.stdout(), /^Restarted shell \(tmux, pid \d+\)\n$/);
  });
});

Deno.test("of several sessions each has its own question, one after the other", async () => {
  const servers = { default: [{ name: "one", pid: 100 }, { name: "two", pid: 200 }] };
  await withFakeTmux({ servers, terminal: TERMINAL }, async (world) => {
    const questions: string[] = [];
    let open = 0;
    const ask = async (question: string): Promise<string> => {
      questions.push(question);
      equal(++open, 1, "two questions at once");
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
      open--;
      return question.includes("one") ? "n" : "y";
    };
    const terminal = { ...world.terminal, ask };
    equal(await main(["stop", "one", "two"], { ...world, terminal }), 8);
    deepEqual(questions, [
      'Stop "one"? kstops did not start it [y/N] ',
      'Stop "two"? kstops did not start it [y/N] ',
    ]);
    deepEqual([...world.alive], [100]);
  });
});

Deno.test("what to say has the flags that chose the place", () => {
  equal(argumentsFor("web", {}), "web --yes");
  equal(argumentsFor("web", { runtime: "docker" }), "web --runtime docker --yes");
  const flags = { backend: "tmux", socket: "bots" } as const;
  equal(argumentsFor("-web", flags), "--backend tmux --socket bots --yes -- -web");
});

Deno.test("a question and its hint hold no escape sequences", async () => {
  const name = "a\x1b[2J";
  const servers = { default: [{ name, pid: 100 }] };
  const terminal = { ...TERMINAL, answers: ["n"] };
  await withFakeTmux({ servers, terminal, env: NO_COLOUR }, async (world) => {
    equal(await main(["stop", name], world), 8);
    ok(!world.stderr().includes("\x1b"));
  });
});
