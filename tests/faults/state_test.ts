/** A state directory that is not as usual: nothing stops for want of it, nothing is written elsewhere. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type FaultSandbox, faultTest } from "../support/faults.ts";

const isRoot = Deno.uid() === 0;
/** Of whom this machine has no files. */
const STRANGER = 65_534;

/** Starts, looks at and stops a session, which must work; gives what was said on stderr, once each. */
async function lives(t: FaultSandbox, env: Readonly<Record<string, string>>): Promise<string> {
  const start = await t.sh("./kstops start astro -- sh -c 'echo hi; exec sleep 100'", env);
  deepEqual([start.code, start.stdout.slice(0, 13)], [0, "Started astro"], start.stderr);
  const list = await t.sh("./kstops list --json", env);
  deepEqual([list.code, JSON.parse(list.stdout)[0].state], [0, "running"], list.stderr);
  const stop = await t.sh("./kstops stop astro", env);
  equal(stop.code, 0, stop.stderr);
  return start.stderr;
}

faultTest("a state directory that is missing is made, for this user alone", async (t) => {
  const state = `${t.directory}/deep/state`;
  equal(await lives(t, { KSTOPS_STATE_DIR: state }), "");
  equal(((await Deno.stat(state)).mode ?? 0) & 0o777, 0o700);
});

faultTest("a state directory that is read-only stops nothing", async (t) => {
  const state = `${t.directory}/state`;
  await Deno.mkdir(state);
  const mounted = isRoot &&
    (await t.sh(`mount -t tmpfs -o ro,mode=700 tmpfs '${state}'`)).code === 0;
  if (!mounted) await Deno.chmod(state, 0o500);
  // Where only a mount would bind this user, and none can be made, a file stands in the place.
  const stands = isRoot && !mounted;
  if (stands) await Deno.remove(state).then(() => Deno.writeTextFile(state, ""));
  try {
    const said = await lives(t, { KSTOPS_STATE_DIR: state });
    match(said, /^kstops: Operations are not recorded: .*\nkstops: The output is not kept: .*\n$/);
    if (!stands) match(said, /unable to open|Read-only|permission denied/i);
  } finally {
    if (mounted) await t.sh(`umount -l '${state}'`);
  }
});

faultTest("links in the state directory lead nothing elsewhere", async (t) => {
  const state = `${t.directory}/state`;
  const precious = `${t.directory}/precious`;
  await Deno.mkdir(`${state}/logs/astro`, { recursive: true });
  await Deno.writeTextFile(precious, "precious\n");
  await Deno.symlink(precious, `${state}/operations.db`);
  await Deno.symlink(precious, `${state}/logs/astro/runs.ndjson`);
  const said = await lives(t, { KSTOPS_STATE_DIR: state });
  match(said, /operations\.db: it is a symbolic link/);
  match(said, /runs\.ndjson: it is a symbolic link/);
  equal(await Deno.readTextFile(precious), "precious\n");
});

faultTest("a state directory that is one's own link to another place is used", async (t) => {
  await Deno.mkdir(`${t.directory}/place`);
  await Deno.symlink(`${t.directory}/place`, `${t.directory}/state`);
  equal(await lives(t, { KSTOPS_STATE_DIR: `${t.directory}/state` }), "");
  ok((await Deno.stat(`${t.directory}/place/operations.db`)).isFile);
});

faultTest("nothing is kept where everybody may write", async (t) => {
  const state = `${t.directory}/state`;
  await Deno.mkdir(state);
  await Deno.chmod(state, 0o777);
  match(await lives(t, { KSTOPS_STATE_DIR: state }), /not kept: .*: everybody may write there/);
  deepEqual(Array.from(Deno.readDirSync(state)), []);
});

faultTest("nothing is written into the state directory of somebody else", async (t) => {
  const home = `${t.directory}/ada`;
  const state = `${home}/.local/state/kstops`;
  const made = ["", "/.local", "/.local/state", "/.local/state/kstops"];
  for (const each of made) {
    await Deno.mkdir(`${home}${each}`);
    await Deno.chown(`${home}${each}`, STRANGER, STRANGER);
  }
  const env = { HOME: home, XDG_STATE_HOME: `${home}/.local/state` };
  match(await lives(t, env), /not kept: .*kstops: it belongs to somebody else/);
  deepEqual(Array.from(Deno.readDirSync(state)), []);
  // As by sudo -E, before she ever ran kstops.
  await Deno.remove(state);
  match(await lives(t, { ...env, SUDO_UID: `${STRANGER}` }), /it belongs to somebody else/);
  deepEqual(Array.from(Deno.readDirSync(`${home}/.local/state`)), []);
}, { asRoot: true });

faultTest("records that are garbage are set aside or left out, and said once", async (t) => {
  const state = `${t.directory}/state`;
  await Deno.mkdir(`${state}/logs/astro`, { recursive: true });
  await Deno.chmod(state, 0o700);
  await Deno.writeTextFile(`${state}/operations.db`, "garbage\n".repeat(1000));
  await Deno.writeFile(
    `${state}/logs/astro/runs.ndjson`,
    new TextEncoder().encode('{"run":\n\x00\xff[]\nnull\n{"run":1,"event":"ended","at":"x"}\n'),
  );
  const said = await lives(t, { KSTOPS_STATE_DIR: state });
  match(said, /^kstops: .*operations\.db" is damaged: it is kept as .*\n$/);
  const again = await t.sh("./kstops operations list --json", { KSTOPS_STATE_DIR: state });
  deepEqual([again.code, again.stderr, JSON.parse(again.stdout).length], [0, "", 2]);
});

faultTest("times of another clock, past or to come, are shown and stop nothing", async (t) => {
  const state = `${t.directory}/state`;
  const env = { KSTOPS_STATE_DIR: state };
  for (const year of ["1999", "2099"]) {
    await lives(t, env);
    const story = `${state}/logs/astro/runs.ndjson`;
    const text = await Deno.readTextFile(story);
    await Deno.writeTextFile(story, text.replaceAll(/"at":"\d{4}/g, `"at":"${year}`));
    for (const args of ["why astro", "status astro", "logs astro", "list", "operations list"]) {
      const { code, stderr } = await t.sh(`./kstops ${args}`, env);
      ok(code === 0 || code === 5, `${args}: ${stderr}`);
      ok(!/bug in kstops/.test(stderr), stderr);
    }
    equal(await lives(t, env), "");
  }
});

faultTest("another user sees and touches nothing of this one's sessions", async (t) => {
  await Deno.writeTextFile(`${t.work}/kstops.yml`, "ops: { start_wait: 100 }\n");
  equal((await t.sh("./kstops start astro -- sleep 100")).code, 0);
  await Deno.chmod(t.directory, 0o755);
  await Deno.chmod(t.work, 0o755);
  await Deno.chmod(`${t.directory}/t`, 0o1777);
  const stranger = `setpriv --reuid=${STRANGER} --regid=${STRANGER} --clear-groups`;
  const env = { XDG_STATE_HOME: `${t.directory}/home/.local/state` };
  for (const args of ["stop astro --yes", "logs astro", "attach astro", "status astro"]) {
    const { code, stdout } = await t.sh(`${stranger} ./kstops ${args} </dev/null`, env);
    ok(code !== 0, args);
    equal(stdout, "", args);
  }
  equal((await t.sh(`${stranger} ./kstops list`, env)).stdout, "");
  equal(JSON.parse((await t.sh("./kstops status astro --json")).stdout).state, "running");
}, { asRoot: true });
