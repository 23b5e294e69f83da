import { deepEqual, equal, rejects } from "node:assert/strict";
import fc from "fast-check";
import { denoWorld } from "../../../src/world/deno.ts";
import { lastBytes } from "../../../src/world/last_bytes.ts";
import { ExecFloodError, MOST_ANSWER_BYTES } from "../../../src/world/world.ts";
import { property } from "../../support/property.ts";

const LARGE = Array.from({ length: 300 }, (_, index) => index % 256);

property("lastBytes() keeps the end of what comes, in whatever parts it comes", () => {
  const parts = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 40 });
  return {
    input: fc.tuple(parts, fc.nat(300), fc.boolean()),
    holds: ([chunks, keep, isLarge]) => {
      // More than the first buffer holds, too.
      const all = isLarge
        ? [...chunks, ...Array.from({ length: 300 }, () => Uint8Array.from(LARGE)), ...chunks]
        : chunks;
      const kept = lastBytes(keep);
      for (const chunk of all) kept.add(chunk);
      const whole = all.flatMap((chunk) => [...chunk]);
      deepEqual([...kept.bytes()], whole.slice(Math.max(0, whole.length - keep)));
    },
  };
});

Deno.test("lastBytes() keeps everything where nothing is said", () => {
  const kept = lastBytes(Infinity);
  for (let round = 0; round < 1000; round++) kept.add(Uint8Array.from(LARGE));
  equal(kept.bytes().length, 300_000);
});

Deno.test("lastBytes() holds on to no chunk, and so to no buffer that it is a part of", () => {
  const buffer = new Uint8Array(64 * 1024).fill(1);
  const kept = lastBytes(10);
  kept.add(buffer.subarray(0, 3));
  buffer.fill(2);
  deepEqual([...kept.bytes()], [1, 1, 1]);
});

Deno.test("a program that writes byte by byte is heard to its end", async () => {
  const heard: string[] = [];
  const { stdout } = await denoWorld().execBytes(["sh", "-c", "printf a; sleep 0.1; printf bcd"], {
    timeoutMs: 60_000,
    keepBytes: 3,
    onOutput: (bytes, stream) => {
      heard.push(`${stream} ${new TextDecoder().decode(bytes)}`);
    },
  });
  equal(new TextDecoder().decode(stdout), "bcd");
  equal(heard.join("").replaceAll("stdout ", ""), "abcd");
});

Deno.test("a program is spoken with: what it says decides what it is told next", async () => {
  const heard = Promise.withResolvers<string>();
  async function* told(): AsyncGenerator<string> {
    yield "one\n";
    yield `${await heard.promise}, two\n`;
  }
  const script =
    'read -r first; echo "$first"; read -r second; echo "$second"; read -r third || echo end';
  const { stdout } = await denoWorld().exec(["sh", "-c", script], {
    timeoutMs: 60_000,
    stdin: told(),
    onOutput: (bytes) => heard.resolve(new TextDecoder().decode(bytes).trim()),
  });
  equal(stdout, "one\none, two\nend\n");
});

Deno.test("a program that ends without listening is heard all the same", async () => {
  const ended = Promise.withResolvers<void>();
  async function* told(): AsyncGenerator<string> {
    yield "one\n";
    await ended.promise;
    yield "two\n".repeat(100_000);
  }
  const { code, stdout } = await denoWorld().exec(["sh", "-c", "echo bye; exit 3"], {
    timeoutMs: 60_000,
    stdin: told(),
  });
  ended.resolve();
  equal(`${code} ${stdout}`, "3 bye\n");
});

Deno.test("a program that prints without end is killed, unless its end is all that is kept", async () => {
  const { exec } = denoWorld();
  await rejects(exec(["yes"], { timeoutMs: 60_000 }), ExecFloodError);
  const script = `yes | head -c ${MOST_ANSWER_BYTES + 2}; echo end`;
  const { stdout } = await exec(["sh", "-c", script], { timeoutMs: 60_000, keepBytes: 4 });
  equal(stdout, "end\n");
});

Deno.test("interact() leaves Ctrl-C to the program, also one that comes as that ends", async () => {
  const world = JSON.stringify(new URL("../../../src/world/deno.ts", import.meta.url).href);
  const script = `
    const { denoWorld } = await import(${world});
    const { interact } = denoWorld();
    for (let n = 0; n < 100; n++) await interact(["sh", "-c", "kill -INT $PPID"], {}).ended;
    console.log("over");`;
  const args = ["eval", script];
  const { code, stdout } = await new Deno.Command(Deno.execPath(), { args }).output();
  deepEqual([code, new TextDecoder().decode(stdout)], [0, "over\n"]);
});

Deno.test("a program that hangs can be killed together with what it has started", async () => {
  const world = denoWorld();
  const pids: number[] = [];
  const heard = new AbortController();
  const script = "sleep 1000 & echo $!; exec sleep 1000";
  await rejects(
    world.exec(["sh", "-c", script], {
      timeoutMs: 60_000,
      detached: true,
      withChildren: true,
      abort: heard.signal,
      onOutput: (bytes) => {
        pids.push(Number(new TextDecoder().decode(bytes)));
        heard.abort();
      },
    }),
  );
  for (const pid of pids) {
    // A zombie is there until somebody reaps it.
    const isDead = async () => {
      const { stdout } = await world.exec(["sh", "-c", `ps -o stat= -p ${pid} || true`], {
        timeoutMs: 60_000,
      });
      return stdout.trim() === "" || stdout.trim().startsWith("Z");
    };
    while (!await isDead()) await world.sleep(20);
  }
  equal(pids.length, 1);
});
