import { deepEqual, equal } from "node:assert/strict";
import type { LogSize } from "../../../../src/backends/container/podman_log.ts";
import {
  type ClientFacts,
  type ContainerFacts,
  containerFindings,
  type RootlessFacts,
  subordinateIds,
} from "../../../../src/backends/container/findings.ts";
import type { Answer } from "../../../../src/model/finding.ts";
import type { Needs } from "../../../../src/backends/doctor.ts";
import { told } from "../../../support/told.ts";

const NOTHING: Needs = { any: null, of: {}, scopes: [] };
const DOCKER_NEEDED: Needs = {
  ...NOTHING,
  of: { docker: "needed by web" },
  any: "needed by web",
};
const PODMAN_NEEDED: Needs = {
  ...NOTHING,
  of: { podman: "needed by web" },
  any: "needed by web",
};

type Seen = NonNullable<ClientFacts["seen"]>;

const fails = (reason: string): Answer<never> => ({ kind: "failed", reason, milliseconds: 20 });

function podman(changes: Partial<Seen> = {}): ClientFacts {
  return {
    program: "podman",
    seen: {
      path: "/usr/bin/podman",
      runtime: "podman",
      dialect: "podman",
      isSpare: false,
      host: null,
      version: { kind: "answered", value: "4.3.1", milliseconds: 9 },
      reached: {
        kind: "answered",
        value: { version: "4.3.1", rootless: false },
        milliseconds: 45,
      },
      ...changes,
    },
  };
}

function docker(changes: Partial<Seen> = {}): ClientFacts {
  return {
    program: "docker",
    seen: {
      path: "/usr/bin/docker",
      runtime: "docker",
      dialect: "docker",
      isSpare: false,
      host: null,
      version: { kind: "answered", value: "28.2.2", milliseconds: 8 },
      reached: {
        kind: "answered",
        value: { version: "28.2.2", rootless: null },
        milliseconds: 12,
      },
      ...changes,
    },
  };
}

const NO_PODMAN: ClientFacts = { program: "podman", seen: null };
const NO_DOCKER: ClientFacts = { program: "docker", seen: null };

const ROOTLESS: RootlessFacts = {
  user: "ada",
  uid: 1000,
  subordinate: { users: 65536, groups: 65536 },
  runtimeDirectory: "/run/user/1000",
  runtimeDirectoryTrouble: null,
};

const PODMAN_OK = [
  "ok podman.version: podman 4.3.1 (/usr/bin/podman)",
  "ok podman.reachable: podman answers in 45 ms, as root",
];
const DOCKER_OK = [
  "ok docker.version: docker 28.2.2 (/usr/bin/docker)",
  "ok docker.reachable: the docker daemon 28.2.2 answers in 12 ms",
];
const NO_PODMAN_SAID = "skipped podman.version: podman is not installed";

const DOWN = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock";

const MIB = 1024 * 1024;
const LOG = { name: "web", promisedBytes: 50 * MIB, newestBytes: MIB, bytes: MIB };
const withLogs = (logs: readonly LogSize[]): ClientFacts =>
  podman({
    reached: {
      kind: "answered",
      value: { version: "4.3.1", rootless: false, logs },
      milliseconds: 45,
    },
  });

const CASES: Record<
  string,
  {
    clients: readonly ClientFacts[];
    rootless?: Partial<RootlessFacts>;
    needs?: Needs;
    says: readonly string[];
  }
