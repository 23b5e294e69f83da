import { equal, match, ok } from "node:assert/strict";
import fc from "fast-check";
import { startError, unavailable } from "../../../../src/backends/container/ask.ts";
import { type Failure, parseFailure } from "../../../../src/backends/container/failure.ts";
import { equalsGolden } from "../../../support/golden.ts";
import { DOCKER, recorded } from "./containers.ts";
import { property } from "../../../support/property.ts";

interface Recorded {
  readonly client: string;
  readonly args: readonly string[];
  readonly code: number;
  readonly stderr: string;
}

for (const runtime of ["podman", "docker"]) {
  Deno.test(`what ${runtime} says when it fails is understood as recorded`, async () => {
    const lines = recorded(`${runtime}/failures.ndjson`).trimEnd().split("\n");
    const shown = lines.map((line) => {
      const { client, args, code, stderr }: Recorded = JSON.parse(line);
      const { kind, reason } = parseFailure(stderr);
      return `$ ${client} ${args.join(" ")}\n${code} ${kind}: ${reason}\n`;
    });
    await equalsGolden(`failures-${runtime}.txt`, shown.join(""));
  });
}

/** What other versions and other troubles say. */
const SAID: Record<string, { stderr: string; kind: Failure["kind"]; reason: string }> = {
  "docker 20 may not use the socket": {
    stderr:
      'Got permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.24/containers/json?all=1": dial unix /var/run/docker.sock: connect: permission denied\n',
    kind: "other",
    reason:
      'Got permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.24/containers/json?all=1": dial unix /var/run/docker.sock: connect: permission denied',
  },
  "docker 29 may not use the socket": {
    stderr:
      "permission denied while trying to connect to the docker API at unix:///var/run/docker.sock\n",
    kind: "other",
    reason:
      "permission denied while trying to connect to the docker API at unix:///var/run/docker.sock",
  },
  "podman's client may not use the socket": {
    stderr:
      'Cannot connect to Podman. Please verify your connection to the Linux system using `podman system connection list`, or try `podman machine init` and `podman machine start` to manage a new Linux VM\nError: unable to connect to Podman socket: Get "http://d/v4.3.1/libpod/_ping": dial unix /run/podman/podman.sock: connect: permission denied\n',
    kind: "other",
    reason:
      'unable to connect to Podman socket: Get "http://d/v4.3.1/libpod/_ping": dial unix /run/podman/podman.sock: connect: permission denied',
  },
  "docker 29 finds no daemon": {
    stderr:
      "failed to connect to the docker API at unix:///var/run/docker.sock; check if the path is correct and if the daemon is running: dial unix /var/run/docker.sock: connect: no such file or directory\n",
    kind: "not_running",
    reason:
      "failed to connect to the docker API at unix:///var/run/docker.sock; check if the path is correct and if the daemon is running: dial unix /var/run/docker.sock: connect: no such file or directory",
  },
  "podman's machine does not run": {
    stderr:
      "Cannot connect to Podman. Please verify your connection to the Linux system using `podman system connection list`, or try `podman machine init` and `podman machine start` to manage a new Linux VM\nError: unable to connect to Podman socket: failed to connect: dial tcp 127.0.0.1:50000: connect: connection refused\n",
    kind: "not_running",
    reason:
      "unable to connect to Podman socket: failed to connect: dial tcp 127.0.0.1:50000: connect: connection refused",
  },
  "docker has no init": {
    stderr:
      'docker: Error response from daemon: exec: "docker-init": executable file not found in $PATH.\n',
    kind: "no_init",
    reason: 'exec: "docker-init": executable file not found in $PATH',
  },
  "podman has no init": {
    stderr:
      "Error: container-init binary not found on the host: stat /usr/libexec/podman/catatonit: no such file or directory\n",
    kind: "no_init",
    reason:
      "container-init binary not found on the host: stat /usr/libexec/podman/catatonit: no such file or directory",
  },
  "there is no image that is called like an init": {
    stderr:
      "docker: Error response from daemon: No such image: docker-init:1.\nSee 'docker run --help'.\n",
    kind: "no_image",
    reason: "No such image: docker-init:1",
  },
  "docker removes it at this moment": {
    stderr:
      "Error response from daemon: removal of container abc is already in progress: container is marked for removal and cannot be started\n",
    kind: "not_found",
    reason:
      "removal of container abc is already in progress: container is marked for removal and cannot be started",
  },
  "crun finds no program": {
    stderr:
      "Error: crun: executable file `/no/such` not found: No such file or directory: OCI runtime attempted to invoke a command that was not found\n",
    kind: "other",
    reason: "executable file `/no/such` not found: No such file or directory",
  },
  "crun may not execute it": {
    stderr: "Error: crun: open executable: Permission denied: OCI permission denied\n",
    kind: "other",
    reason: "open executable: Permission denied",
  },
  "docker 28 finds no program": {
    stderr:
      "docker: Error response from daemon: failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: \"/no\": stat /no: no such file or directory: unknown\n\nRun 'docker run --help' for more information\n",
    kind: "other",
    reason:
      'unable to start container process: error during container init: exec: "/no": stat /no: no such file or directory',
  },
  "docker warns about its config first": {
    stderr:
      "WARNING: Error loading config file: /root/.docker/config.json: permission denied\nError response from daemon: No such container: a\n",
    kind: "not_found",
    reason: "No such container: a",
  },
  "podman logs another error first": {
    stderr:
      'time="2026-11-21T01:30:30Z" level=error msg="Unable to write image event"\nError: no/such:img: image not known\n',
    kind: "no_image",
    reason: "no/such:img: image not known",
  },
  "podman quotes in its log": {
    stderr:
      'time="2026-11-21T01:30:30Z" level=error msg="cannot read \\"a\\\\b\\"\\nin line 3" file=x\n',
    kind: "other",
    reason: 'cannot read "a\\b" in line 3',
  },
  "the log of podman is cut": {
    stderr: 'time="2026-11-21T01:30:30Z" level=fatal msg="error: cannot re\n',
    kind: "other",
    reason: 'time="2026-11-21T01:30:30Z" level=fatal msg="error: cannot re',
  },
  "docker's log driver keeps nothing": {
    stderr: "Error response from daemon: configured logging driver does not support reading\n",
    kind: "no_log",
    reason: "configured logging driver does not support reading",
  },
  "podman's log driver keeps nothing": {
    stderr:
      "Error: this container is using the 'none' log driver, cannot read logs: this container is not logging output\n",
    kind: "no_log",
    reason:
      "this container is using the 'none' log driver, cannot read logs: this container is not logging output",
  },
  "nothing is said": { stderr: "\n", kind: "other", reason: "it said nothing" },
  "only advice is given": {
    stderr: "See 'docker run --help'.\n",
    kind: "other",
    reason: "it said nothing",
  },
};
for (const [when, { stderr, kind, reason }] of Object.entries(SAID)) {
  Deno.test(`when ${when}, that is understood`, () => {
    const failure = parseFailure(stderr);
    equal(failure.reason, reason);
    equal(failure.kind, kind);
  });
}

// deno-lint-ignore no-control-regex -- these are what must not be there.
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2028\u2029]/;

property("a reason is one line, and what is printed of it has no control characters", () => {
  const piece = fc.oneof(
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.constantFrom(...[
      "Error: ",
      "\n",
      "\r",
      ".",
      ": unknown",
      "\u001b[2J",
      "time=x level=y msg=",
    ]),
    fc.constantFrom(...['"', "\\n", "docker: ", "Error response from daemon: ", "runc: "]),
  );
  const stderr = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
  return {
    input: stderr,
    holds: (stderr) => {
      const failure = parseFailure(stderr);
      match(failure.reason, /^[^\n]+$/);
      for (const error of [unavailable(DOCKER, failure), startError("a", failure.reason)]) {
        ok(!CONTROLS.test(error.message), JSON.stringify(error.message));
      }
    },
    cases: 500,
  };
});
