/** Engines that lie, print garbage or die while they are asked. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type FaultSandbox, faultTest } from "../support/faults.ts";

const CONFIG = "ops: { start_wait: 100, sessions: { astro: { command: sleep 100 } } }\n";
const ID = "a".repeat(64);

/** How docker's daemon says that it has none, for `printf`. */
const NO_CONTAINERS = String.raw`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]`;

/** How an engine answers whatever it is asked. */
const ANSWERS: Readonly<Record<string, string>> = {
  "garbage": "printf '<html>\\377\\n'",
  "half of a document": `printf '[{"Id": "${ID}"'`,
  "garbage without end": "exec yes '<html>'",
  "a failure without a word": "exit 1",
  "its own death": "kill -KILL $$",
};

async function isRefused(t: FaultSandbox, engine: string, args: string, PATH: string) {
  const { code, stdout, stderr } = await t.sh(`./kstops ${args}`, { PATH });
  ok([4, 7].includes(code), `${engine}, ${args}: ${code} ${stdout}${stderr}`);
  ok(!/bug in kstops|Unexpected failure/.test(stderr), stderr);
  match(stderr, /^kstops: Cannot /m);
}

for (const engine of ["tmux", "podman", "docker"] as const) {
  faultTest(
    `${engine} that answers with garbage, or dies, is unknown and never empty`,
    async (t) => {
      await Deno.writeTextFile(`${t.work}/kstops.yml`, CONFIG);
      const place = engine === "tmux" ? "--socket default" : `--runtime ${engine}`;
      const start = engine === "tmux"
        ? "start other -- sleep 100"
        : `start other --runtime ${engine} --image busybox:1 -- sleep 100`;
      for (const [what, script] of Object.entries(ANSWERS)) {
        const PATH = await t.pretend(engine, script);
        const list = await t.sh(`./kstops list ${place} --json`, { PATH });
        const states = JSON.parse(list.stdout).map(({ state }: { state: string }) => state);
        equal(list.code, 4, what);
        ok(states.includes("unknown") && !states.includes("running"), `${what}: ${states}`);
        await isRefused(t, what, start, PATH);
        await isRefused(t, what, `stop other ${place} --yes`, PATH);
      }
      await Deno.remove(`${t.directory}/pretended`, { recursive: true });
      const after = await t.sh("./kstops list --json");
      const listed: { name: string; state: string }[] = JSON.parse(after.stdout);
      // A client that died may have been heard: as long as docker is down, nobody can tell.
      const known = listed.filter(({ state }) => state !== "unknown");
      deepEqual(known.map(({ name }) => name), ["astro"]);
    },
  );
}

faultTest("tmux that says it did what it did not is found out", async (t) => {
  await Deno.writeTextFile(`${t.work}/kstops.yml`, CONFIG);
  const real = (await t.sh("command -v tmux")).stdout.trim();
  // A script is swallowed, and called a success.
  const PATH = await t.pretend(
    "tmux",
    `case " $* " in *source-file*) cat >/dev/null; exit 0 ;; esac
exec ${real} "$@"`,
  );
  const { code, stdout, stderr } = await t.sh("./kstops start astro", { PATH });
  ok([4, 7].includes(code), `${code} ${stdout}${stderr}`);
  equal(stdout, "");
  equal(JSON.parse((await t.sh("./kstops list --json")).stdout)[0].state, "defined");
  equal((await t.sh("./kstops start astro")).code, 0);
});

for (const runtime of ["podman", "docker"] as const) {
  faultTest(`${runtime} that says it started what it did not is found out`, async (t) => {
    const PATH = await t.pretend(
      runtime,
      `case "$1" in
  run) echo ${ID} ;;
  ps) echo '[]' ;;
  system) printf '${NO_CONTAINERS}' ;;
  inspect) echo '[]'; exit 0 ;;
  *) exit 0 ;;
esac`,
    );
    const line = `./kstops start other --runtime ${runtime} --image busybox:1 -- sleep 100`;
    const { code, stdout, stderr } = await t.sh(line, { PATH });
    ok([4, 7].includes(code), `${code} ${stdout}${stderr}`);
    equal(stdout, "");
    ok(!/bug in kstops/.test(stderr), stderr);
  });
}

