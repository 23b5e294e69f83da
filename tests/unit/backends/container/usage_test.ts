import { deepEqual } from "node:assert/strict";
import { parseStats } from "../../../../src/backends/container/usage.ts";

Deno.test("what docker tells of containers is read", () => {
  const row = (more: Readonly<Record<string, string>>) =>
    JSON.stringify({
      ...{ BlockIO: "0B / 0B", CPUPerc: "132.59%", Container: "st1", ID: "51262686", Name: "st1" },
      ...{ MemPerc: "0.00%", MemUsage: "812KiB / 23.54GiB", NetIO: "486B / 0B", PIDs: "3" },
      ...more,
    });
  deepEqual(parseStats(`${row({})}\n${row({ ID: "a", MemUsage: "0B / 0B", CPUPerc: "--" })}\n`), [
    {
      id: "51262686",
      computedMs: null,
      usage: { cpuPercent: 132.59, memoryBytes: 831_488, memoryKind: "cgroup", processes: 3 },
    },
    {
      id: "a",
      computedMs: null,
      usage: { cpuPercent: null, memoryBytes: 0, memoryKind: "cgroup", processes: 3 },
    },
  ]);
});

Deno.test("what podman tells of containers is read", () => {
  const row = {
    ...{ id: "5dbe83852353", name: "st1", cpu_time: "1m2.5s", cpu_percent: "38.39%" },
    ...{ avg_cpu: "38.39%", mem_usage: "1.5MB / 25.28GB", mem_percent: "0.00%", pids: "2" },
  };
  const others = [{ ...row, cpu_time: "324.5ms" }, { ...row, cpu_time: "12.5µs" }, {
    ...row,
    cpu_time: "--",
    mem_usage: "-- / --",
    pids: "--",
  }];
  const told = parseStats(JSON.stringify([row, ...others]));
  deepEqual(told.map(({ computedMs }) => computedMs), [62_500, 324.5, 0.0125, null]);
  deepEqual(told[0]?.usage, {
    ...{ cpuPercent: 38.39, memoryBytes: 1_500_000, memoryKind: "cgroup", processes: 2 },
  });
  deepEqual(told[3]?.usage, {
    ...{ cpuPercent: 38.39, memoryBytes: null, memoryKind: null, processes: 0 },
  });
});

Deno.test("nothing is told of no container", () => {
  deepEqual(parseStats(""), []);
  deepEqual(parseStats("[]\n"), []);
});
