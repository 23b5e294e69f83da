import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import fc from "fast-check";
import { neverExecuted } from "../../../../src/backends/container/failure.ts";
import { GarbledAnswerError } from "../../../../src/backends/container/fields.ts";
import { isManaged, isProtected, recordOf } from "../../../../src/backends/container/labels.ts";
import { parseAnswers } from "../../../../src/backends/container/answers.ts";
import {
  type Container,
  parseInspected,
  parsePodmanList,
} from "../../../../src/backends/container/parse.ts";
import { statusOfContainer } from "../../../../src/backends/container/status.ts";
import { responseReader } from "../../../../src/backends/container/responses.ts";
import { NOBODY, type Runtime, type SessionStatus } from "../../../../src/model.ts";
import { idOf, labelsOf, recorded } from "./containers.ts";
import { property } from "../../../support/property.ts";

const LISTED = parsePodmanList(recorded("podman/list.json"));
const INSPECTED = {
  podman: parseInspected(recorded("podman/inspect.json")),
  docker: parseInspected(recorded("docker/inspect.json")),
};

function status(runtime: Runtime, container: Container, kept = false): SessionStatus {
  return statusOfContainer(container, { runtime, kept });
}

function named(containers: readonly Container[], name: string): Container {
  const found = containers.find((container) => container.name === name);
  ok(found !== undefined, `${name} was not recorded`);
  return found;
}

function only(containers: readonly Container[]): Container {
  const [container, ...more] = containers;
  ok(container !== undefined && more.length === 0);
  return container;
}

/** State, exit code, signal, whether it has a process, whether it knows when it ended. */
type Short = readonly [string, number | null, string | null, boolean, boolean];
const short = (of: SessionStatus): Short => [
  of.state,
  of.exitCode,
  of.signal,
  of.pid !== null,
  of.finishedAt !== null,
];

const RUNS: Short = ["running", null, null, true, false];
const NEVER_RAN: Short = ["stopped", null, null, false, false];
const KILLED: Short = ["exited", 137, "SIGKILL", false, true];

const STATES: Record<string, Short> = {
  "st-created": NEVER_RAN,
  "st-running": RUNS,
  "st-paused": ["stopped", null, null, true, false],
  "st-exited0": ["exited", 0, null, false, true],
  "st-exited3": ["exited", 3, null, false, true],
  "st-killed": KILLED,
  "st-stopped": KILLED,
  "st-term": ["exited", 0, null, false, true],
  "st-restarting": ["exited", 5, null, false, true],
  "st-nocmd": NEVER_RAN,
  "st-two": RUNS,
  "st-host": RUNS,
  "st-tty": RUNS,
  "st-health": RUNS,
};
const OF_DOCKER: Record<string, Short> = { ...STATES, "st-dead": KILLED, "oom": KILLED };
const OF_PODMAN: Record<string, Short> = { ...STATES, "st-conmon": RUNS, "oom": KILLED };
const LISTED_STATES: Record<string, Short> = { ...STATES, "st-conmon": RUNS, "st-oom": KILLED };

const RECORDED = {
  "docker's inspect": ["docker", INSPECTED.docker, OF_DOCKER],
  "podman's inspect": ["podman", INSPECTED.podman, OF_PODMAN],
  "podman's list": ["podman", LISTED, LISTED_STATES],
} as const;
for (const [what, [runtime, containers, states]] of Object.entries(RECORDED)) {
  for (const [name, is] of Object.entries(states)) {
    Deno.test(`${what} of ${name} is ${is[0]}`, () => {
      deepEqual(short(status(runtime, named(containers, name))), is);
    });
  }

  Deno.test(`every recorded state of ${what} is tested`, () => {
    deepEqual(containers.map(({ name }) => name).sort(), Object.keys(states).sort());
  });
}

Deno.test("docker's container that runs is whole", () => {
  deepEqual(status("docker", named(INSPECTED.docker, "st-running")), {
    name: "st-running",
    backend: "container",
    state: "running",
    pid: 10148,
    exitCode: null,
    signal: null,
    createdAt: new Date("2026-11-21T01:07:37.053Z"),
    finishedAt: null,
    managed: false,
    defined: false,
    engine: "docker",
    engineState: "running",
    socketName: null,
    windowCount: null,
    attached: null,
    id: "43957221552fafcb85c5afbaedd96c387075f145bc6930a80ea5701688fdba22",
    image: "localhost/kstops-test:1",
    ports: [
      { hostIp: "127.0.0.1", hostPort: 18101, containerPort: 80, protocol: "tcp" },
      { hostIp: "127.0.0.1", hostPort: 32768, containerPort: 81, protocol: "udp" },
    ],
    command: ["httpd", "-f", "-p", "80", "-h", "/www"],
    workingDir: "/tmp",
    reason: null,
    ...NOBODY,
    leftovers: null,
    restartPolicy: "unless-stopped",
    restarts: 0,
    nextRestartAt: null,
    health: null,
    groups: [],
    drift: null,
  });
});

