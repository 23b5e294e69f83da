import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { createServer } from "node:net";
import { denoWorld } from "../../../src/world/deno.ts";
import { FileError, type Files, ProgramMissingError } from "../../../src/world/world.ts";
import { type FakeFile, withFakeWorld } from "../../support/fake_world.ts";

const TIMEOUT = { timeoutMs: 1000 };

Deno.test("fake exec answers as told, in order", async () => {
  const calls = [
    { argv: ["tmux", "-V"], stdout: "tmux 3.3a\n" },
    { argv: ["tmux", "-u", /^=/], stdin: /kill/, code: 1, stderr: "no server\n", tookMs: 30 },
    { argv: ["podman"], fails: new ProgramMissingError("podman", "missing") },
  ];
  await withFakeWorld({ calls }, async ({ exec, now }) => {
    const before = now().getTime();
    deepEqual(await exec(["tmux", "-V"], TIMEOUT), { code: 0, stdout: "tmux 3.3a\n", stderr: "" });
    deepEqual(await exec(["tmux", "-u", "=a:"], { ...TIMEOUT, stdin: "kill-session" }), {
      code: 1,
      stdout: "",
      stderr: "no server\n",
    });
    equal(now().getTime() - before, 30);
    await rejects(exec(["podman"], TIMEOUT), ProgramMissingError);
  });
});

Deno.test("fake execBytes answers in bytes, of which it keeps as many as are wanted", async () => {
  const stdout = new Uint8Array([0x61, 0xff, 0x0a]);
  const calls = [{ argv: ["logs"], stdout, stderr: "oops\n" }, { argv: ["logs"], stdout }];
  await withFakeWorld({ calls }, async ({ execBytes }) => {
    const shown: string[] = [];
    const onOutput = (bytes: Uint8Array, stream: string): void => {
      shown.push(`${stream} ${new TextDecoder().decode(bytes)}`);
    };
    deepEqual(await execBytes(["logs"], { ...TIMEOUT, keepBytes: 2, onOutput }), {
      code: 0,
      stdout: new Uint8Array([0xff, 0x0a]),
      stderr: new TextEncoder().encode("s\n"),
    });
    deepEqual(shown, ["stdout a\ufffd\n", "stderr oops\n"]);
    deepEqual((await execBytes(["logs"], TIMEOUT)).stdout, stdout);
  });
});

Deno.test("a fake link leads to another path", async () => {
  const files = { "/bin/docker": { mode: 0o755, realPath: "/bin/podman" } };
  await withFakeWorld({ files }, async ({ files }) => {
    equal(await files.realPath("/bin/docker"), "/bin/podman");
    equal(await files.realPath("/bin/../bin"), "/bin");
  });
});

const UNEXPECTED: Record<string, [readonly string[], { stdin?: string }]> = {
  "another argument": [["tmux", "kill-server"], {}],
  "one argument too many": [["tmux", "list", "-a"], {}],
  "input where there should be none": [["tmux", "list"], { stdin: "x" }],
};
for (const [what, [argv, options]] of Object.entries(UNEXPECTED)) {
  Deno.test(`fake exec refuses ${what}, even if the code swallows it`, async () => {
    const run = withFakeWorld({ calls: [{ argv: ["tmux", "list"] }] }, async ({ exec }) => {
      await exec(argv, { ...TIMEOUT, ...options }).catch(() => {});
    });
    await rejects(run, /^Error: Unexpected call: tmux .*\nThe next was to be: tmux list$/s);
  });
}

Deno.test("fake exec refuses a call after the last one", async () => {
  const run = withFakeWorld({}, async ({ exec }) => {
    await exec(["tmux", "a b"], TIMEOUT).catch(() => {});
  });
  await rejects(run, /^Error: Unexpected call: tmux "a b"$/);
});

