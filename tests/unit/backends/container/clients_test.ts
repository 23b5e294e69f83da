import { deepEqual, match } from "node:assert/strict";
import { findClients, installHint } from "../../../../src/backends/container/clients.ts";
import { type FakeFile, withFakeWorld } from "../../../support/fake_world.ts";

const PROGRAM: FakeFile = { mode: 0o755 };
/** As big as the real one need be: nobody reads it. */
const REAL_DOCKER: FakeFile = { mode: 0o755, content: `exec podman ${"x".repeat(20_000)}` };
/** What Debian's package podman-docker installs. */
const SCRIPT: FakeFile = {
  mode: 0o755,
  content: `#!/bin/sh
[ -e /etc/containers/nodocker ] || \\
echo "Emulate Docker CLI using podman. Create /etc/containers/nodocker to quiet msg." >&2
exec /usr/bin/podman "$@"
`,
};

const PODMAN = ["podman", "podman"];
const DOCKER = ["docker", "docker"];

const MACHINES: Record<
  string,
  {
    files: Readonly<Record<string, FakeFile>>;
    env?: Readonly<Record<string, string>>;
    is: readonly (readonly string[])[];
  }
> = {
  "neither": { files: {}, is: [] },
  "podman": { files: { "/bin/podman": PROGRAM }, is: [PODMAN] },
  "docker": { files: { "/usr/bin/docker": REAL_DOCKER }, is: [DOCKER] },
  "both, and podman is preferred": {
    files: { "/bin/docker": REAL_DOCKER, "/usr/bin/podman": PROGRAM },
    is: [PODMAN, DOCKER],
  },
  "a podman that is not executable": {
    files: { "/bin/podman": "", "/bin/docker": REAL_DOCKER },
    is: [DOCKER],
  },
  "a directory called docker": { files: { "/bin/docker": { kind: "directory" } }, is: [] },
  "docker outside of PATH": { files: { "/opt/docker": REAL_DOCKER }, is: [] },
  "docker as a link to podman": {
    files: { "/bin/docker": { mode: 0o755, realPath: "/usr/bin/podman" } },
    is: [["podman", "docker"]],
  },
  "podman, and docker as a link to it": {
    files: { "/bin/docker": { mode: 0o755, realPath: "/bin/podman" }, "/bin/podman": PROGRAM },
    is: [PODMAN],
  },
  "docker as a link to the real one": {
    files: {
      "/bin/docker": { mode: 0o755, realPath: "/opt/podman/docker", content: "x".repeat(20_000) },
    },
    is: [DOCKER],
  },
  "podman, and the script that calls itself docker": {
    files: { "/bin/podman": PROGRAM, "/usr/bin/docker": SCRIPT },
    is: [PODMAN],
  },
  "the script alone": { files: { "/usr/bin/docker": SCRIPT }, is: [["podman", "docker"]] },
  "another script": {
    files: { "/bin/docker": { mode: 0o755, content: '#!/bin/sh\nexec sudo /opt/docker "$@"\n' } },
    is: [DOCKER],
  },
  "a docker that cannot be read": {
    files: { "/bin/docker": { mode: 0o711, denied: true } },
    is: [DOCKER],
  },
  "podman, and docker that is led to its socket": {
    files: { "/bin/docker": REAL_DOCKER, "/bin/podman": PROGRAM },
    env: { DOCKER_HOST: "unix:///run/user/1000/podman/podman.sock" },
    is: [PODMAN],
  },
  "docker that is led to podman's socket": {
    files: { "/bin/docker": REAL_DOCKER },
    env: { DOCKER_HOST: "unix:///run/podman/podman-machine-default-api.sock" },
    is: [["podman", "docker"]],
  },
  "docker that is led to another socket": {
    files: { "/bin/docker": REAL_DOCKER },
    env: { DOCKER_HOST: "unix:///home/podman/docker.sock" },
    is: [DOCKER],
  },
};
for (const [what, { files, env = {}, is }] of Object.entries(MACHINES)) {
  Deno.test(`a machine with ${what} has these clients`, () =>
    withFakeWorld({ files, env: { PATH: "/bin:/usr/bin", ...env } }, async (world) => {
      const clients = await findClients(world);
      deepEqual(clients.map(({ runtime, program }) => [runtime, program]), is);
    }));
}

Deno.test("without a PATH, the usual directories count", () =>
  withFakeWorld({ files: { "/usr/local/bin/podman": PROGRAM } }, async (world) => {
    deepEqual(await findClients(world), [{ runtime: "podman", program: "podman" }]);
  }));

for (
  const [operatingSystem, is] of [["linux", /apt install podman/], [
    "darwin",
    /^install one: brew/,
  ]] as const
) {
  Deno.test(`what to install is said in the words of ${operatingSystem}`, () =>
    withFakeWorld({ operatingSystem }, (world) => match(installHint(world), is)));
}