faultTest("1,000 sessions are all listed, by one child of tmux", async (t) => {
  const names = Array.from({ length: 1000 }, (_, index) => `s${index}`);
  const config = names.map((name) => `    ${name}: { command: sleep 100 }\n`).join("");
  await Deno.writeTextFile(`${t.work}/kstops.yml`, `ops:\n  sessions:\n${config}`);
  const defined = JSON.parse((await t.sh("./kstops list --json")).stdout);
  deepEqual(defined.length, 1000);
  // One program for all of them: what is wanted is their number.
  await t.tmux("new-session", "-d", "-s", "s0", "sleep 100");
  const script = names.slice(1).map((name) => `new-session -d -s ${name} -t s0\n`).join("");
  await Deno.writeTextFile(`${t.work}/script`, script);
  await t.tmux("source-file", `${t.work}/script`);
  const { code, stdout, stderr } = await t.sh("./kstops list --json --verbose");
  equal(code, 0);
  const listed = JSON.parse(stdout);
  deepEqual(
    listed.map(({ name, state }: { name: string; state: string }) => `${name} ${state}`).sort(),
    names.map((name) => `${name} running`).sort(),
  );
  equal(stderr.match(/^\+ tmux /gm)?.length, 1, stderr);
});

faultTest("runtimes that do not answer are unknown, and the rest is listed", async (t) => {
  await t.sh("./kstops start web --quiet -- sleep 100");
  await t.pretend("podman", "exec sleep 60");
  const PATH = await t.pretend("docker", "exec sleep 60");
  const { code, stdout, stderr } = await t.sh("./kstops list --json", { PATH });
  equal(code, 0, stderr);
  const rows: readonly { name: string | null; engine: string; state: string }[] = JSON.parse(
    stdout,
  );
  deepEqual(rows.map(({ name, engine, state }) => `${name} ${engine} ${state}`).sort(), [
    "null docker unknown",
    "null podman unknown",
    "web tmux running",
  ]);
  for (const runtime of ["podman", "docker"]) {
    match(stderr, new RegExp(`Cannot ask ${runtime}: it did not answer within \\d+ s`));
  }
});

faultTest("an engine that does not answer ends a change, with what is known", async (t) => {
  const config = "ops:\n  engine_timeout: 1\n  start_wait: 100\n  sessions:\n" +
    "    box: { backend: container, runtime: docker, image: busybox, command: sleep 100 }\n" +
    "    web: { command: sleep 100 }\n";
  await Deno.writeTextFile(`${t.work}/kstops.yml`, config);
  const PATH = await t.pretend("docker", "exec sleep 600");
  const silence = "annot ask docker: it did not answer within 1 s";
  for (
    const [change, message] of Object.entries({
      "start box": `Cannot start "box": c${silence}; nothing was started`,
      "stop box": `C${silence}`,
      "restart box": `C${silence}`,
      "start other --runtime docker --image busybox:1 -- sleep 100":
        `Cannot start "other": c${silence}; nothing was started`,
    })
  ) {
    const { code, stdout, stderr } = await t.sh(`./kstops --json ${change}`, { PATH });
    deepEqual([code, stdout], [4, ""], change);
    const { error } = JSON.parse(stderr.trim().split("\n").at(-1) ?? "");
    deepEqual([error.code, error.message], ["backend_unavailable", message], change);
  }
  // What is of another engine is started, and tmux that does not answer is no other case.
  equal((await t.sh("./kstops start web", { PATH })).code, 0);
  const mute = await t.pretend("tmux", "exec sleep 600");
  const { code, stderr } = await t.sh("./kstops start late -- sleep 100", { PATH: mute });
  equal(code, 4, stderr);
  match(
    stderr,
    /^kstops: Cannot start "late": cannot ask tmux on socket "default": it did not answer within 1 s; nothing was started$/m,
  );
});