Deno.test("fake exec refuses a call without a timeout", async () => {
  const run = withFakeWorld({ calls: [{ argv: ["tmux"] }] }, async ({ exec }) => {
    await exec(["tmux"], { timeoutMs: 0 });
  });
  await rejects(run, /^Error: No timeout: tmux$/);
});

Deno.test("withFakeWorld() fails when an expected call did not come", async () => {
  const calls = [{ argv: ["tmux", "-V"] }, { argv: ["tmux", /x/], stdin: "y" }];
  const run = withFakeWorld({ calls }, async ({ exec }) => {
    await exec(["tmux", "-V"], TIMEOUT);
  });
  await rejects(run, /^Error: Expected, and it did not come: tmux \/x\/ with the input "y"$/);
});

Deno.test("withFakeWorld() throws what the body throws", async () => {
  await rejects(
    withFakeWorld({ calls: [{ argv: ["tmux"] }] }, () => {
      throw new Error("mine");
    }),
    /^Error: mine$/,
  );
});

Deno.test("fake exec takes calls in any order where that is said", async () => {
  const calls = [{ argv: ["a"], stdout: "1" }, { argv: ["b"], stdout: "2" }];
  await withFakeWorld({ calls, anyOrder: true }, async ({ exec }) => {
    equal((await exec(["b"], TIMEOUT)).stdout, "2");
    equal((await exec(["a"], TIMEOUT)).stdout, "1");
  });
});

Deno.test("fake exec compares variables exactly where they are given", async () => {
  const calls = [{ argv: ["a"], env: { K: "1", GONE: undefined } }];
  await withFakeWorld({ calls }, async ({ exec }) => {
    await exec(["a"], { ...TIMEOUT, env: { K: "1", GONE: undefined } });
  });
  await rejects(
    withFakeWorld({ calls }, async ({ exec }) => {
      await exec(["a"], { ...TIMEOUT, env: { K: "2" } });
    }),
    /Unexpected variables of a: .*"2"/,
  );
});

Deno.test("an effect changes the world when its call comes", async () => {
  const calls = [{
    argv: ["touch"],
    effect: (world: { put: (path: string, file: FakeFile) => void }) => world.put("/tmp/x", "!"),
  }];
  await withFakeWorld({ calls }, async ({ exec, files }) => {
    equal(await files.facts("/tmp/x"), null);
    await exec(["touch"], TIMEOUT);
    equal(await files.readText("/tmp/x"), "!");
  });
});

Deno.test("a fake sleep takes no time and moves the clock", async () => {
  const began = performance.now();
  await withFakeWorld({ now: new Date(0) }, async ({ sleep, now }) => {
    await sleep(3_600_000);
    equal(now().toISOString(), "1970-01-01T01:00:00.000Z");
  });
  equal(performance.now() - began < 600_000, true);
});

Deno.test("fake sleepers wake in the order of their times, side by side", async () => {
  const woken: string[] = [];
  await withFakeWorld({ now: new Date(0) }, async ({ sleep, now }) => {
    async function sleeper(name: string, ms: number): Promise<void> {
      await sleep(ms);
      woken.push(`${name} ${now().getTime()}`);
    }
    await Promise.all([sleeper("long", 300), sleeper("short", 100), sleeper("middle", 200)]);
  });
  deepEqual(woken, ["short 100", "middle 200", "long 300"]);
});

Deno.test("work that needs no time is faster than a fake sleep", async () => {
  await withFakeWorld({ calls: [{ argv: ["a"], stdout: "1" }] }, async ({ exec, sleep }) => {
    const work = exec(["a"], TIMEOUT).then(async ({ stdout }) => {
      await Promise.resolve();
      return stdout;
    });
    equal(await Promise.race([work, sleep(10).then(() => "late")]), "1");
  });
});

Deno.test("withFakeWorld() fails when something sleeps for ever", async () => {
  let stop = false;
  const run = withFakeWorld({}, ({ sleep }) => {
    (async () => {
      while (!stop) await sleep(1);
    })();
  });
  await rejects(run, /goes on sleeping/);
  stop = true;
  await new Promise((resolve) => setTimeout(resolve, 10));
});

