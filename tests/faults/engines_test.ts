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
      deepEqual(JSON.parse(after.stdout).map(({ name }: { name: string }) => name), ["astro"]);
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

faultTest("engines that take their time are waited for", async (t) => {
  await t.sh("./kstops start web --quiet -- sleep 100");
  const real = (await t.sh("command -v tmux")).stdout.trim();
  await t.pretend("tmux", `sleep 1; exec ${real} "$@"`);
  await t.pretend("podman", "sleep 1; echo '[]'");
  const PATH = await t.pretend("docker", `sleep 1; printf '${NO_CONTAINERS}'`);
  const { code, stdout, stderr } = await t.sh("./kstops list --quiet", { PATH });
  deepEqual([code, stdout, stderr], [0, "web\n", ""]);
});
