/** Config files that are made to do harm end in one clear error: nothing hangs, the heap stays small. */
import { equal, match, ok } from "node:assert/strict";
import { install } from "../support/kstops.ts";
import { type TmuxSandbox, tmuxTest } from "../support/tmux.ts";
import { LIMIT_MS } from "../support/limits.ts";

/**
 * In MiB; of 256 that a process may take, the runtime itself has 50. A heap that would have to be
 * larger ends the program. Only the source listens to this, the executable does not.
 */
const LIMITED = { DENO_V8_FLAGS: "--max-old-space-size=160" };
const MEBIBYTE = 1024 * 1024;

/** Writes a file, in bytes or text. */
type Make = (path: string, t: TmuxSandbox) => Promise<unknown>;

function text(content: string | Uint8Array): Make {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return (path) => Deno.writeFile(path, bytes);
}

function laughs(): string {
  const names = [..."bcdefgh"];
  const lines = names.map((name, index) =>
    `${name}: &${name} [${Array(9).fill(`*${"abcdefg"[index]}`).join()}]`
  );
  return ["a: &a [x,x,x,x,x,x,x,x,x]", ...lines].join("\n");
}

const HOSTILE: Record<string, [Make, RegExp]> = {
  "an alias bomb": [text(laughs()), /the aliases are too many/],
  "20,000 levels of lists": [text("[".repeat(20_000)), /nested more than 50 levels deep/],
  "20,000 levels of blocks": [
    text(Array.from({ length: 1000 }, (_, level) => `${" ".repeat(level)}a:`).join("\n")),
    /nested more than 50 levels deep/,
  ],
  "50 MB": [
    async (path) => {
      await Deno.writeTextFile(path, "ops: {}\n");
      await Deno.truncate(path, 50 * MEBIBYTE);
    },
    /it is larger than 2 MiB/,
  ],
  "a million values": [text(`ops: [${"a,".repeat(MEBIBYTE - 10)}]`), /lines and values/],
  "as many values as there may be": [text(`ops: [${"a,".repeat(199_000)}]`), /must be a mapping/],
  "as many keys as there may be": [
    text(`ops:\n${Array.from({ length: 99_000 }, (_, index) => ` a${index}:\n`).join("")}`),
    /there are more than 100 mistakes/,
  ],
  "as many bad sessions as there may be": [
    text(
      `ops: {sessions: {${Array.from({ length: 10_000 }, (_, n) => `a${n}: {x: 1}`).join(",")}}}`,
    ),
    /unknown key/,
  ],
  "NUL bytes": [text(new Uint8Array(1000)), /NUL byte/],
  "bytes that are no UTF-8": [
    text(new Uint8Array([0x6f, 0xff, 0xfe])),
    /:1:2: it is not UTF-8 text/,
  ],
  "a directory": [(path) => Deno.mkdir(path), /it is a directory/],
  "a FIFO": [
    (path, t) => t.world.exec(["mkfifo", path], { timeoutMs: LIMIT_MS }),
    /it is not a regular file/,
  ],
  "a link to /dev/zero": [(path) => Deno.symlink("/dev/zero", path), /it is not a regular file/],
  "a link to nothing": [(path) => Deno.symlink("/nowhere/at/all", path), /no such file/],
  "a link to itself": [(path) => Deno.symlink(path, path), /no such file/],
};

tmuxTest("a config that is made to do harm ends in one clear error", async (t) => {
  await install(t);
  for (const [what, [make, expected]] of Object.entries(HOSTILE)) {
    const path = `${t.work}/${what.replaceAll(/\W+/g, "-")}.yml`;
    await make(path, t);
    // A hang would end in the timeout of exec, and too much memory in a crash.
    const run = (...args: readonly string[]) =>
      t.world.exec([`${t.work}/kstops`, ...args, "--config", path], {
        env: LIMITED,
        timeoutMs: LIMIT_MS,
      });
    const listed = await run("list");
    // One that was named and is not there is an error of every command that only looks.
    const isThere = !/no such file/.test(listed.stderr);
    equal(listed.code, isThere ? 0 : 3, `${what}: ${listed.stderr.slice(0, 500)}`);
    // Of mistakes in sessions it only says how many there are.
    ok(expected.test(listed.stderr) || /^kstops: the config has \d+ /.test(listed.stderr), what);
    const refused = await run("config", "validate");
    equal(refused.code, 3, `${what}: ${refused.stderr.slice(0, 500)}`);
    match(refused.stderr, expected, what);
    ok(refused.stderr.startsWith("kstops: Cannot "), what);
  }
});
