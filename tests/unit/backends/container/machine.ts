/** Machines with container runtimes, and the backend at work on them. */
import type { Runner } from "../../../../src/backends/backend.ts";
import { containerRunner } from "../../../../src/backends/container/runner.ts";
import { type LogStore, logStore } from "../../../../src/logs/store.ts";
import {
  type FakeFile,
  type FakeWorld,
  type FakeWorldSpec,
  withFakeWorld,
} from "../../../support/fake_world.ts";

const PROGRAM: FakeFile = { mode: 0o755 };
const ENV = { PATH: "/bin", HOME: "/home/user" };

/** A machine with podman. */
export const ONLY_PODMAN: FakeWorldSpec = { env: ENV, files: { "/bin/podman": PROGRAM } };
/** A machine with docker. */
export const ONLY_DOCKER: FakeWorldSpec = { env: ENV, files: { "/bin/docker": PROGRAM } };
/** A machine with both. */
export const BOTH: FakeWorldSpec = {
  env: ENV,
  files: { ...ONLY_PODMAN.files, ...ONLY_DOCKER.files },
};

/** The container backend in a fake world, with a store of its own. */
export interface AtWork {
  readonly world: FakeWorld;
  readonly runner: Runner;
  readonly logs: LogStore;
}

/** Runs `body` with the backend on that machine. */
export function withRunner(
  spec: FakeWorldSpec,
  body: (t: AtWork) => Promise<void>,
): Promise<void> {
  return withFakeWorld({ ...spec, env: { ...ENV, ...spec.env } }, (world) => {
    const logs = logStore(world, (warning) => {
      throw new Error(`unexpected warning: ${warning}`);
    });
    return body({ world, logs, runner: containerRunner(world, { logs }) });
  });
}