> = {
  "both runtimes": { clients: [podman(), docker()], says: [...PODMAN_OK, ...DOCKER_OK] },
  "logs within bounds": {
    clients: [
      withLogs([{ ...LOG, newestBytes: MIB, bytes: 3 * MIB }, { ...LOG, name: "db" }]),
      NO_DOCKER,
    ],
    says: [
      ...PODMAN_OK,
      "ok podman.logs: podman's logs of 2 sessions take 4 MiB",
      "skipped docker.version: docker is not installed",
    ],
  },
  "a log that nobody has looked at": {
    clients: [
      withLogs([{ ...LOG, newestBytes: 700 * MIB, bytes: 800 * MIB }, { ...LOG, name: "db" }]),
      NO_DOCKER,
    ],
    says: [
      ...PODMAN_OK,
      "warning podman.logs: podman's log of web has grown larger than promised, since nobody " +
      "looked (700 MiB of web) -> run: kstops status web",
      "skipped docker.version: docker is not installed",
    ],
  },
  "what a killed restart has left": {
    clients: [
      podman({
        reached: {
          kind: "answered",
          value: { version: "4.3.1", rootless: false, trials: ["kstops-trial-1"] },
          milliseconds: 45,
        },
      }),
      NO_DOCKER,
    ],
    says: [
      ...PODMAN_OK,
      "warning podman.trials: a restart that was killed has left kstops-trial-1: to see whether the " +
      "new one could start; it never ran -> run: podman rm --force --volumes kstops-trial-1 (the " +
      "next restart of a container does it, too)",
      "skipped docker.version: docker is not installed",
    ],
  },
  "no runtime, and nothing that needs one": {
    clients: [NO_PODMAN, NO_DOCKER],
    says: [
      "skipped containers.runtime: neither podman nor docker is installed -> for sessions in " +
      "containers, install one: apt install podman",
    ],
  },
  "no runtime, and sessions that need one": {
    clients: [NO_PODMAN, NO_DOCKER],
    needs: { ...NOTHING, any: "needed by web" },
    says: [
      "failure containers.runtime: neither podman nor docker is installed (needed by web) -> " +
      "install one: apt install podman",
    ],
  },
  "the wrong one of the two": {
    clients: [NO_PODMAN, docker()],
    needs: PODMAN_NEEDED,
    says: [
      "failure podman.version: podman is not installed (needed by web) -> install podman, or " +
      "leave it: sessions can name another runtime",
      ...DOCKER_OK,
    ],
  },
  "a docker without a daemon that nobody needs": {
    clients: [podman(), docker({ reached: fails(DOWN) })],
    says: [
      ...PODMAN_OK,
      "ok docker.version: docker 28.2.2 (/usr/bin/docker)",
      `warning docker.reachable: docker cannot be asked: ${DOWN} -> start it (systemctl start ` +
      "docker), or see why it is down",
    ],
  },
  "a docker without a daemon that is needed": {
    clients: [NO_PODMAN, docker({ reached: fails(DOWN) })],
    needs: DOCKER_NEEDED,
    says: [
      NO_PODMAN_SAID,
      "ok docker.version: docker 28.2.2 (/usr/bin/docker)",
      `failure docker.reachable: docker cannot be asked: ${DOWN} (needed by web) -> start it ` +
      "(systemctl start docker), or see why it is down",
    ],
  },
  "a docker that DOCKER_HOST leads away, without the password": {
    clients: [
      NO_PODMAN,
      docker({
        host: "tcp://ada:secret99@build:2375",
        reached: fails("Cannot connect to the Docker daemon at tcp://ada:secret99@build:2375"),
      }),
    ],
    says: [
      NO_PODMAN_SAID,
      "ok docker.version: docker 28.2.2 (/usr/bin/docker)",
      "warning docker.reachable: docker cannot be asked: Cannot connect to the Docker daemon at " +
      "tcp://***@build:2375 -> start it, or unset DOCKER_HOST, which leads to tcp://***@build:2375",
    ],
  },
  "a docker that does not let us in": {
    clients: [
      NO_PODMAN,
      docker({ reached: fails("permission denied while trying to connect to the docker API") }),
    ],
    says: [
      NO_PODMAN_SAID,
      "ok docker.version: docker 28.2.2 (/usr/bin/docker)",
      "warning docker.reachable: docker cannot be asked: permission denied while trying to " +
      "connect to the docker API -> join the group of its socket (usermod -aG docker USER, as " +
      "root), then log in again",
    ],
  },
  "a podman socket that does not let us in": {
    clients: [podman({ reached: fails("connect: permission denied") }), NO_DOCKER],
    says: [
      PODMAN_OK[0] ?? "",
      "warning podman.reachable: podman cannot be asked: connect: permission denied -> see who " +
      "may use its socket; try it by hand: podman info",
      "skipped docker.version: docker is not installed",
    ],
  },
  "a docker that hangs": {
    clients: [NO_PODMAN, docker({ reached: fails("it did not answer within 5 s") })],
    needs: DOCKER_NEEDED,
    says: [
      NO_PODMAN_SAID,
      "ok docker.version: docker 28.2.2 (/usr/bin/docker)",
      "failure docker.reachable: docker cannot be asked: it did not answer within 5 s (needed by " +
      "web) -> try it by hand: docker version",
    ],
  },
  "a client that is broken": {
    clients: [podman({ version: fails("no such library"), reached: fails("no such library") })],
    needs: PODMAN_NEEDED,
    says: [
      "failure podman.version: /usr/bin/podman does not tell its version: no such library -> try " +
      "it by hand: /usr/bin/podman --version",
      "failure podman.reachable: podman cannot be asked: no such library (needed by web) -> try " +
      "it by hand: podman info",
    ],
  },
  "a docker that is podman": {
    clients: [
      podman(),
      docker({
        runtime: "podman",
        dialect: "podman",
        isSpare: true,
        reached: null,
        version: { kind: "answered", value: "4.3.1", milliseconds: 9 },
      }),
    ],
    says: [
      ...PODMAN_OK,
      "ok docker.version: docker 4.3.1 (/usr/bin/docker), which is podman by another name",
    ],
  },
  "a docker that is led to podman": {
    clients: [
      NO_PODMAN,
      docker({
        runtime: "podman",
        reached: {
          kind: "answered",
          value: { version: "4.3.1", rootless: null },
          milliseconds: 15,
        },
      }),
    ],
    says: [
      NO_PODMAN_SAID,
      "ok docker.version: docker 28.2.2 (/usr/bin/docker), which DOCKER_HOST leads to podman",
      "ok docker.reachable: the podman daemon 4.3.1 answers in 15 ms",
    ],
  },
  "rootless podman with everything it needs": {
    clients: [
      podman({
        reached: {
          kind: "answered",
          value: { version: "4.3.1", rootless: true },
          milliseconds: 45,
        },
      }),
    ],
    rootless: {},
    says: [
      PODMAN_OK[0] ?? "",
      "ok podman.reachable: podman answers in 45 ms, rootless",
      "ok podman.subids: ada has 65536 subordinate user ids, 65536 group ids",
      "ok podman.runtime_directory: XDG_RUNTIME_DIR is /run/user/1000",
    ],
  },
  "rootless podman without ids, which is needed": {
    clients: [podman()],
    rootless: { subordinate: { users: 65536, groups: 0 } },
    needs: PODMAN_NEEDED,
    says: [
      ...PODMAN_OK,
      "failure podman.subids: ada has 65536 subordinate user ids and 0 group ids, and most " +
      "images need 65536 -> run: sudo usermod --add-subuids 100000-165535 --add-subgids " +
      "100000-165535 ada && podman system migrate",
      "ok podman.runtime_directory: XDG_RUNTIME_DIR is /run/user/1000",
    ],
  },
  "rootless podman with few ids, without a directory": {
    clients: [podman()],
    rootless: { subordinate: { users: 10, groups: 10 }, runtimeDirectory: null },
    needs: PODMAN_NEEDED,
    says: [
      ...PODMAN_OK,
      "warning podman.subids: ada has 10 subordinate user ids and 10 group ids, and most " +
      "images need 65536 -> run: sudo usermod --add-subuids 100000-165535 --add-subgids " +
      "100000-165535 ada && podman system migrate",
      "warning podman.runtime_directory: XDG_RUNTIME_DIR is not set: podman may not find " +
      "containers of a login session -> log in as ada (ssh, machinectl shell), or: export " +
      "XDG_RUNTIME_DIR=/run/user/1000",
    ],
  },
  "rootless podman with the directory of another user": {
    clients: [podman()],
    rootless: { runtimeDirectoryTrouble: "it belongs to another user (uid 0)" },
    says: [
      ...PODMAN_OK,
      "ok podman.subids: ada has 65536 subordinate user ids, 65536 group ids",
      "warning podman.runtime_directory: XDG_RUNTIME_DIR is /run/user/1000: it belongs to " +
      "another user (uid 0) -> log in as ada (ssh, machinectl shell), or: export " +
      "XDG_RUNTIME_DIR=/run/user/1000",
    ],
  },
};