Deno.test("podman's container that runs is whole", () => {
  deepEqual(status("podman", named(LISTED, "st-running")), {
    name: "st-running",
    backend: "container",
    state: "running",
    pid: 11772,
    exitCode: null,
    signal: null,
    createdAt: new Date("2026-11-21T01:07:44.000Z"),
    finishedAt: null,
    managed: false,
    defined: false,
    engine: "podman",
    engineState: "running",
    socketName: null,
    windowCount: null,
    attached: null,
    id: "63994c9e4517b2cb9943560fa37366d3172c164d1b308f824ffbde2b7544f06c",
    image: "localhost/kstops-test:1",
    ports: [
      { hostIp: "127.0.0.1", hostPort: 18102, containerPort: 80, protocol: "tcp" },
      { hostIp: "127.0.0.1", hostPort: 46705, containerPort: 81, protocol: "udp" },
    ],
    command: ["httpd", "-f", "-p", "80", "-h", "/www"],
    workingDir: null,
    reason: null,
    ...NOBODY,
    leftovers: null,
    restartPolicy: null,
    restarts: null,
    nextRestartAt: null,
    health: null,
    groups: [],
    drift: null,
  });
});

for (const container of LISTED) {
  const closer = INSPECTED.podman.find(({ id }) => id === container.id);
  if (closer === undefined) continue;
  Deno.test(`podman's list and inspect say the same of ${container.name}`, () => {
    // What only a closer look tells; and one that restarts was looked at twice.
    const unknown = { workingDir: null, reason: null, restartPolicy: null, restarts: null };
    const moment = container.name === "st-restarting" ? { finishedAt: null } : {};
    deepEqual(
      { ...status("podman", container), ...unknown, ...moment },
      { ...status("podman", closer), ...unknown, ...moment },
    );
    deepEqual(container.labels, closer.labels);
  });
}

Deno.test("times are exact to the millisecond of docker, and to the second of podman", () => {
  const { finishedAt } = status("docker", named(INSPECTED.docker, "st-exited3"));
  deepEqual(finishedAt, new Date("2026-11-21T01:07:37.957Z"));
  const closer = status("podman", named(INSPECTED.podman, "st-exited3"));
  deepEqual(closer.finishedAt, new Date("2026-11-21T01:07:45.000Z"));
});

Deno.test("labels come as they are", () => {
  for (const container of [...LISTED, ...INSPECTED.podman, ...INSPECTED.docker]) {
    if (container.name !== "st-running") continue;
    const json = '{"a":"b c","n":1}';
    deepEqual({ ...container.labels }, {
      ...{ "empty": "", "kstops": "1", "kstops.json": json, "kstops.project": "demo" },
    });
  }
});

Deno.test("docker's own word on what went wrong is the reason", () => {
  const { reason } = status("docker", named(INSPECTED.docker, "st-nocmd"));
  ok(reason?.includes('exec: "/no/such/prog"'), `${reason}`);
  const dead = status("docker", named(INSPECTED.docker, "st-dead"));
  ok(dead.reason?.startsWith("unable to remove filesystem"), `${dead.reason}`);
});

Deno.test("one that is started again and again says so", () => {
  equal(
    status("docker", named(INSPECTED.docker, "st-restarting")).reason,
    "docker starts it again and again (9 times so far)",
  );
});

// --- shapes that were not recorded ---------------------------------------------------------------

const ID = idOf("abc");

/** A row of podman's list with no more than has to be there. */
function listed(row: object = {}): string {
  return JSON.stringify([{ Id: ID, Names: ["astro"], State: "running", ...row }]);
}

/** The same of `inspect`. */
function inspected(whole: object = {}, state: object = {}): string {
  const base = { Id: ID, Name: "/astro", State: { Status: "running", ...state }, Config: {} };
  return JSON.stringify([{ ...base, ...whole }]);
}

