import { deepEqual, equal, match } from "node:assert/strict";
import { findClients, installHint, isRemote } from "../../../../src/backends/container/clients.ts";
import { type FakeFile, withFakeWorld } from "../../../support/fake_world.ts";
import { DOCKER as DOCKER_CLIENT, PODMAN as PODMAN_CLIENT } from "./containers.ts";

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

/** Whose containers, in whose dialect, by which program. */
const PODMAN = ["podman", "podman", "podman"];
const DOCKER = ["docker", "docker", "docker"];
const DISGUISED = ["podman", "podman", "docker"];

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
    is: [DISGUISED],
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
  "the script alone": { files: { "/usr/bin/docker": SCRIPT }, is: [DISGUISED] },
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
    is: [["podman", "docker", "docker"]],
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
      deepEqual(clients.map(({ runtime, dialect, program }) => [runtime, dialect, program]), is);
    }));
}

Deno.test("without a PATH, the usual directories count", () =>
  withFakeWorld({ files: { "/usr/local/bin/podman": PROGRAM } }, async (world) => {
    deepEqual(await findClients(world), [PODMAN_CLIENT]);
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

// --- where its containers are --------------------------------------------------------------------

const CONTEXTS = "/home/user/.docker/contexts/meta";
const context = (name: string, host: string): string =>
  JSON.stringify({ Name: name, Metadata: {}, Endpoints: { docker: { Host: host } } });
const USES = (name: string): Record<string, FakeFile> => ({
  "/home/user/.docker/config.json": JSON.stringify({ auths: {}, currentContext: name }),
  [`${CONTEXTS}/a1/meta.json`]: context("rootless", "unix:///run/user/1000/docker.sock"),
  [`${CONTEXTS}/b2/meta.json`]: context("server", "ssh://me@server"),
});

const PLACES: Record<
  string,
  {
    client?: typeof DOCKER_CLIENT;
    env?: Readonly<Record<string, string>>;
    files?: Readonly<Record<string, FakeFile>>;
    is: boolean;
  }
> = {
  "docker that is told nothing": { is: false },
  "docker on a socket": { env: { DOCKER_HOST: "unix:///x.sock" }, is: false },
  "docker by ssh": { env: { DOCKER_HOST: "ssh://server" }, is: true },
  "docker by an empty name": { env: { DOCKER_HOST: "" }, is: false },
  "docker in the default context": { files: USES("default"), is: false },
  "docker in a context of this machine": { files: USES("rootless"), is: false },
  "docker in a context of another machine": { files: USES("server"), is: true },
  "docker in a context that nobody knows": { files: USES("gone"), is: true },
  "docker in the context that a variable names": {
    env: { DOCKER_CONTEXT: "server" },
    files: USES("rootless"),
    is: true,
  },
  "docker whose host wins over its context": {
    env: { DOCKER_HOST: "unix:///x.sock" },
    files: USES("server"),
    is: false,
  },
  "docker whose config is elsewhere": {
    env: { DOCKER_CONFIG: "/etc/docker-client" },
    files: { ...USES("server"), "/etc/docker-client/config.json": "{}" },
    is: false,
  },
  "docker whose config is garbage": {
    files: { "/home/user/.docker/config.json": "{" },
    is: false,
  },
  "docker on podman's socket": {
    client: { ...DOCKER_CLIENT, runtime: "podman" },
    env: { DOCKER_HOST: "unix:///run/podman/podman.sock", CONTAINER_HOST: "ssh://server" },
    is: false,
  },
  "podman that is told nothing": { client: PODMAN_CLIENT, files: USES("server"), is: false },
  "podman by ssh": { client: PODMAN_CLIENT, env: { CONTAINER_HOST: "ssh://server" }, is: true },
  "podman by a connection": {
    client: PODMAN_CLIENT,
    env: { CONTAINER_CONNECTION: "server" },
    is: true,
  },
};
for (const [what, { client = DOCKER_CLIENT, env = {}, files = {}, is }] of Object.entries(PLACES)) {
  Deno.test(`the files of ${what} ${is ? "may be elsewhere" : "are those of this machine"}`, () =>
    withFakeWorld(
      { files, env: { HOME: "/home/user", ...env } },
      async (world) => equal(await isRemote(world, client), is),
    ));
}
