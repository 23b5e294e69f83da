import { deepEqual } from "node:assert/strict";
import { eventReader } from "../../../../src/backends/container/events.ts";

const DOCKER = { runtime: "docker", dialect: "docker", program: "docker" } as const;
const PODMAN = { runtime: "podman", dialect: "podman", program: "podman" } as const;
const OURS = { "io.kstops.session": "bot", "io.kstops.run": "a1" };

/** A line of docker 28.2. */
const docker = (action: string, ms: number, attributes: object = {}, id = "c1"): string =>
  JSON.stringify({
    status: action,
    id,
    Type: "container",
    Action: action,
    Actor: { ID: id, Attributes: { name: "bot", ...OURS, ...attributes } },
    time: Math.floor(ms / 1000),
    timeNano: ms * 1e6,
  });

/** A line of podman 4.3. */
const podman = (status: string, time: string, more: object = {}): string =>
  JSON.stringify({
    ID: "c1",
    Name: "bot",
    Status: status,
    Time: time,
    Type: "container",
    Attributes: OURS,
    ...more,
  });

/** What is told of lines, in short. */
function told(client: Parameters<typeof eventReader>[0], ...lines: string[]): readonly string[] {
  const read = eventReader(client);
  return lines.flatMap((line) => read(line) ?? []).map(({ event, session, run, at, exitCode }) =>
    `${event} ${session} ${run} ${at.getTime()} ${exitCode}`
  );
}

Deno.test("the first start of a container is that of its session, the next ones are not", () => {
  deepEqual(
    told(
      DOCKER,
      docker("create", 1000),
      docker("start", 1500),
      docker("die", 2000, { exitCode: "3" }),
      docker("start", 2500),
      docker("kill", 3000, { signal: "9" }),
      docker("die", 3100, { exitCode: "137" }),
      docker("destroy", 3200),
    ),
    ["exited bot a1 2000 3", "restarted bot a1 2500 null", "exited bot a1 3100 137"],
  );
});

Deno.test("podman says it in its own words, and leaves out an exit code of 0", () => {
  deepEqual(
    told(
      PODMAN,
      podman("create", "1970-01-01T00:00:01Z"),
      podman("init", "1970-01-01T00:00:01.1Z"),
      podman("start", "1970-01-01T00:00:01.2Z"),
      podman("died", "1970-01-01T00:00:02Z", { ContainerExitCode: 5 }),
      podman("start", "1970-01-01T00:00:03Z"),
      podman("died", "1970-01-01T00:00:04Z"),
      podman("cleanup", "1970-01-01T00:00:05Z"),
    ),
    ["exited bot a1 2000 5", "restarted bot a1 3000 null", "exited bot a1 4000 0"],
  );
});

Deno.test("what is asked for again after a silence is told once", () => {
  const died = docker("die", 2000, { exitCode: "0" });
  deepEqual(told(DOCKER, died, died), ["exited bot a1 2000 0"]);
});

Deno.test("what is no event of a container of ours is passed over", () => {
  const foreign = JSON.stringify({ Action: "die", Actor: { ID: "c", Attributes: {} }, time: 1 });
  const odd = docker("die", 2000, { exitCode: "many" });
  const lines = ["", "null", "[]", '"die"', "{", foreign, '{"Action":"die","Actor":3}', odd];
  deepEqual(told(DOCKER, ...lines), ["exited bot a1 2000 null"]);
  deepEqual(told(PODMAN, ...lines, podman("died", "no time")), []);
});
