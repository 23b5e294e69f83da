/** What a place is called, and which flags choose it. */
import { deepEqual, equal, throws } from "node:assert/strict";
import {
  formatPlace,
  formatPlaceFlags,
  isSamePlace,
  isWithin,
  parsePlaceFlags,
  type Place,
  type PlaceFlags,
  type PlaceSelector,
} from "../../../src/model/place.ts";
import { lockName } from "../../../src/model/place.ts";

const BOTS: Place = { host: null, backend: "tmux", engine: "tmux", scope: "bots" };
const PODMAN: Place = { host: null, backend: "container", engine: "podman", scope: null };

Deno.test("a place has one name, and one of another machine begins with the name of that", () => {
  equal(formatPlace(BOTS), "tmux:bots");
  equal(formatPlace(PODMAN), "podman");
  equal(formatPlace({ ...BOTS, host: "web1" }), "web1/tmux:bots");
  equal(formatPlace({ ...PODMAN, host: "web1" }), "web1/podman");
});

Deno.test("the lock on a session has the name of its place, the usual one where it tells none", () => {
  equal(lockName({ backend: "tmux", engine: "tmux", socketName: "bots" }), "tmux:bots");
  equal(lockName({ backend: "tmux", engine: null, socketName: null }), "tmux:default");
  equal(lockName({ backend: "container", engine: "podman", socketName: null }), "podman");
  equal(lockName({ backend: "container", engine: null, socketName: null }), "container");
});

Deno.test("places of two machines are two places", () => {
  equal(isSamePlace(BOTS, { ...BOTS }), true);
  equal(isSamePlace(BOTS, { ...BOTS, host: "web1" }), false);
  equal(isWithin({ ...BOTS, host: "web1" }, { host: "web1", scope: "bots" }), true);
  equal(isWithin({ ...BOTS, host: "web1" }, { host: null }), false);
  equal(isWithin({ ...BOTS, host: "web1" }, {}), true);
});

const MEANT: Record<string, readonly [PlaceFlags, PlaceSelector]> = {
  "nothing": [{}, { backend: undefined }],
  "a backend": [{ backend: "container" }, { backend: "container" }],
  "a socket, which only tmux has": [{ socket: "bots" }, { backend: "tmux", scope: "bots" }],
  "a runtime, which only containers have": [
    { runtime: "docker" },
    { backend: "container", engine: "docker" },
  ],
};
for (const [what, [flags, expected]] of Object.entries(MEANT)) {
  Deno.test(`flags choose ${what}`, () => {
    deepEqual(parsePlaceFlags(flags), expected);
  });
}

const REFUSED: Record<string, readonly [PlaceFlags, string]> = {
  "a socket of containers": [
    { socket: "bots", backend: "container" },
    "Cannot use --socket with --backend container: it is only for tmux",
  ],
  "a socket of a runtime": [
    { socket: "bots", runtime: "podman" },
    "Cannot use --socket with --runtime: it is only for tmux",
  ],
  "a runtime of tmux": [
    { runtime: "podman", backend: "tmux" },
    "Cannot use --runtime with --backend tmux: it is only for containers",
  ],
};
for (const [what, [flags, message]] of Object.entries(REFUSED)) {
  Deno.test(`flags cannot choose ${what}`, () => {
    throws(() => parsePlaceFlags(flags), { code: "usage", message });
  });
}

Deno.test("flags are printed for a shell, in one order", () => {
  const flags: PlaceFlags = { project: "my shop", runtime: "podman", backend: "container" };
  deepEqual(formatPlaceFlags(flags), [
    ...["--backend", "container"],
    ...["--runtime", "podman"],
    ...["--project", "'my shop'"],
  ]);
});