faultTest("a session whose engine does not answer is not started elsewhere", async (t) => {
  await Deno.writeTextFile(`${t.work}/kstops.yml`, "ops: { engine_timeout: 1, start_wait: 100 }\n");
  // What docker would have is told by the record alone.
  const begun = {
    ...{ run: "0123456789ab", event: "begun", at: "2026-01-02T03:04:05.000Z" },
    ...{ backend: "container", engine: "docker", socket_name: null, image: "busybox:1" },
    ...{ working_dir: null, definition: "" },
  };
  const record = async (...events: readonly Record<string, unknown>[]) => {
    const { stdout } = await t.sh("hostname; id -u; printenv DOCKER_HOST");
    const [host, uid, led] = stdout.split("\n");
    const where = [host, uid, ...(led ? [`DOCKER_HOST=${led}`] : [])].join(" ");
    const lines = [{ ...begun, where }, ...events].map((each) => `${JSON.stringify(each)}\n`);
    const directory = `${t.env["XDG_STATE_HOME"]}/kstops/logs/bot`;
    await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
    await Deno.writeTextFile(`${directory}/runs.ndjson`, lines.join(""), { mode: 0o600 });
  };
  await record();
  const start = "./kstops start bot -b tmux --json";
  const engines = {
    "exec sleep 600": "it did not answer within 1 s",
    "echo 'Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?' >&2; exit 1":
      "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?",
  };
  for (const [script, reason] of Object.entries(engines)) {
    const PATH = await t.pretend("docker", script);
    const refused = await t.sh(`${start} -- sleep 100`, { PATH });
    deepEqual([refused.code, refused.stdout], [4, ""]);
    const { error } = JSON.parse(refused.stderr);
    equal(
      error.message,
      `Cannot start "bot": it may still run in docker, which cannot be asked: ${reason}`,
    );
    equal(error.hint, "bring docker back, or add --yes to start it here all the same");
    const status = await t.sh("./kstops status bot --json", { PATH });
    const { state, reason: why } = JSON.parse(status.stdout);
    deepEqual([status.code, state], [0, "unknown"]);
    equal(why, `it was started in docker, which cannot be asked: ${reason}`);
    const list = JSON.parse((await t.sh("./kstops list --json", { PATH })).stdout);
    const row = list.find(({ name }: { name: string | null }) => name === "bot");
    deepEqual([row?.state, row?.engine], ["unknown", "docker"]);
    const stop = await t.sh("./kstops stop bot", { PATH });
    deepEqual([stop.code, stop.stdout], [4, ""]);
    ok(stop.stderr.includes(`Cannot ask docker: ${reason}`), stop.stderr);
  }
  const PATH = await t.pretend("docker", "exec sleep 600");
  equal((await t.sh(`${start} --yes -- sleep 100`, { PATH })).code, 0);
  equal((await t.sh("./kstops stop bot")).code, 0);
  // Nothing speaks against it where docker has nothing of that name, or the run was stopped.
  await record({
    ...{ run: begun.run, event: "stopped", at: "2026-01-02T03:04:06.000Z", had_ended: false },
  });
  equal((await t.sh(`${start} -- sleep 100`, { PATH })).code, 0);
  equal((await t.sh("./kstops stop bot")).code, 0);
  await record();
  const empty = await t.pretend("docker", `printf '${NO_CONTAINERS}'`);
  equal((await t.sh(`${start} -- sleep 100`, { PATH: empty })).code, 0);
});

faultTest("engines that take their time are waited for", async (t) => {
  await t.sh("./kstops start web --quiet -- sleep 100");
  const real = (await t.sh("command -v tmux")).stdout.trim();
  await t.pretend("tmux", `sleep 1; exec ${real} "$@"`);
  await t.pretend("podman", "sleep 1; echo '[]'");
  const PATH = await t.pretend("docker", `sleep 1; printf '${NO_CONTAINERS}'`);
  const { code, stdout, stderr } = await t.sh("./kstops list --quiet", { PATH });
  deepEqual([code, stdout, stderr], [0, "web\n", ""]);
});