for (const [what, { clients, rootless, needs = NOTHING, says }] of Object.entries(CASES)) {
  Deno.test(`the doctor sees ${what}`, () => {
    const facts: ContainerFacts = {
      clients,
      rootless: rootless === undefined ? null : { ...ROOTLESS, ...rootless },
      installHint: "install one: apt install podman",
    };
    deepEqual(told(containerFindings(facts, needs)), says);
  });
}

Deno.test("no detail of a finding has the password of an address", () => {
  const host = "tcp://ada:secret99@build:2375";
  for (const reached of [fails(`dial ${host}`), docker().seen?.reached ?? null]) {
    const findings = containerFindings(
      { clients: [docker({ host, reached })], rootless: null, installHint: "" },
      NOTHING,
    );
    equal(JSON.stringify(findings).includes("secret99"), false);
  }
});

Deno.test("subordinateIds() sums up what a user has by name and by number", () => {
  const text = "ada:100000:65536\nbob:165536:65536\n1000:300000:100\nada:broken\n\nadam:1:2\n";
  equal(subordinateIds(text, { user: "ada", uid: 1000 }), 65636);
  equal(subordinateIds(text, { user: "eve", uid: 1002 }), 0);
  equal(subordinateIds("", { user: "ada", uid: 1000 }), 0);
});
