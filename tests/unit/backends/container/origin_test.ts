import { deepEqual, equal } from "node:assert/strict";
import type { Session } from "../../../../src/backends/backend.ts";
import type { ExpectedCall } from "../../../support/fake_world.ts";
import {
  dialled,
  idOf,
  IMAGE_ID,
  imageAnswer,
  inspectAnswer,
  type Inspected,
  labelsOf,
  podmanListAnswer,
} from "./containers.ts";
import { ONLY_DOCKER, ONLY_PODMAN, withRunner } from "./machine.ts";

const A = idOf("a");
const B = idOf("b");
const COMMITTED = idOf("2");
const ASTRO = labelsOf("astro", { runId: "f" });

/** The question what the labels of images are, with its answer. */
const images = (
  program: "podman" | "docker",
  labels: Readonly<Record<string, Readonly<Record<string, string>> | null>>,
): ExpectedCall => ({
  argv: [program, "image", "inspect", "--", ...Object.keys(labels)],
  stdout: imageAnswer(labels, program === "docker" ? "sha256:" : ""),
});

/** Its name, whether it is one of ours, and why. */
const short = ({ status }: Session): readonly unknown[] => [
  status.name,
  status.managed,
  status.reason,
];

const CASES: Record<
  string,
  {
    readonly of: readonly Inspected[];
    readonly images?: Readonly<Record<string, Readonly<Record<string, string>> | null>>;
    readonly is: unknown;
  }
> = {
  "a container with the name and the image of its labels costs no call": {
    of: [{ name: "astro", labels: ASTRO }],
    is: [["astro", true, null]],
  },
  "a session keeps its name when its container gets another one": {
    of: [{ name: "other", labels: ASTRO }],
    images: { [IMAGE_ID]: null },
    is: [["astro", true, 'PROGRAM calls it "other"']],
  },
  "a session whose image is of a session's container has a run of its own": {
    of: [{ name: "other", labels: ASTRO }],
    images: { [IMAGE_ID]: labelsOf("astro", { runId: "e" }) },
    is: [["astro", true, 'PROGRAM calls it "other"']],
  },
  "a container of an image that was made of a session's container is none": {
    of: [{ name: "other", image: "mine:1", imageId: COMMITTED, labels: ASTRO }],
    images: { [COMMITTED]: ASTRO },
    is: [["other", false, null]],
  },
  "such a container is none with the session's name, either": {
    of: [{ name: "astro", image: "mine:1", imageId: COMMITTED, labels: ASTRO }],
    images: { [COMMITTED]: ASTRO },
    is: [["astro", false, null]],
  },
  "an image that has gone makes a container of another name and image nobody's": {
    of: [{ name: "other", image: "mine:1", imageId: COMMITTED, labels: ASTRO }],
    images: {},
    is: [["other", false, null]],
  },
  "a label without a run makes no session of another name": {
    of: [{ name: "other", labels: { "io.kstops.session": "astro" } }],
    images: { [IMAGE_ID]: null },
    is: [["other", false, null]],
  },
  "of containers of one run, the one with its name is the session": {
    of: [
      { id: A, name: "other", labels: ASTRO, created: "2026-01-02T01:00:00Z" },
      { id: B, name: "astro", labels: ASTRO, created: "2026-01-02T02:00:00Z" },
    ],
    images: { [IMAGE_ID]: null },
    is: [["other", false, null], ["astro", true, null]],
  },
  "of renamed containers of one run, the oldest is the session": {
    of: [
      { id: A, name: "copy", labels: ASTRO, created: "2026-01-02T02:00:00Z" },
      { id: B, name: "other", labels: ASTRO, created: "2026-01-02T01:00:00Z" },
    ],
    images: { [IMAGE_ID]: null },
    is: [["copy", false, null], ["astro", true, 'PROGRAM calls it "other"']],
  },
};
for (const [what, { of, images: labels, is }] of Object.entries(CASES)) {
  const sessionsOf = (program: "podman" | "docker"): Promise<void> => {
    const list = program === "docker" ? dialled(...of) : {
      argv: ["podman", "ps", "--all", "--no-trunc", "--format", "json"],
      stdout: podmanListAnswer(...of),
    };
    const ids = of.map(({ imageId = IMAGE_ID }) => imageId);
    const question: ExpectedCall = {
      ...images(program, { ...labels }),
      argv: [program, "image", "inspect", "--", ...new Set(ids)],
    };
    const calls = labels === undefined ? [list] : [list, question];
    const machine = program === "docker" ? ONLY_DOCKER : ONLY_PODMAN;
    return withRunner({ ...machine, calls }, async ({ runner }) => {
      const [survey] = await runner.survey({});
      const expected = JSON.parse(JSON.stringify(is).replaceAll("PROGRAM", program));
      deepEqual(survey?.sessions.map(short), expected);
    });
  };
  Deno.test(`podman: ${what}`, () => sessionsOf("podman"));
  Deno.test(`docker: ${what}`, () => sessionsOf("docker"));
}

Deno.test("a renamed session is stopped by its id, and recorded under its own name", () => {
  const there = { name: "other", labels: ASTRO, finished: "2026-01-02T03:04:00Z" };
  const asked = images("docker", { [IMAGE_ID]: null });
  const look = (status: string): readonly ExpectedCall[] => [
    {
      argv: ["docker", "container", "inspect", "--", A],
      stdout: inspectAnswer({ ...there, status }),
    },
    asked,
  ];
  const calls = [
    ...[dialled({ ...there, status: "running" }), asked, ...look("running")],
    { argv: ["docker", "stop", "-t", "10", "--", A] },
    ...look("exited"),
    { argv: ["docker", "logs", "--tail", /^\d+$/, "--", A], stdout: "one\n" },
    { argv: ["docker", "rm", "--", A] },
  ];
  return withRunner({ ...ONLY_DOCKER, calls }, async ({ runner, logs }) => {
    const [survey] = await runner.survey({}, { names: ["astro"] });
    const stopped = await survey?.sessions[0]?.stop({ timeoutSeconds: null, force: false });
    equal(stopped?.name, "astro");
    equal((await logs.runs("astro")).at(-1)?.stopped !== null, true);
    deepEqual(await logs.runs("other"), []);
  });
});
