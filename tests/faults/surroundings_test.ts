/** Streams, terminals, variables and limits that are not as usual. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { faultTest } from "../support/faults.ts";
import { withPty } from "../support/pty.ts";

const CONFIG = "ops: { start_wait: 100, sessions: { astro: { command: sleep 100 } } }\n";

faultTest("closed standard streams change nothing of what is done", async (t) => {
  await Deno.writeTextFile(`${t.work}/kstops.yml`, CONFIG);
  equal((await t.sh("./kstops start astro <&- >&- 2>&-")).code, 0);
  const { stdout } = await t.sh("./kstops list --json <&-");
  equal(JSON.parse(stdout)[0].state, "running");
  equal((await t.sh("./kstops list --json 2>&-")).stdout, stdout);
  equal((await t.sh("./kstops list >&-")).code, 0);
  equal((await t.sh("./kstops status nope 2>&-")).code, 5);
  equal((await t.sh("./kstops stop astro <&- >&- 2>&-")).code, 0);
  equal(JSON.parse((await t.sh("./kstops list --json")).stdout)[0].state, "defined");
});

faultTest("an answer that cannot be written is a failure, what was done stays done", async (t) => {
  await Deno.writeTextFile(`${t.work}/kstops.yml`, CONFIG);
  for (const args of ["start astro", "list", "list --json", "--help", "--version"]) {
    const { code, stderr } = await t.sh(`./kstops ${args} >/dev/full`);
    equal(code, 1, args);
    match(stderr, /Cannot use .*standard output.*: No space left on device/, args);
  }
  equal(JSON.parse((await t.sh("./kstops list --json")).stdout)[0].state, "running");
  equal((await t.sh("./kstops start astro 2>/dev/full")).code, 6);
});

faultTest(
  "without PATH, or with an empty one, the engine is found or said to be missing",
  async (t) => {
    await Deno.writeTextFile(`${t.work}/kstops.yml`, CONFIG);
    // As execvp(3) does, which is why env is called for it.
    const bare = await t.sh("env -u PATH ./kstops list");
    match(bare.stdout, /^astro\ttmux\tdefined/);
    const empty = await t.sh("PATH= ./kstops start astro");
    // An installed kstops is called by its path; what runs the source is, too.
    equal(empty.code, 7, empty.stderr);
    match(empty.stderr, /the program "sleep" is not on PATH/);
    const list = await t.sh("PATH= ./kstops list --socket default");
    equal(list.code, 4);
    match(list.stderr, /tmux: not found\nhint: install it/);
  },
);

faultTest("an empty HOME means no place to keep things, and is said once", async (t) => {
  const none = { HOME: "", XDG_STATE_HOME: undefined, XDG_CONFIG_HOME: undefined };
  const start = await t.sh("./kstops start astro -- sleep 100", none);
  equal(start.code, 0, start.stderr);
  equal(start.stderr.match(/neither KSTOPS_STATE_DIR nor HOME is set/g)?.length, 2, start.stderr);
  equal((await t.sh("./kstops stop astro", none)).code, 0);
});

faultTest("whatever the umask, what is kept is for its owner alone", async (t) => {
  for (const umask of ["000", "077"]) {
    const env = { KSTOPS_STATE_DIR: `${t.directory}/state-${umask}` };
    const line = `umask ${umask}; ./kstops start astro -- sh -c 'echo hi; exec sleep 100' && ` +
      "until ./kstops logs astro | grep -q hi; do sleep 0.05; done; ./kstops stop astro";
    const { code, stderr } = await t.sh(line, env);
    deepEqual([code, stderr], [0, ""]);
    const open = await t.sh(
      `find "$KSTOPS_STATE_DIR" -perm /077; find "$KSTOPS_STATE_DIR" -type f | wc -l`,
      env,
    );
    ok(/^[5-9]\n$/.test(open.stdout), open.stdout);
  }
});

faultTest("a terminal of any size gets its answer", async (t) => {
  await Deno.writeTextFile(`${t.work}/kstops.yml`, CONFIG);
  const sizes = ["rows 1 cols 1", "rows 3 cols 10", "rows 0 cols 0"];
  await Promise.all(sizes.map(async (size) => {
    const line =
      `stty ${size}; ./kstops list >/dev/tty; echo $? >'${size}'; ./kstops status astro; ` +
      `./kstops status nope; ./kstops --help; echo $? >>'${size}'`;
    await withPty(t, { argv: ["sh", "-c", line] }, async (pty) => {
      equal(await pty.ended(), 0, size);
    });
    equal(await Deno.readTextFile(`${t.work}/${size}`), "0\n0\n", size);
  }));
});

faultTest("a limit of open files that is too low is said, and nothing is half done", async (t) => {
  await Deno.writeTextFile(`${t.work}/kstops.yml`, CONFIG);
  const enough = await t.sh("ulimit -n 64; ./kstops start astro && ./kstops stop astro");
  deepEqual([enough.code, enough.stderr], [0, ""]);
  for (const files of [24, 20, 18, 16]) {
    const { code, stderr } = await t.sh(`ulimit -n ${files}; ./kstops start astro`);
    ok(!/bug in kstops/.test(stderr), stderr);
    const list = await t.sh("./kstops list --json");
    equal(JSON.parse(list.stdout)[0].state, code === 0 ? "running" : "defined", stderr);
    equal((await t.sh("./kstops stop astro")).code, 0);
  }
});

faultTest("what is too long is refused before anything is done", async (t) => {
  const long = "$(head -c 100000 /dev/zero | tr '\\0' a)";
  equal((await t.sh(`./kstops start astro -- echo "${long}"`)).code, 3);
  equal((await t.sh(`./kstops start "${long}"`)).code, 5);
  equal((await t.sh(`./kstops start astro -e BIG="${long}" -- sleep 100`)).code, 3);
  equal((await t.sh("./kstops list")).stdout, "");
});

faultTest("a very large environment is no hindrance", async (t) => {
  await Deno.writeTextFile(`${t.work}/kstops.yml`, CONFIG);
  const large = Object.fromEntries(
    Array.from({ length: 10 }, (_, index) => [`LARGE_${index}`, "x".repeat(100_000)]),
  );
  const { code, stderr } = await t.sh("./kstops start astro && ./kstops stop astro", large);
  deepEqual([code, stderr], [0, ""]);
});