Deno.test("podman 5 knows more keys, and its list is read all the same", () => {
  const container = only(parsePodmanList(listed({
    ...{ AutoRemove: false, Command: ["sleep", "60"], CreatedAt: "2 seconds ago", CIDFile: "" },
    ...{ Exited: false, ExitedAt: -62135596800, ExitCode: 0, ExposedPorts: { 53: ["udp"] } },
    ...{ Image: "docker.io/library/busybox:1", ImageID: "abc", IsInfra: false, Labels: null },
    ...{ Mounts: [], Namespaces: {}, Networks: [], Pid: 5, Pod: "", PodName: "", Ports: [] },
    ...{ Restarts: 3, Size: null, StartedAt: 1767322801, Status: "Up 2 s", Created: 1767322800 },
  })));
  deepEqual(container, {
    id: ID,
    name: "astro",
    state: "running",
    pid: 5,
    exitCode: null,
    createdAt: new Date(1_767_322_800_000),
    finishedAt: null,
    image: "docker.io/library/busybox:1",
    imageId: "abc",
    command: ["sleep", "60"],
    ports: [],
    labels: {},
    health: null,
    details: null,
    unread: null,
  });
});

Deno.test("podman 5 says more in inspect, and it is read all the same", () => {
  const container = only(parseInspected(inspected({
    ...{ Created: "2026-01-02T05:00:00.123456789+02:00", Path: "sleep", Args: ["60"] },
    ...{ Name: "astro", ImageName: "busybox:1", ImageDigest: "sha256:1", Image: "abc" },
    Config: {
      ...{ Cmd: ["sleep", "60"], Entrypoint: ["/entry", "x"], StopSignal: "SIGTERM", Tty: true },
      ...{ Env: ["A=b=c", "EMPTY=", "NONE"], WorkingDir: "/w", Labels: null },
    },
    NetworkSettings: { Ports: { "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "8080" }] } },
    HostConfig: {
      PortBindings: { "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "8080" }] },
      RestartPolicy: { Name: "always", MaximumRetryCount: 0 },
    },
  }, {
    StartedAt: "2026-01-02T05:00:01.25+02:00",
    ...{ StoppedByUser: true, Pid: 0, ExitCode: 0, FinishedAt: "2026-01-02T05:00:09+02:00" },
    ...{ Status: "exited", OOMKilled: false, Error: "", Health: { Status: "" } },
  })));
  deepEqual(container, {
    id: ID,
    name: "astro",
    state: "exited",
    pid: null,
    exitCode: 0,
    createdAt: new Date("2026-01-02T03:00:00.123Z"),
    finishedAt: new Date("2026-01-02T03:00:09.000Z"),
    image: "busybox:1",
    imageId: "abc",
    command: ["sleep", "60"],
    ports: [{ hostIp: null, hostPort: 8080, containerPort: 80, protocol: "tcp" }],
    labels: {},
    health: null,
    details: {
      workingDir: "/w",
      tty: true,
      env: { A: "b=c", EMPTY: "", NONE: "" },
      outOfMemory: false,
      error: null,
      startedAt: new Date("2026-01-02T03:00:01.250Z"),
      restartPolicy: "always",
      restarts: 0,
      mostRestarts: 0,
      memoryBytes: 0,
      removesItself: false,
      logPath: null,
    },
    unread: null,
  });
});

Deno.test("docker 28 leaves keys out, and its inspect is read all the same", () => {
  const container = only(parseInspected(inspected({
    ...{ Path: "/entry", Args: null, Platform: "linux", ImageManifestDescriptor: {} },
    Config: { Image: "busybox", Labels: {}, Env: null },
    NetworkSettings: { SandboxID: "", Ports: { "80/tcp": null } },
  })));
  deepEqual([container.command, container.image, container.ports], [["/entry"], "busybox", []]);
  equal(container.createdAt, null);
});

const EMPTY = ["", "\n", "[]", "[]\n", "null"];
for (const text of EMPTY) {
  Deno.test(`no container is ${JSON.stringify(text)}`, () => {
    deepEqual(parsePodmanList(text), []);
    deepEqual(parseInspected(text), []);
  });
}

/** What may be missing or null: the rest of the list must not suffer from it. */
const UNKNOWN = {
  pid: null,
  exitCode: null,
  createdAt: null,
  finishedAt: null,
  image: null,
  imageId: null,
  command: null,
  ports: [],
  labels: {},
  health: null,
  unread: null,
};
Deno.test("what is missing is unknown", () => {
  const known = { id: ID, name: "astro", state: "running", ...UNKNOWN };
  deepEqual(only(parsePodmanList(listed())), { ...known, details: null });
  const { details, ...rest } = only(parseInspected(inspected()));
  deepEqual(rest, known);
  deepEqual(details, {
    ...{
      workingDir: "/",
      tty: false,
      env: {},
      outOfMemory: false,
      error: null,
      restarts: 0,
      mostRestarts: 0,
      memoryBytes: 0,
      removesItself: false,
      logPath: null,
    },
    ...{ startedAt: null, restartPolicy: null },
  });
});

const LIST_KEYS = ["Pid", "Image", "Command", "Ports", "Labels", "Created", "Exited", "ExitedAt"];
for (const key of LIST_KEYS) {
  for (const nothing of [null, ""]) {
    Deno.test(`a list in which ${key} is ${JSON.stringify(nothing)} is read`, () => {
      deepEqual(only(parsePodmanList(listed({ [key]: nothing }))), only(parsePodmanList(listed())));
    });
  }
}

const GARBAGE: Record<string, readonly [parse: (text: string) => unknown, text: string]> = {
  "a sentence": [parsePodmanList, "no containers"],
  "a sentence instead of a closer look": [parseInspected, "Error: no such container"],
  "half of a list": [parsePodmanList, listed().slice(0, -5)],
  "half of a closer look": [parseInspected, inspected().slice(0, 40)],
  "an object": [parsePodmanList, "{}"],
  "one object a line": [parsePodmanList, "{}\n{}\n"],
};
for (const [what, [parse, text]] of Object.entries(GARBAGE)) {
  Deno.test(`${what} is garbage`, () => throws(() => parse(text), GarbledAnswerError));
}

/** A row that cannot be read, and what is said of it: nobody knows which, whose, or how it is. */
const UNKNOWN_ROWS: Record<string, readonly [typeof parsePodmanList, string, RegExp]> = {
  "a text": [parseInspected, '["a"]', /^what the runtime says of it could not be understood$/],
  "null": [parsePodmanList, "[null]", /could not be understood$/],
  "a list": [parseInspected, "[[]]", /could not be understood$/],
  "one without an id": [parsePodmanList, listed({ Id: undefined }), /its Id$/],
  "one whose id is empty": [parsePodmanList, listed({ Id: "" }), /its Id$/],
  "one without a name": [parsePodmanList, listed({ Names: null }), /its Names$/],
  "one with no name": [parsePodmanList, listed({ Names: [] }), /its Names$/],
  "one whose names are an object": [parsePodmanList, listed({ Names: {} }), /its Names$/],
  "one without a state": [parsePodmanList, listed({ State: null }), /its State$/],
  "one whose state is a number": [parsePodmanList, listed({ State: 2 }), /its State$/],
  "one whose labels are a list": [parsePodmanList, listed({ Labels: ["a=b"] }), /its Labels$/],
  "one with a label that is no text": [parsePodmanList, listed({ Labels: { a: 1 } }), /Labels$/],
  "one with two odd fields": [
    parsePodmanList,
    listed({ Pid: "x", State: 1 }),
    /its State and Pid$/,
  ],
  "an inspected one without an id": [parseInspected, inspected({ Id: null }), /its Id$/],
  "an inspected one without a name": [parseInspected, inspected({ Name: undefined }), /its Name$/],
  "an inspected one named /": [parseInspected, inspected({ Name: "/" }), /its Name$/],
  "an inspected one named 5": [parseInspected, inspected({ Name: 5 }), /its Name$/],
  "an inspected one without a state": [parseInspected, inspected({ State: null }), /its State$/],
  "an inspected one without a word": [parseInspected, inspected({}, { Status: "" }), /its State$/],
  "an inspected one without a config": [parseInspected, inspected({ Config: null }), /its Config$/],
};
/** A row of which one fact cannot be read: the others are what they are. */
const ODD_FACTS: Record<string, readonly [typeof parsePodmanList, string, RegExp]> = {
  "a pid that is a text": [parsePodmanList, listed({ Pid: "5" }), /its Pid$/],
  "a pid that is no whole number": [parsePodmanList, listed({ Pid: 0.5 }), /its Pid$/],
  "a command that is a text": [parsePodmanList, listed({ Command: "sleep" }), /its Command$/],
  "ports that are a text": [parsePodmanList, listed({ Ports: "80" }), /its Ports$/],
  "a time that is an object": [parsePodmanList, listed({ Created: {} }), /its Created$/],
  "variables that are no texts": [parseInspected, inspected({ Config: { Env: [1] } }), /its Env$/],
  "a port that is none": [
    parseInspected,
    inspected({ NetworkSettings: { Ports: { "http/tcp": [{ HostPort: "80" }] } } }),
    /its Ports$/,
  ],
  "a port of no number": [
    parseInspected,
    inspected({ NetworkSettings: { Ports: { "/tcp": [{ HostPort: "80" }] } } }),
    /its Ports$/,
  ],
  "a restart policy that is a text": [
    parseInspected,
    inspected({ HostConfig: { RestartPolicy: "always" } }),
    /its RestartPolicy$/,
  ],
};
for (
  const [rows, state] of [[UNKNOWN_ROWS, "unknown"], [ODD_FACTS, "running"]] as const
) {
  for (const [what, [parse, text, reason]] of Object.entries(rows)) {
    Deno.test(`a row that is or has ${what} is ${state}, and those beside it are told`, () => {
      const of = status("podman", only(parse(text)));
      equal(of.state, state);
      match(of.reason ?? "", reason);
      const good = parse === parsePodmanList ? listed() : inspected();
      const beside = parse(`[${good.slice(1, -1)},${text.slice(1, -1)},${good.slice(1, -1)}]`);
      deepEqual(beside.map((each) => status("podman", each).state), ["running", state, "running"]);
    });
  }
}

Deno.test("of an exit code, a time and a port that cannot be, nothing is told", () => {
  const State = { Status: "exited", FinishedAt: "2026-01-02T03:04:05Z", ExitCode: -1 };
  const Ports = { "80/tcp": [{ HostIp: "", HostPort: "-1.5" }] };
  const facts = { State, Created: "+012345-01-01T00:00:00Z", HostConfig: { PortBindings: Ports } };
  const { exitCode, createdAt, ports } = only(parseInspected(inspected(facts)));
  deepEqual([exitCode, createdAt, ports[0]?.hostPort], [null, null, null]);
  const ended = { State: "exited", Exited: true, ExitedAt: 1767323045, ExitCode: 256 };
  equal(only(parsePodmanList(listed(ended))).exitCode, null);
  equal(only(parsePodmanList(listed({ Created: 1e15 }))).createdAt, null);
});

property("no text makes the parsers throw anything else", () => {
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fc.array(fc.object()).map((x) => JSON.stringify(x)),
  );
  return {
    input: text,
    holds: (text) => {
      for (const parse of [parsePodmanList, parseInspected, parseOne]) {
        try {
          parse(text);
        } catch (error) {
          ok(error instanceof GarbledAnswerError, `${error}`);
        }
      }
    },
  };
});

{
  const anything = fc.constantFrom<unknown>(null, undefined, 0, -1, "", "x", [], {}, true, [null]);
  const change = (value: unknown, at: number, to: unknown): unknown => {
    let left = at;
    const walk = (each: unknown): unknown => {
      if (left-- === 0) return to;
      if (Array.isArray(each)) return each.map(walk);
      if (typeof each !== "object" || each === null) return each;
      return Object.fromEntries(Object.entries(each).map(([key, of]) => [key, walk(of)]));
    };
    return walk(value);
  };
  const files = {
    "podman/list.json": parsePodmanList,
    "podman/inspect.json": parseInspected,
    "docker/inspect.json": parseInspected,
  };

  for (const [file, parse] of Object.entries(files)) {
    property(`no container of ${file} with a value of another type throws anything else`, () => {
      const whole: unknown = JSON.parse(recorded(file));
      return {
        input: fc.tuple(fc.nat(150), anything),
        holds: ([at, to]) => {
          const text = JSON.stringify(change(whole, at, to)) ?? "";
          try {
            const containers = parse(text);
            for (const { id, name, state, unread } of containers) {
              const isWhole = id !== "" && name !== "" && state !== "";
              ok(isWhole || unread?.isKnown === false);
            }
          } catch (error) {
            ok(error instanceof GarbledAnswerError, `${error}`);
          }
        },
      };
    });
  }
}

/** What comes of a daemon that says this of its only container. */
function parseOne(body: string): unknown {
  const list = { status: 200, body: "[]" };
  return parseAnswers({ ids: [idOf("a")], responses: [list, { status: 200, body }] });
}

Deno.test("the answers of docker's daemon are what its inspect says", () => {
  const responses = responseReader().add(new TextEncoder().encode(recorded("docker/dial.http")));
  ok(responses);
  const ids = INSPECTED.docker.map(({ id }) => id);
  deepEqual(parseAnswers({ ids, responses }), { containers: INSPECTED.docker });
});

const HOSTILE = ["\u001b[31mred", "a\nb", "__proto__", "constructor", "\u202eevil", "💥", "\\"];
for (const text of HOSTILE) {
  Deno.test(`${JSON.stringify(text)} is taken as it is, wherever it stands`, () => {
    const labels = Object.fromEntries([[text, text]]);
    const fields = { Image: text, Command: [text], Labels: labels };
    const row = only(parsePodmanList(listed({ ...fields, Names: [text] })));
    deepEqual([row.name, row.image, row.command], [text, text, [text]]);
    deepEqual(Object.entries(row.labels), [[text, text]]);
    const config = { Image: text, Labels: labels, Env: [`${text}=x`] };
    const closer = only(
      parseInspected(inspected({ Name: `/${text}`, Path: text, Config: config })),
    );
    deepEqual([closer.name, closer.image, closer.command], [text, text, [text]]);
    deepEqual(Object.entries(closer.labels), [[text, text]]);
    deepEqual(Object.entries(closer.details?.env ?? {}), [[text, "x"]]);
  });
}

// --- ports ---------------------------------------------------------------------------------------

/** `ADDRESS:HOST:CONTAINER/PROTOCOL`. */
const shortPorts = (container: Container): readonly string[] =>
  container.ports.map(({ hostIp, hostPort, containerPort, protocol }) =>
    `${hostIp ?? "*"}:${hostPort ?? "?"}:${containerPort}/${protocol}`
  );

/** The same ports in podman's list, in podman's inspect, and in docker's inspect. */
const PORTS: Record<
  string,
  { row: readonly object[]; ports: Record<string, unknown>; is: readonly string[] }
> = {
  "one": {
    row: [{ host_ip: "127.0.0.1", container_port: 80, host_port: 8080, range: 1, protocol: "tcp" }],
    ports: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "8080" }] },
    is: ["127.0.0.1:8080:80/tcp"],
  },
  "on every address": {
    row: [{ host_ip: "", container_port: 80, host_port: 8080, range: 1, protocol: "tcp" }],
    ports: { "80/tcp": [{ HostIp: "", HostPort: "8080" }] },
    is: ["*:8080:80/tcp"],
  },
  "a range, in the order of numbers": {
    row: [
      { host_ip: "", container_port: 100, host_port: 18741, range: 1, protocol: "udp" },
      { host_ip: "", container_port: 99, host_port: 7000, range: 3, protocol: "tcp" },
    ],
    ports: {
      "100/tcp": [{ HostIp: "", HostPort: "7001" }],
      "100/udp": [{ HostIp: "", HostPort: "18741" }],
      "101/tcp": [{ HostIp: "", HostPort: "7002" }],
      "99/tcp": [{ HostIp: "", HostPort: "7000" }],
    },
    is: ["*:7000:99/tcp", "*:7001:100/tcp", "*:18741:100/udp", "*:7002:101/tcp"],
  },
  "IPv6, udp and sctp": {
    row: [
      { host_ip: "::1", container_port: 53, host_port: 53, range: 1, protocol: "udp" },
      { host_ip: "127.0.0.1", container_port: 53, host_port: 53, range: 1, protocol: "udp" },
      { host_ip: "::", container_port: 9, host_port: 9, range: 1, protocol: "sctp" },
    ],
    ports: {
      "53/udp": [{ HostIp: "127.0.0.1", HostPort: "53" }, { HostIp: "::1", HostPort: "53" }],
      "9/sctp": [{ HostIp: "::", HostPort: "9" }],
    },
    is: [":::9:9/sctp", "127.0.0.1:53:53/udp", "::1:53:53/udp"],
  },
  "one that has no number yet": {
    row: [{ host_ip: "", container_port: 80, host_port: 0, range: 0, protocol: "" }],
    ports: { "80/tcp": [{ HostIp: "", HostPort: "" }] },
    is: ["*:?:80/tcp"],
  },
};
for (const [what, { row, ports, is }] of Object.entries(PORTS)) {
  Deno.test(`ports: ${what}, by list and by inspect`, () => {
    deepEqual(shortPorts(only(parsePodmanList(listed({ Ports: row })))), is);
    const running = inspected({ NetworkSettings: { Ports: ports } });
    deepEqual(shortPorts(only(parseInspected(running))), is);
  });

  Deno.test(`ports: ${what}, of a container that does not run`, () => {
    const stopped = inspected({
      NetworkSettings: { Ports: {} },
      HostConfig: { PortBindings: ports },
    });
    deepEqual(shortPorts(only(parseInspected(stopped))), is);
  });
}

