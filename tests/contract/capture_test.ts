/** The script that keeps what a pane prints, in every shell that is here. */
import { deepEqual, equal, ok } from "node:assert/strict";
import type { Capture } from "../../src/logs/capture.ts";
import { captureScript } from "../support/capture.ts";
import { timesName } from "../../src/logs/parts.ts";
import { writeExecutable } from "../support/executable.ts";
import { tmuxTest, waitFor } from "../support/tmux.ts";
import { sh } from "./suite.ts";
import { setUpTmux } from "./tmux_setup.ts";

const SHELLS = [["dash"], ["bash"], ["busybox", "sh"], ["sh"]];

function isHere([program = "", ...args]: readonly string[]): boolean {
  try {
    return new Deno.Command(program, { args: [...args, "-c", ":"], stderr: "null" }).outputSync()
      .success;
  } catch {
    return false;
  }
}

/** Where a shell really is; null: not here. */
function pathOf(shell = ""): string | null {
  return ifThere(() => Deno.realPathSync(`/bin/${shell}`));
}

/** The script at work on what is written to it. */
interface Capturing {
  readonly write: (text: string) => Promise<void>;
  /** Ends its input, and waits for its end. */
  readonly end: () => Promise<void>;
}

function capturing(shell: readonly string[], script: string): Capturing {
  const [program = "", ...args] = [...shell, "-c", script];
  const child = new Deno.Command(program, {
    args,
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  return {
    write: (text) => writer.write(new TextEncoder().encode(text)),
    end: async () => {
      await writer.close();
      equal((await child.status).code, 0);
    },
  };
}

/** What is in a directory now: the texts of the files of output in their order, the bytes of all files. */
function kept(directory: string): { readonly texts: readonly string[]; readonly bytes: number } {
  const names = Array.from(Deno.readDirSync(directory), ({ name }) => name).toSorted();
  const texts = names.filter((name) => name.endsWith(".log"))
    .map((name) => ifThere(() => Deno.readTextFileSync(`${directory}/${name}`)) ?? "");
  const bytes = names.reduce((sum, name) => sum + sizeOf(`${directory}/${name}`), 0);
  return { texts, bytes };
}

/** 0 where it has just gone. */
function sizeOf(path: string): number {
  return ifThere(() => Deno.statSync(path).size) ?? 0;
}

function ifThere<T>(look: () => T): T | null {
  try {
    return look();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

async function withDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ dir: "/tmp", prefix: "k-" });
  try {
    await body(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

function numbers(count: number): string {
  return Array.from({ length: count }, (_, index) => `${index + 1}\n`).join("");
}

for (const shell of SHELLS) {
  // It may be one of the others.
  const ignore = !isHere(shell) ||
    (shell[0] === "sh" &&
      SHELLS.some(([other]) =>
        other !== "sh" && pathOf(other) !== null && pathOf(other) === pathOf("sh")
      ));
  const name = shell.join(" ");

  Deno.test({
    name: `${name}: every byte is kept while there is room`,
    ignore,
    fn: () =>
      withDirectory(async (directory) => {
        const capture: Capture = { directory, run: "run's", maxBytes: 65_536, keep: 1000 };
        const { write, end } = capturing(shell, captureScript(capture));
        const text = numbers(200_000);
        await write(text);
        await end();
        const { texts } = kept(directory);
        ok(texts.length > 10, `${texts.length} files`);
        equal(texts.join("") === text, true);
      }),
  });

  Deno.test({
    name: `${name}: of more than there is room for the newest is kept`,
    ignore,
    fn: () =>
      withDirectory(async (directory) => {
        const capture: Capture = { directory, run: "run", maxBytes: 65_536, keep: 4 };
        const { write, end } = capturing(shell, captureScript(capture));
        const text = numbers(300_000);
        await write(text);
        await end();
        const { texts } = kept(directory);
        equal(texts.length, 4);
        equal(text.endsWith(texts.join("")), true);
        // Every file of times stands beside its output.
        const all = Array.from(Deno.readDirSync(directory), (file) => file.name);
        const logs = all.filter((file) => file.endsWith(".log"));
        const times = all.filter((file) => !file.endsWith(".log"));
        deepEqual(times.filter((file) => !logs.map(timesName).includes(file)), []);
        // All but the last one are full, and none by more than one block.
        deepEqual(texts.slice(0, -1).filter(({ length }) => length < 65_536), []);
        deepEqual(texts.filter(({ length }) => length >= 2 * 65_536), []);
      }),
  });

  Deno.test({
    name: `${name}: what is printed a little now and then takes no more room, either`,
    // busybox has a clock of its own.
    ignore: ignore || shell[0] === "busybox" || Deno.build.os !== "linux",
    fn: () =>
      withDirectory(async (directory) => {
        const [tools, logs] = [`${directory}/tools`, `${directory}/logs`];
        for (const each of [tools, logs]) await Deno.mkdir(each);
        // A clock on which every look at a file is in a second of its own.
        await writeExecutable(
          `${tools}/stat`,
          '#!/bin/sh\n[ "$2" = %Y ] || echo "$(date +%s%N) $(/usr/bin/stat -c %s "$3")"\n',
        );
        const capture: Capture = { directory: logs, run: "run", maxBytes: 200, keep: 3 };
        const script = captureScript(capture).replace("PATH=", `PATH=${tools}:`);
        const { write, end } = capturing(shell, script);
        let last = "";
        for (let index = 0; index < 50; index++) {
          last = String.fromCharCode(97 + index % 26);
          await write(last);
          await waitFor(
            () => kept(logs).texts.findLast((text) => text !== "")?.endsWith(last),
            `the byte ${index}`,
          );
          const { bytes } = kept(logs);
          // A line of times, and a file whose end was not noticed yet.
          ok(bytes <= 3 * (200 + 64), `${bytes} bytes after ${index}`);
        }
        await end();
      }),
  });

  Deno.test({
    name: `${name}: without a directory it reads all the same, and keeps nothing`,
    ignore,
    fn: () =>
      withDirectory(async (directory) => {
        const gone: Capture = {
          directory: `${directory}/gone`,
          run: "run",
          maxBytes: 400,
          keep: 3,
        };
        const { write, end } = capturing(shell, captureScript(gone));
        await write(numbers(100_000));
        await end();
        deepEqual(kept(directory).texts, []);
      }),
  });

  Deno.test({
    name: `${name}: a directory that is removed meanwhile does not stop it`,
    ignore,
    fn: () =>
      withDirectory(async (directory) => {
        const logs = `${directory}/logs`;
        await Deno.mkdir(logs);
        const capture: Capture = { directory: logs, run: "run", maxBytes: 65_536, keep: 3 };
        const { write, end } = capturing(shell, captureScript(capture));
        await write("one\n");
        await waitFor(() => kept(logs).texts.join("") === "one\n", "the first line");
        await Deno.remove(logs, { recursive: true });
        await write(numbers(200_000));
        await end();
      }),
  });
}

tmuxTest("tmux: what is kept of chatty sessions stays within its bounds", async (t) => {
  const { runner, define, logs } = setUpTmux(t.world);
  const log = { capture: true, maxBytes: 65_536, keep: 4 };
  const names = ["fast", "bursts", "lines"];
  const scripts = {
    fast: "exec seq 1 1000000000",
    bursts: "while :; do seq 1 20000; sleep 0.01; done",
    lines: "i=0; while :; do i=$((i+1)); echo $i; done",
  };
  for (const [name, script] of Object.entries(scripts)) {
    await runner.start(define({ name, argv: sh(script), log }), { waitMs: 0 });
  }
  const directoryOf = async (name: string) => {
    const output = (await logs.outputs(name)).at(-1) ?? "";
    return output.slice(0, output.lastIndexOf("/"));
  };
  for (const name of names) {
    const directory = await directoryOf(name);
    let most = 0;
    await t.waitFor(() => {
      const sizes = Array.from(
        Deno.readDirSync(directory),
        (file) => [file.name, sizeOf(`${directory}/${file.name}`)] as const,
      );
      const parts = sizes.filter(([file]) => file.endsWith(".log"));
      most = Math.max(most, sizes.reduce((sum, [, size]) => sum + size, 0));
      return parts.some(([file]) => Number(/-(\d{6})\.log$/.exec(file)?.[1]) >= 10);
    }, `ten files of ${name}`);
    // Each file may be larger by one block, and the story has a line.
    ok(most <= 4 * 2 * 65_536 + 1024, `${most} bytes of ${name}`);
  }
});