Deno.test("fake signals are recorded, and KILL ends a process", async () => {
  await withFakeWorld({ processes: [50, 60] }, async (world) => {
    equal(world.processes.signal(50, "SIGTERM"), "sent");
    equal(await world.processes.alive(50), true);
    equal(world.processes.signal(-50, "SIGKILL"), "sent");
    equal(await world.processes.alive(50), false);
    equal(world.processes.signal(50, "SIGTERM"), "gone");
    equal(world.processes.signal(0, "SIGKILL"), "denied");
    deepEqual(world.signals[1], { pid: -50, signal: "SIGKILL" });
    equal(world.signals.length, 4);
  });
});

Deno.test("onSignal decides what becomes of a signal", async () => {
  const spec = {
    processes: [50, 60],
    onSignal: (pid: number, _signal: string, world: { alive: Set<number> }) => {
      if (pid === 60) return "denied" as const;
      world.alive.delete(pid);
      return "sent" as const;
    },
  };
  await withFakeWorld(spec, async ({ processes }) => {
    equal(processes.signal(50, "SIGINT"), "sent");
    equal(await processes.alive(50), false);
    equal(processes.signal(60, "SIGKILL"), "denied");
    equal(await processes.alive(60), true);
  });
});

Deno.test("the fake terminal records, answers and can be closed", async () => {
  const terminal = { stdout: true, columns: 80, answers: ["y", null] };
  await withFakeWorld({ terminal }, async (world) => {
    await world.terminal.writeOut(new TextEncoder().encode("a\u00e9").subarray(0, 2));
    await world.terminal.writeOut(new TextEncoder().encode("\u00e9").subarray(1));
    world.terminal.writeError("oops\n");
    equal(await world.terminal.ask("Sure? "), "y");
    equal(await world.terminal.ask("Really? "), null);
    equal(world.stdout(), "a\u00e9");
    equal(world.stderr(), "oops\nSure? Really? ");
    deepEqual([world.terminal.columns(), world.terminal.stdoutIsTerminal], [80, true]);
    equal(world.terminal.stdinIsTerminal, false);
  });
  await withFakeWorld({ terminal: { closed: true } }, async (world) => {
    equal(await world.terminal.writeOut(new Uint8Array(1)), false);
  });
});

Deno.test("a question that nobody expected fails, and so does one that did not come", async () => {
  await rejects(
    withFakeWorld({}, async ({ terminal }) => {
      await terminal.ask("Sure? ").catch(() => null);
    }),
    /^Error: Unexpected question: Sure\? $/,
  );
  await rejects(
    withFakeWorld({ terminal: { answers: ["y"] } }, () => {}),
    /did not come: a question, for the answer "y"$/,
  );
});

Deno.test("ids, user, system and environment of a fake world are known", async () => {
  await withFakeWorld({ env: { HOME: "/h" } }, (world) => {
    deepEqual([world.randomId(), world.randomId()], ["000000000001", "000000000002"]);
    deepEqual([world.env("HOME"), world.env("PATH")], ["/h", undefined]);
    deepEqual(world.environment(), { HOME: "/h" });
    deepEqual([world.uid(), world.operatingSystem, world.workingDirectory()], [
      1000,
      "linux",
      "/project",
    ]);
    equal(world.now().toISOString(), "2026-01-02T03:04:05.000Z");
  });
});

Deno.test("a denied fake file can be seen and not used", async () => {
  const files = {
    "/etc/secret": { content: "x", mode: 0o600, uid: 0, denied: true },
    "/run/t": { kind: "directory", mode: 0o700, denied: true },
    "/run/t/sock": { kind: "socket" },
  } as const;
  await withFakeWorld({ files }, async ({ files }) => {
    equal((await files.facts("/etc/secret"))?.uid, 0);
    await rejects(files.readText("/etc/secret"), { why: "denied" });
    await rejects(files.list("/run/t"), { why: "denied" });
    equal(await files.facts("/run/t/sock"), null);
    await rejects(files.create("/run/t/new"), { why: "denied" });
    await rejects(files.readText("/run/t/sock"), { why: "denied" });
  });
});