Deno.test("every address of docker is said: it has two kinds of them", () => {
  const both = [{ HostIp: "0.0.0.0", HostPort: "80" }, { HostIp: "::", HostPort: "80" }];
  const ports = { "80/tcp": both, "81/tcp": null };
  const container = only(parseInspected(inspected({ NetworkSettings: { Ports: ports } })));
  deepEqual(shortPorts(container), ["0.0.0.0:80:80/tcp", ":::80:80/tcp"]);
});

Deno.test("a range beyond all ports is cut", () => {
  const port = { host_ip: "", container_port: 1, host_port: 1, range: 1e15, protocol: "tcp" };
  equal(only(parsePodmanList(listed({ Ports: [port] }))).ports.length, 65_535);
});

// --- commands ------------------------------------------------------------------------------------

/** podman says in `Path` and `Args` what it really runs. */
const COMMANDS: Record<string, { whole: object; is: readonly string[] | null }> = {
  "of one word, which podman 4.3 says twice": {
    whole: { ImageName: "i", Path: "true", Args: ["true"], Config: { Cmd: ["true"] } },
    is: ["true"],
  },
  "behind podman's init": {
    whole: { ImageName: "i", Path: "/run/podman-init", Args: ["--", "a"], Config: { Cmd: ["a"] } },
    is: ["a"],
  },
  "that podman does not know": {
    whole: { ImageName: "i", Path: "/entry", Args: [], Config: { Cmd: null } },
    is: null,
  },
  "of docker with its entry point": {
    whole: { Path: "/entry", Args: ["a b", ""], Config: { Cmd: ["a b", ""] } },
    is: ["/entry", "a b", ""],
  },
};
for (const [what, { whole, is }] of Object.entries(COMMANDS)) {
  Deno.test(`a command ${what} is what the list says`, () => {
    deepEqual(only(parseInspected(inspected(whole))).command, is);
  });
}

