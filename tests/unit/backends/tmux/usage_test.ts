import { deepEqual, equal } from "node:assert/strict";
import { cpuBetween, parseShares, sumOf } from "../../../../src/backends/tmux/usage.ts";
import type { Process } from "../../../../src/backends/tmux/processes.ts";

function process(pid: number, computed: number | null, began = "1"): Process {
  return {
    ...{ pid, began, ppid: 1, group: 1, session: 1, foreground: -1, zombie: false, ignored: 0 },
    ...{ name: "sh" },
    ...computed === null ? {} : { computed },
  };
}

Deno.test("what is computed between two looks counts, also of what came meanwhile", () => {
  const before = { clock: 1000, members: [process(1, 50), process(2, 10), process(3, 7)] };
  const after = { clock: 1200, members: [process(1, 150), process(2, 10), process(4, 20)] };
  equal(cpuBetween(before, after), 60);
  // Another process with the same pid.
  const reused = { clock: 1100, members: [process(1, 5, "2")] };
  equal(cpuBetween({ clock: 1000, members: [process(1, 50)] }, reused), 5);
  equal(cpuBetween(before, { clock: 1100, members: [] }), 0);
});

Deno.test("without a clock, or where a process does not tell, nobody knows", () => {
  const members = [process(1, 50)];
  equal(cpuBetween({ clock: null, members }, { clock: 7, members }), null);
  equal(cpuBetween({ clock: 7, members }, { clock: 7, members }), null);
  equal(cpuBetween({ clock: 7, members }, { clock: 8, members: [process(2, null)] }), null);
});

Deno.test("memory is told by shares only where all of them are known", () => {
  deepEqual(sumOf([{ pss: 1, rss: 3 }, { pss: 2, rss: 3 }]), { memoryBytes: 3, memoryKind: "pss" });
  deepEqual(sumOf([{ pss: 1, rss: 3 }, { pss: null, rss: 4 }]), {
    memoryBytes: 7,
    memoryKind: "rss",
  });
  deepEqual(sumOf([{ pss: null, rss: null }]), { memoryBytes: null, memoryKind: null });
  deepEqual(sumOf([]), { memoryBytes: 0, memoryKind: "pss" });
});

Deno.test("the shares of processes are read", () => {
  const text = "/proc/7/smaps_rollup:Rss:                 100 kB\n" +
    "/proc/7/smaps_rollup:Pss:                  12 kB\n" +
    "/proc/8/smaps_rollup:Rss:                   3 kB\nnoise\n";
  deepEqual([...parseShares(text)], [
    [7, { rss: 102_400, pss: 12_288 }],
    [8, { pss: null, rss: 3072 }],
  ]);
});