Deno.test("relative paths of fake files are in the working directory", async () => {
  const spec = { files: { "/home/user/a": "1" }, workingDirectory: "/home/user" };
  await withFakeWorld(spec, async ({ files }) => {
    equal(await files.readText("./x/../a"), "1");
  });
});

/** Every promise is kept by the files in memory as by those on the disk. */
const FILES: Record<string, (files: Files, root: string) => Promise<void>> = {
  "read what is there": async (files, root) => {
    equal(await files.readText(`${root}/text`), "h\u00e9llo\n");
    equal(await files.readText(`${root}/empty`), "");
    equal(await files.readText(`${root}/mark`), "\ufeffx");
    equal(await files.readText(`${root}/broken`), "a\ufffdb");
    deepEqual(await files.readFrom(`${root}/text`, 3), new TextEncoder().encode("llo\n"));
    equal((await files.readFrom(`${root}/text`, 1000)).length, 0);
  },
  "tell facts": async (files, root) => {
    const file = await files.facts(`${root}/text`);
    deepEqual([file?.kind, file?.bytes, file?.mode], ["file", 7, 0o640]);
    deepEqual(file?.modifiedAt, new Date(5000));
    equal((await files.facts(`${root}/dir`))?.kind, "directory");
    equal((await files.facts(`${root}/socket`))?.kind, "socket");
    equal(await files.facts(`${root}/none`), null);
    equal(await files.facts(`${root}/text/below`), null);
  },
  "list names": async (files, root) => {
    deepEqual(await files.list(`${root}/dir`), ["a", "b"]);
    await refused(files.list(`${root}/none`), `${root}/none`, "missing");
    await refused(files.list(`${root}/text`), `${root}/text`, "other");
  },
  "refuse to read what is no file": async (files, root) => {
    await refused(files.readText(`${root}/none`), `${root}/none`, "missing");
    await refused(files.readText(`${root}/dir`), `${root}/dir`, "directory");
    await refused(files.readText(`${root}/text/below`), `${root}/text/below`, "other");
    await refused(files.readText(`${root}/socket`), `${root}/socket`, "other");
    await refused(files.readFrom(`${root}/none`, 0), `${root}/none`, "missing");
    await refused(files.readFrom(`${root}/dir`, 0), `${root}/dir`, "directory");
  },
  "make directories for this user alone": async (files, root) => {
    await files.makeDirectory(`${root}/new/deep`);
    await files.makeDirectory(`${root}/new/deep`);
    equal((await files.facts(`${root}/new`))?.mode, 0o700);
    equal((await files.facts(`${root}/new/deep`))?.mode, 0o700);
    deepEqual(await files.list(`${root}/new`), ["deep"]);
    await refused(files.makeDirectory(`${root}/text`), `${root}/text`, "exists");
    await refused(files.makeDirectory(`${root}/text/x`), `${root}/text/x`, "other");
  },
  "claim a directory that is nobody else's": async (files, root) => {
    await files.claimDirectory(`${root}/claimed/deep`);
    await files.claimDirectory(`${root}/claimed/deep`);
    equal((await files.facts(`${root}/claimed/deep`))?.mode, 0o700);
    await refused(files.claimDirectory(`${root}/text`), `${root}/text`, "exists");
    await refused(files.claimDirectory(`${root}/text/x`), `${root}/text/x`, "other");
  },
  "create a file for this user alone, once": async (files, root) => {
    await files.create(`${root}/new`);
    const facts = await files.facts(`${root}/new`);
    deepEqual([facts?.mode, facts?.bytes], [0o600, 0]);
    await refused(files.create(`${root}/new`), `${root}/new`, "exists");
    await refused(files.create(`${root}/dir`), `${root}/dir`, "exists");
    await refused(files.create(`${root}/none/new`), `${root}/none/new`, "missing");
    await refused(files.create(`${root}/text/new`), `${root}/text/new`, "other");
  },
  "append, and make the file for this user alone": async (files, root) => {
    await files.append(`${root}/new`, new Uint8Array([0x61, 0xff]));
    await files.append(`${root}/new`, new Uint8Array([0x0a]));
    deepEqual(await files.readFrom(`${root}/new`, 0), new Uint8Array([0x61, 0xff, 0x0a]));
    equal((await files.facts(`${root}/new`))?.mode, 0o600);
    await files.append(`${root}/text`, new TextEncoder().encode("more"));
    equal(await files.readText(`${root}/text`), "h\u00e9llo\nmore");
    equal((await files.facts(`${root}/text`))?.mode, 0o640);
    await refused(files.append(`${root}/dir`, new Uint8Array()), `${root}/dir`, "directory");
    await refused(files.append(`${root}/no/new`, new Uint8Array()), `${root}/no/new`, "missing");
    await refused(files.append(`${root}/text/x`, new Uint8Array()), `${root}/text/x`, "other");
  },
  "say the real path": async (files, root) => {
    equal((await files.realPath(`${root}/dir/../text`)).endsWith("/text"), true);
    await refused(files.realPath(`${root}/none`), `${root}/none`, "missing");
  },
  "remove": async (files, root) => {
    await files.remove(`${root}/text`);
    await files.remove(`${root}/text`);
    await files.remove(`${root}/none/none`);
    equal(await files.facts(`${root}/text`), null);
    await refused(files.remove(`${root}/dir`), `${root}/dir`, "other");
    await files.remove(`${root}/dir/a`);
    await files.remove(`${root}/dir/b`);
    await files.remove(`${root}/dir`);
    equal(await files.facts(`${root}/dir`), null);
  },
};