// --- status --------------------------------------------------------------------------------------

const FINISHED = "2026-01-02T03:04:05Z";

/** Runtime's word, whether it has ended before, and the state. */
const WORDS: readonly (readonly [word: string, hasEnded: boolean, is: SessionStatus["state"]])[] = [
  ["running", false, "running"],
  ["stopping", true, "running"],
  ["exited", true, "exited"],
  ["stopped", true, "exited"],
  ["restarting", true, "exited"],
  ["dead", true, "exited"],
  ["dead", false, "stopped"],
  ["removing", true, "exited"],
  ["removing", false, "stopped"],
  ["paused", true, "stopped"],
  ["created", false, "stopped"],
  ["configured", false, "stopped"],
  ["initialized", false, "stopped"],
];
for (const [word, hasEnded, is] of WORDS) {
  Deno.test(`a container that is ${word}, ${hasEnded ? "" : "never "}ended, is ${is}`, () => {
    const text = inspected({}, { Status: word, ...(hasEnded ? { FinishedAt: FINISHED } : {}) });
    const of = status("docker", only(parseInspected(text)));
    deepEqual([of.state, of.engineState], [is, word]);
    equal(of.exitCode === null, is !== "exited");
  });
}

Deno.test("a word that nobody knows is no state, and is said", () => {
  const of = status("podman", only(parsePodmanList(listed({ State: "teleported" }))));
  equal(of.state, "unknown");
  equal(
    of.reason,
    "podman calls its state teleported, which this version of kstops does not know",
  );
});

