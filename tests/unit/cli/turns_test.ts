import { deepEqual, rejects } from "node:assert/strict";
import { takingTurns } from "../../../src/cli/turns.ts";

Deno.test("only so much goes on at a time, the rest in its order", async () => {
  const turn = takingTurns(2);
  const events: string[] = [];
  const ends: (() => void)[] = [];
  const work = ["a", "b", "c", "d"].map((name) =>
    turn(async () => {
      events.push(name);
      await new Promise<void>((resolve) => ends.push(resolve));
      return name.toUpperCase();
    })
  );
  deepEqual(events, ["a", "b"]);
  ends[1]?.();
  deepEqual(await work[1], "B");
  deepEqual(events, ["a", "b", "c"]);
  ends[0]?.();
  ends[2]?.();
  await work[2];
  ends[3]?.();
  deepEqual(await Promise.all(work), ["A", "B", "C", "D"]);
  deepEqual(events, ["a", "b", "c", "d"]);
});

Deno.test("what fails makes room as well", async () => {
  const turn = takingTurns(1);
  await rejects(turn(() => Promise.reject(new Error("no"))), /no/);
  deepEqual(await turn(() => Promise.resolve(1)), 1);
});