async function refused(work: Promise<unknown>, path: string, why: FileError["why"]): Promise<void> {
  await rejects(work, (error) => {
    equal(error instanceof FileError, true, `${error}`);
    deepEqual([(error as FileError).path, (error as FileError).why], [path, why], `${error}`);
    match((error as FileError).reason, /^[^/]+$/);
    return true;
  });
}

const CONTENT: Record<string, string | Uint8Array> = {
  "text": "h\u00e9llo\n",
  "empty": "",
  "mark": "\ufeffx",
  "broken": new Uint8Array([0x61, 0xff, 0x62]),
  "dir/a": "",
  "dir/b": "",
};

for (const [what, check] of Object.entries(FILES)) {
  Deno.test(`fake files ${what}`, async () => {
    const files: Record<string, FakeFile> = { "/root/socket": { kind: "socket" } };
    for (const [name, content] of Object.entries(CONTENT)) files[`/root/${name}`] = content;
    files["/root/text"] = {
      content: CONTENT["text"] ?? "",
      mode: 0o640,
      modifiedAt: new Date(5000),
    };
    await withFakeWorld({ files }, (world) => check(world.files, "/root"));
  });

  Deno.test(`real files ${what}`, async () => {
    const root = await Deno.makeTempDir();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(`${root}/socket`, resolve));
    try {
      await Deno.mkdir(`${root}/dir`);
      for (const [name, content] of Object.entries(CONTENT)) {
        const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
        await Deno.writeFile(`${root}/${name}`, bytes);
      }
      await Deno.chmod(`${root}/text`, 0o640);
      await Deno.utime(`${root}/text`, 5, 5);
      await check(denoWorld().files, root);
    } finally {
      await new Promise((resolve) => server.close(resolve));
      await Deno.remove(root, { recursive: true });
    }
  });
}