Deno.test("one that kstops stopped, and kept, has not ended by itself", () => {
  const text = inspected({}, { Status: "exited", ExitCode: 143, FinishedAt: FINISHED });
  const of = status("docker", only(parseInspected(text)), true);
  deepEqual([of.state, of.exitCode, of.signal], ["stopped", 143, "SIGTERM"]);
  const running = status("docker", only(parseInspected(inspected())), true);
  equal(running.state, "running");
});

/** The status of a container that its runtime describes so: docker in `inspect`, podman in its list. */
function statusWith(runtime: Runtime, state: string, health: unknown): SessionStatus {
  const [Id, name] = [idOf("a"), "astro"];
  if (runtime === "docker") {
    const State = { Status: state, ...(health === undefined ? {} : { Health: health }) };
    return status(
      runtime,
      only(parseInspected(JSON.stringify([{ Id, Name: name, State, Config: {} }]))),
    );
  }
  const row = { Id, Names: [name], State: state, Status: health };
  return status(runtime, only(parsePodmanList(JSON.stringify([row]))));
}

const HEALTHS: readonly (readonly [Runtime, unknown, SessionStatus["health"]])[] = [
  ["docker", { Status: "healthy" }, "healthy"],
  ["docker", { Status: "unhealthy" }, "unhealthy"],
  ["docker", { Status: "starting" }, "starting"],
  ["docker", { Status: "none" }, null],
  ["docker", { Status: "sleepy" }, "unknown"],
  ["docker", { Status: "" }, null],
  ["docker", undefined, null],
  ["docker", null, null],
  ["podman", "Up 15 seconds ago (starting)", "starting"],
  ["podman", "Up 2 hours ago (healthy)", "healthy"],
  ["podman", "Up 2 hours (unhealthy)", "unhealthy"],
  ["podman", "Up 2 hours ago", null],
  ["podman", "Up 2 hours (Paused)", null],
  ["podman", undefined, null],
];
for (const [runtime, said, health] of HEALTHS) {
  Deno.test(`the health of a container is read: ${runtime} says ${JSON.stringify(said)}`, () => {
    equal(statusWith(runtime, "running", said).health, health);
  });
}

Deno.test("podman's inspect tells the health of a container by either of its names", () => {
  for (const key of ["Health", "Healthcheck"]) {
    const State = { Status: "running", [key]: { Status: "healthy" } };
    const row = { Id: idOf("a"), Name: "astro", ImageName: "busybox", State, Config: {} };
    equal(status("podman", only(parseInspected(JSON.stringify([row])))).health, "healthy");
  }
});

Deno.test("a container that does not run has no health, whatever it had", () => {
  for (const state of ["exited", "paused", "restarting"]) {
    equal(statusWith("docker", state, { Status: "unhealthy" }).health, null);
  }
});

Deno.test("a health that cannot be understood leaves the rest as it is", () => {
  const { state, health, reason } = statusWith("docker", "running", { Status: 5 });
  deepEqual([state, health], ["running", null]);
  match(reason ?? "", /could not be understood: its Health$/);
});

Deno.test("want of memory is a reason", () => {
  const state = { Status: "exited", ExitCode: 137, OOMKilled: true, FinishedAt: FINISHED };
  equal(
    status("podman", only(parseInspected(inspected({}, { ...state, Error: "x" })))).reason,
    "it was killed because memory ran out",
  );
});

Deno.test("a container is ours when its label says its own name", () => {
  const labelled = (labels: object | null) => only(parsePodmanList(listed({ Labels: labels })));
  equal(isManaged(labelled(labelsOf("astro"))), true);
  equal(isManaged(labelled(labelsOf("other"))), false);
  equal(isManaged(labelled({})), false);
  equal(isManaged(labelled(null)), false);
  const isProtectedWith = (labels: Record<string, string>) =>
    isProtected(labelled({ ...labels, "io.kstops.protected": "true" }));
  equal(isProtectedWith(labelsOf("astro")), true);
  equal(isProtectedWith(labelsOf("other")), false);
  equal(isProtected(labelled(labelsOf("astro"))), false);
});

Deno.test("what a managed container was started from is what is said of it", () => {
  const record = { command: ["python", "bot.py"], working_dir: "/bot" };
  const labels = labelsOf("astro", { record });
  const container = only(parsePodmanList(listed({ Labels: labels, Command: ["/entry"] })));
  const of = status("podman", container);
  deepEqual([of.command, of.workingDir, of.managed], [["python", "bot.py"], "/bot", true]);
  const images = labelsOf("astro", { record: { command: null } });
  const other = only(parsePodmanList(listed({ Labels: images, Command: ["/entry"] })));
  deepEqual(status("podman", other).command, ["/entry"]);
});

for (const text of ["", "{", "null", "[]", "5", "{}", '{"command":["a"]}']) {
  Deno.test(`a definition that says ${JSON.stringify(text)} is none`, () => {
    const labels = { ...labelsOf("astro"), "io.kstops.definition": text };
    equal(recordOf(only(parsePodmanList(listed({ Labels: labels })))), null);
  });
}

for (
  const [key, value] of Object.entries({ image: 1, command: "a", env: [1], stop_timeout: "9" })
) {
  Deno.test(`a definition whose ${key} is ${JSON.stringify(value)} is none`, () => {
    const labels = labelsOf("astro", { record: { [key]: value } });
    equal(recordOf(only(parsePodmanList(listed({ Labels: labels })))), null);
    ok(recordOf(only(parsePodmanList(listed({ Labels: labelsOf("astro") })))) !== null);
  });
}

// --- programs that never ran ---------------------------------------------------------------------

const PRINTED: Record<string, { output: string; is: string | null }> = {
  "tini": {
    output: "[FATAL tini (7)] exec /no/such failed: No such file or directory\r\n",
    is: "No such file or directory",
  },
  "tini, of a program that may not be executed": {
    output: "[FATAL tini (7)] exec /etc/passwd failed: Permission denied\n",
    is: "Permission denied",
  },
  "catatonit": {
    output: "ERROR (catatonit:2): failed to exec pid1: No such file or directory\r\n",
    is: "No such file or directory",
  },
  "nobody": { output: "", is: null },
  "a program": { output: "ready\n", is: null },
  "a program that says it among others": {
    output: "starting\n[FATAL tini (7)] exec /no/such failed: No such file or directory\n",
    is: null,
  },
  "a program that goes on afterwards": {
    output: "ERROR (catatonit:2): failed to exec pid1: No such file\r\ntrying again\r\n",
    is: null,
  },
  "a program that quotes it": {
    output: "I saw [FATAL tini (7)] exec x failed: y\n",
    is: null,
  },
};
for (const [who, { output, is }] of Object.entries(PRINTED)) {
  Deno.test(`what ${who} printed ${is === null ? "is output" : "is why nothing ran"}`, () => {
    equal(neverExecuted(output), is);
  });
}
