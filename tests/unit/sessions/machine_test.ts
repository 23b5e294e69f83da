import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import type { Runner, Session, Survey, Trouble } from "../../../src/backends/backend.ts";
import type { DefinedSession } from "../../../src/config/defined.ts";
import {
  BackendUnavailableError,
  ContainerRuntimeNotFoundError,
  type OpsError,
  SessionAmbiguousError,
  SessionExistsError,
  SessionNotFoundError,
  TmuxNotFoundError,
} from "../../../src/errors.ts";
import {
  type BackendType,
  type Definition,
  type Owner,
  type SessionStatus,
  statusOf,
} from "../../../src/model.ts";
import type { Place, PlaceSelector } from "../../../src/model/place.ts";
import { withDefined } from "../../../src/sessions/list.ts";
import { sessionsOver } from "../../../src/sessions/machine.ts";
import { detectBackend, type Match, type Selection } from "../../../src/sessions/sessions.ts";
import type { Recorded, Shown } from "../../../src/sessions/recorded.ts";
import { containerDefinition, tmuxDefinition } from "../../support/definitions.ts";

// --- engines that answer as told -----------------------------------------------------------------

const DEFAULT: Place = { host: null, backend: "tmux", engine: "tmux", scope: "default" };
const BOTS: Place = { host: null, backend: "tmux", engine: "tmux", scope: "bots" };
const PODMAN: Place = { host: null, backend: "container", engine: "podman", scope: null };
const DOCKER: Place = { host: null, backend: "container", engine: "docker", scope: null };

function running(name: string, place = DEFAULT, more: Partial<SessionStatus> = {}): SessionStatus {
  const { backend, engine, scope: socketName } = place;
  return statusOf({ name, backend, engine, socketName, state: "running", managed: true, ...more });
}

function foreign(name: string, place = DEFAULT): SessionStatus {
  return running(name, place, { managed: false });
}

function holding(place: Place, ...statuses: readonly SessionStatus[]): Survey {
  const sessions = statuses.map((status): Session => ({
    status,
    protected: false,
    stop: unwanted,
    logs: unwanted,
    attach: unwanted,
    follow: unwanted,
    definition: unwanted,
    run: null,
    recorded: false,
    hidesProgram: false,
    leftovers: () => Promise.resolve(null),
  }));
  return { place, sessions, trouble: null };
}

function unwanted(): never {
  throw new Error("Nothing is to be done to a session here");
}

function inTrouble(place: Place, trouble: Partial<Trouble> = {}): Survey {
  const kind = trouble.kind ?? "unreachable";
  const reason = trouble.reason ?? "Permission denied";
  return { place, sessions: [], trouble: { kind, reason, missing: trouble.missing ?? false } };
}

/** A backend that was asked, where, and the names that it was asked for. */
type Asked = readonly [BackendType, PlaceSelector, readonly string[] | null];

/** A backend with these places; it says what it is asked. */
function runnerOf(
  backend: BackendType,
  surveys: readonly Survey[],
  asked: Asked[] = [],
): Runner {
  return {
    backend,
    survey: (selector, { names } = {}) => {
      asked.push([backend, selector, names ?? null]);
      const { scope, engine } = selector;
      return Promise.resolve(
        surveys.filter(({ place, trouble }) => {
          if (engine !== undefined) return place.engine === engine;
          // What is not installed is only heard of where it is asked for, or nothing else is there.
          if (trouble?.missing && place.engine !== "tmux" && surveys.length > 1) return false;
          return scope === undefined || place.scope === scope;
        }),
      );
    },
    check: () => Promise.resolve(),
    place: () => Promise.resolve(backend === "tmux" ? DEFAULT : PODMAN),
    plan: ({ name }) => Promise.resolve({ argv: [backend, name], stdin: null, env: [] }),
    start: ({ name }) => Promise.resolve(running(name)),
  };
}

/** A machine with a place for each survey, and what is asked on it. */
function machine(
  surveys: readonly Survey[],
  defined: readonly DefinedSession[] = [],
  asked: Asked[] = [],
  recorded?: Recorded,
  self?: Owner,
) {
  const of = (backend: BackendType) => surveys.filter(({ place }) => place.backend === backend);
  const runners = (["tmux", "container"] as const).map((each) => runnerOf(each, of(each), asked));
  const backends = runners.map((runner) => ({
    backend: runner.backend,
    open: () => Promise.resolve(runner),
  }));
  return sessionsOver(backends, () => Promise.resolve(defined), {
    recorded,
    ...(self === undefined ? {} : { self: () => Promise.resolve({ ...self, isUsable: true }) }),
  });
}

function definition(name: string, more: Partial<DefinedSession> = {}): DefinedSession {
  return {
    name,
    backend: "tmux",
    named: { backend: null, scope: null, engine: null },
    command: [`run ${name}`],
    image: null,
    workingDir: "/srv",
    protected: false,
    groups: [],
    problem: null,
    ...more,
  };
}

const NOBODYS = { project: null, config_file: null };

const inBots = definition("astro", {
  named: { backend: "tmux", scope: "bots", engine: null },
});
const inTmux = definition("astro", { named: { backend: "tmux", scope: null, engine: null } });
const inContainer = definition("astro", {
  backend: "container",
  named: { backend: "container", scope: null, engine: null },
  command: null,
  image: "astro:latest",
  workingDir: null,
});
const inDocker: DefinedSession = {
  ...inContainer,
  named: { backend: "container", scope: null, engine: "docker" },
};

/** One word for a row: `astro@bots running +` is in the config, `astro` is not. */
function row({ name, socketName, engine, backend, state, defined }: SessionStatus): string {
  const where = socketName ?? engine ?? backend;
  return `${name}@${where} ${state}${defined ? " +" : ""}`;
}

// --- withDefined ---------------------------------------------------------------------------------

const MERGED: Record<
  string,
  readonly [readonly SessionStatus[], readonly DefinedSession[], readonly string[]]
> = {
  "nothing and nothing": [[], [], []],
  "a session and no config": [[running("astro")], [], ["astro@default running"]],
  "a config and no session": [[], [definition("astro")], ["astro@default defined +"]],
  "a session that the config defines": [
    [running("astro")],
    [definition("astro")],
    ["astro@default running +"],
  ],
  "a foreign session of a defined name": [
    [foreign("astro")],
    [definition("astro")],
    ["astro@default running +"],
  ],
  "a session on another socket, where the definition names none": [
    [running("astro", BOTS)],
    [definition("astro")],
    ["astro@bots running +"],
  ],
  "a session on another socket than the one of its definition": [
    [running("astro")],
    [inBots],
    ["astro@default running +"],
  ],
  "a session of another backend than the one of its definition": [
    [running("astro", PODMAN)],
    [inTmux],
    ["astro@podman running +"],
  ],
  "a container that the config defines": [
    [running("astro", DOCKER)],
    [inContainer],
    ["astro@docker running +"],
  ],
  "a foreign session on another socket than the one of its definition": [
    [foreign("astro")],
    [inBots],
    ["astro@default running", "astro@bots defined +"],
  ],
  "a container of another runtime than the one of its definition": [
    [running("astro", PODMAN)],
    [inDocker],
    ["astro@podman running +"],
  ],
  "a container that is not there": [[], [inContainer], ["astro@container defined +"]],
  "one name in two places": [
    [running("astro", BOTS), running("astro")],
    [definition("astro")],
    ["astro@bots running +", "astro@default running +"],
  ],
  "a name that only begins like a defined one": [
    [running("astro-prod")],
    [definition("astro")],
    ["astro-prod@default running", "astro@default defined +"],
  ],
  "names in no order, running ones before defined ones": [
    [running("b"), running("a"), running("C")],
    [definition("z"), definition("A"), definition("b")],
    ["C@default running", "a@default running", "b@default running +"].concat(
      ["A@default defined +", "z@default defined +"],
    ),
  ],
};

for (const [what, [statuses, defined, rows]] of Object.entries(MERGED)) {
  Deno.test(`withDefined() merges ${what}`, () => {
    deepEqual(withDefined(statuses, defined).map(row), rows);
  });
}

Deno.test("withDefined() says of a defined session what the config says", () => {
  deepEqual(withDefined([], [inBots, { ...inContainer, name: "web" }]), [
    statusOf({
      name: "astro",
      backend: "tmux",
      state: "defined",
      defined: true,
      engine: "tmux",
      socketName: "bots",
      command: ["run astro"],
      workingDir: "/srv",
    }),
    statusOf({
      name: "web",
      backend: "container",
      state: "defined",
      defined: true,
      image: "astro:latest",
    }),
  ]);
});

Deno.test("withDefined() leaves what it is given as it is", () => {
  const statuses = Object.freeze([Object.freeze(running("b")), Object.freeze(running("a"))]);
  const defined = Object.freeze([Object.freeze(definition("b"))]);
  deepEqual(withDefined(statuses, defined).map(row), ["a@default running", "b@default running +"]);
  deepEqual(statuses.map(({ name }) => name), ["b", "a"]);
});

// --- list ----------------------------------------------------------------------------------------

Deno.test("list() shows every place, and what cannot be asked comes last", async () => {
  const { statuses, troubles } = await machine(
    [
      holding(DEFAULT, running("web"), foreign("shell")),
      inTrouble(BOTS),
      holding(PODMAN, running("db", PODMAN)),
    ],
    [definition("web"), definition("worker"), inBots],
  ).list({});
  deepEqual(statuses.map(row), [
    "db@podman running",
    "shell@default running",
    "web@default running +",
    "astro@bots unknown +",
    "worker@default defined +",
    "null@bots unknown",
  ]);
  deepEqual(statuses.map(({ reason }) => reason), [
    ...[null, null, null, "Permission denied", null, "Permission denied"],
  ]);
  deepEqual(troubles.map(({ place: { engine, scope }, wanted }) => [engine, scope, wanted]), [
    ["tmux", "bots", true],
  ]);
});

Deno.test("list() has no row for an engine that does not run, yet says so", async () => {
  const down = inTrouble(DOCKER, { kind: "not_running", reason: "the daemon is not running" });
  const sessions = machine([down], [inContainer, definition("worker")]);
  const { statuses, troubles } = await sessions.list({});
  deepEqual(statuses.map(row), ["astro@container unknown +", "worker@default defined +"]);
  equal(statuses[0]?.reason, "the daemon is not running");
  equal(troubles[0]?.error.message, "Cannot ask docker: the daemon is not running");
});

const WANTED: Record<string, readonly [readonly DefinedSession[], Selection, boolean]> = {
  "nobody asked for": [[], {}, false],
  "only another session is configured for": [[definition("worker"), inContainer], {}, false],
  "a configured session belongs to": [[inBots], {}, true],
  "only a definition with mistakes belongs to": [[{ ...inBots, problem: "?" }], {}, false],
  "a flag asked for": [[], { backend: "tmux" }, true],
  "a flag asked for by its socket": [[], { scope: "bots" }, true],
};

for (const [which, [defined, selection, wanted]] of Object.entries(WANTED)) {
  Deno.test(`list() says whether an engine was wanted: one that ${which}`, async () => {
    const { troubles } = await machine([inTrouble(BOTS)], defined).list(selection);
    deepEqual(troubles.map((trouble) => trouble.wanted), [wanted]);
  });
}

const MISSING: Partial<Trouble> = {
  kind: "not_running",
  missing: true,
  reason: "it is not installed",
};
const DOWN: Partial<Trouble> = { kind: "not_running", reason: "the daemon is not running" };

/** Which engines are in trouble: `docker!` is one that was wanted. */
const HEARD: Record<
  string,
  readonly [readonly Survey[], readonly DefinedSession[], Selection, readonly string[]]
> = {
  "no runtime where nobody wants one": [[inTrouble(PODMAN, MISSING)], [], {}, []],
  "a missing runtime that a flag asks for": [
    [inTrouble(DOCKER, MISSING), holding(PODMAN)],
    [],
    { engine: "docker" },
    ["docker!"],
  ],
  "no runtime where containers are asked for": [
    [inTrouble(PODMAN, MISSING)],
    [],
    { backend: "container" },
    ["podman!"],
  ],
  "a missing runtime that a definition names": [
    [inTrouble(DOCKER, MISSING), holding(PODMAN)],
    [inDocker],
    {},
    ["docker!"],
  ],
  "a missing runtime, the only one that a definition could have": [
    [inTrouble(PODMAN, MISSING)],
    [inContainer],
    {},
    ["podman!"],
  ],
  "a missing runtime beside the one that takes a definition": [
    [inTrouble(PODMAN, MISSING), holding(DOCKER)],
    [inContainer],
    {},
    [],
  ],
  "a daemon that does not run, and that nobody wants": [
    [holding(PODMAN), inTrouble(DOCKER, DOWN)],
    [inContainer],
    {},
    [],
  ],
  "a daemon that does not run, of a definition": [
    [holding(PODMAN), inTrouble(DOCKER, DOWN)],
    [inDocker],
    {},
    ["docker!"],
  ],
  "a daemon that does not run, where no other runtime is there": [
    [inTrouble(DOCKER, DOWN)],
    [inContainer],
    {},
    ["docker!"],
  ],
  "a daemon that does not run, where containers are asked for": [
    [holding(PODMAN), inTrouble(DOCKER, DOWN)],
    [],
    { backend: "container" },
    ["docker!"],
  ],
};

for (const [what, [surveys, defined, selection, expected]] of Object.entries(HEARD)) {
  Deno.test(`list() has something to say of ${what}`, async () => {
    const { troubles } = await machine(surveys, defined).list(selection);
    deepEqual(
      troubles.map(({ place: { engine }, wanted }) => `${engine}${wanted ? "!" : ""}`),
      expected,
    );
  });
}

Deno.test("list() shows a definition as unknown whose runtime is missing or does not run", async () => {
  const podman = { ...inContainer, name: "web" };
  for (const trouble of [MISSING, DOWN]) {
    const sessions = machine([holding(PODMAN), inTrouble(DOCKER, trouble)], [inDocker, podman]);
    const { statuses } = await sessions.list({});
    deepEqual(statuses.map(row), ["astro@docker unknown +", "web@container defined +"]);
    deepEqual(statuses.map(({ reason }) => reason), [trouble.reason, null]);
  }
});

Deno.test("list() keeps every other row where docker does not answer", async () => {
  const { statuses } = await machine([
    holding(DEFAULT, running("web")),
    holding(PODMAN, running("db", PODMAN)),
    inTrouble(DOCKER),
  ]).list({});
  deepEqual(statuses.map(row), [
    "db@podman running",
    "web@default running",
    "null@docker unknown",
  ]);
});

Deno.test("list() says of a missing runtime that it is not installed", async () => {
  const sessions = machine([inTrouble(DOCKER, MISSING)]);
  const { troubles: [trouble] } = await sessions.list({ engine: "docker" });
  ok(trouble?.error instanceof ContainerRuntimeNotFoundError);
  equal(trouble.error.message, "Cannot look for containers: it is not installed");
});

Deno.test("list() tells a missing tmux from one that does not answer", async () => {
  const missing = inTrouble(DEFAULT, { missing: true, reason: "tmux: not found" });
  const { troubles } = await machine([missing, inTrouble(BOTS)]).list({});
  const [first, second] = troubles.map(({ error }) => error);
  ok(first instanceof TmuxNotFoundError);
  deepEqual([first.code, first.message], [
    "backend_not_found",
    'Cannot ask tmux on socket "default": tmux: not found',
  ]);
  ok(second instanceof BackendUnavailableError);
  deepEqual([second.code, second.reason, second.details], [
    "backend_unavailable",
    "Permission denied",
    { engine: "tmux", socket_name: "bots", reason: "Permission denied" },
  ]);
});

const ALL = [
  holding(DEFAULT, running("one")),
  holding(BOTS, running("two", BOTS)),
  holding(PODMAN, running("three", PODMAN)),
];
const ALL_DEFINED = [definition("worker"), inBots, { ...inContainer, name: "web" }];

const SELECTED: Record<string, readonly [Selection, readonly string[]]> = {
  "everything": [{}, [
    "one@default running",
    "three@podman running",
    "two@bots running",
    "astro@bots defined +",
    "web@container defined +",
    "worker@default defined +",
  ]],
  "one backend": [{ backend: "tmux" }, [
    "one@default running",
    "two@bots running",
    "astro@bots defined +",
    "worker@default defined +",
  ]],
  "the other backend": [{ backend: "container" }, [
    "three@podman running",
    "web@container defined +",
  ]],
  "a socket": [{ scope: "bots" }, ["two@bots running", "astro@bots defined +"]],
  "the default socket": [{ scope: "default" }, [
    "one@default running",
    "worker@default defined +",
  ]],
  "a runtime": [{ engine: "podman" }, ["three@podman running", "web@container defined +"]],
  "a runtime that nobody has": [{ engine: "docker" }, ["web@container defined +"]],
  "a socket that nobody has": [{ scope: "other" }, []],
  "what undefined flags leave open": [{ backend: undefined, scope: "bots" }, [
    "two@bots running",
    "astro@bots defined +",
  ]],
};

for (const [what, [selection, rows]] of Object.entries(SELECTED)) {
  Deno.test(`list() selects ${what}`, async () => {
    const { statuses } = await machine(ALL, ALL_DEFINED).list(selection);
    deepEqual(statuses.map(row), rows);
  });
}

Deno.test("list() asks containers nothing when a tmux socket is meant", async () => {
  const asked: Asked[] = [];
  await machine([], [], asked).list({ scope: "bots" });
  deepEqual(asked, [["tmux", { scope: "bots" }, null]]);
});

Deno.test("list() asks tmux nothing when a runtime is meant", async () => {
  const asked: Asked[] = [];
  await machine([], [], asked).list({ engine: "docker" });
  deepEqual(asked, [["container", { engine: "docker" }, null]]);
});

/** A machine whose config is read only after containers were asked, and how they answer. */
function slowlyConfigured(answer: () => Promise<readonly Survey[]>) {
  let read = (): void => {};
  const config = new Promise<void>((resolve) => {
    read = resolve;
  });
  const container: Runner = {
    ...runnerOf("container", []),
    survey: () => {
      const answered = answer();
      setTimeout(read);
      return answered;
    },
  };
  const tmux = runnerOf("tmux", [holding(DEFAULT, running("a"))]);
  return sessionsOver([
    { backend: "tmux", open: () => config.then(() => tmux) },
    { backend: "container", open: () => Promise.resolve(container) },
  ], () => config.then(() => []));
}

Deno.test("list() asks containers before the config is read", async () => {
  const { statuses } = await slowlyConfigured(() => Promise.resolve([])).list({});
  deepEqual(statuses.map(row), ["a@default running"]);
});

Deno.test("list() fails with what fails before the config is read", async () => {
  const failure = new Error("a mistake of ours");
  await rejects(slowlyConfigured(() => Promise.reject(failure)).list({}), failure);
});

Deno.test("list() shows a definition with mistakes as unknown, with the mistakes", async () => {
  const broken = definition("astro", { command: null, problem: "kstops.yml:3:5: no such key" });
  const { statuses, troubles } = await machine([], [broken, definition("worker")]).list({});
  deepEqual(statuses.map(row), ["astro@default unknown +", "worker@default defined +"]);
  equal(statuses[0]?.reason, "kstops.yml:3:5: no such key");
  deepEqual(troubles, []);
});

Deno.test("list() shows a session as running whose definition has mistakes", async () => {
  const broken = definition("astro", { problem: "kstops.yml:3:5: no such key" });
  const { statuses } = await machine([holding(DEFAULT, running("astro"))], [broken]).list({});
  deepEqual(statuses.map(row), ["astro@default running +"]);
});

// --- find ----------------------------------------------------------------------------------------

const found = ({ kind, status }: Match): string => `${kind} ${row(status)}`;

const FOUND: Record<
  string,
  readonly [readonly Survey[], readonly DefinedSession[], Selection, string]
> = {
  "a session by its exact name": [
    [holding(DEFAULT, running("astro"), running("astro2"))],
    [],
    {},
    "session astro@default running",
  ],
  "a foreign session": [
    [holding(DEFAULT, foreign("astro"))],
    [],
    {},
    "session astro@default running",
  ],
  "a container": [
    [holding(PODMAN, running("astro", PODMAN))],
    [],
    {},
    "session astro@podman running",
  ],
  "what is only defined": [[], [definition("astro")], {}, "defined astro@default defined +"],
  "a session that the config defines": [
    [holding(DEFAULT, running("astro"))],
    [definition("astro")],
    {},
    "session astro@default running +",
  ],
  "the place that a flag names": [
    [holding(DEFAULT, running("astro")), holding(BOTS, running("astro", BOTS))],
    [],
    { scope: "bots" },
    "session astro@bots running",
  ],
  "the backend that a flag names": [
    [holding(DEFAULT, running("astro")), holding(PODMAN, running("astro", PODMAN))],
    [],
    { backend: "container" },
    "session astro@podman running",
  ],
  "the socket that its definition names": [
    [holding(DEFAULT, foreign("astro")), holding(BOTS, foreign("astro", BOTS))],
    [inBots],
    {},
    "session astro@bots running +",
  ],
  "the backend that its definition names": [
    [holding(DEFAULT, foreign("astro")), holding(PODMAN, foreign("astro", PODMAN))],
    [inContainer],
    {},
    "session astro@podman running +",
  ],
  "the runtime that its definition names": [
    [holding(PODMAN, foreign("astro", PODMAN)), holding(DOCKER, foreign("astro", DOCKER))],
    [inDocker],
    {},
    "session astro@docker running +",
  ],
  "the runtime that a flag names": [
    [holding(PODMAN, running("astro", PODMAN)), holding(DOCKER, running("astro", DOCKER))],
    [inDocker],
    { engine: "podman" },
    "session astro@podman running +",
  ],
  "a container on any runtime where its definition names none": [
    [holding(PODMAN), holding(DOCKER, running("astro", DOCKER))],
    [inContainer],
    {},
    "session astro@docker running +",
  ],
  "no foreign one elsewhere when its definition names a place": [
    [holding(DEFAULT, foreign("astro"))],
    [inBots],
    {},
    "defined astro@bots defined +",
  ],
  "a managed one elsewhere than its definition names": [
    [holding(DEFAULT, running("astro"))],
    [inBots],
    {},
    "session astro@default running +",
  ],
  "a managed one before foreign namesakes": [
    [holding(BOTS, foreign("astro", BOTS)), holding(PODMAN, running("astro", PODMAN))],
    [inBots],
    {},
    "session astro@podman running +",
  ],
  "another socket than that of its definition, where a flag says so": [
    [holding(DEFAULT, running("astro")), holding(BOTS, running("astro", BOTS))],
    [inBots],
    { scope: "default" },
    "session astro@default running +",
  ],
  "a tmux session, where a flag says so and its definition says container": [
    [holding(BOTS, running("astro", BOTS)), holding(PODMAN, running("astro", PODMAN))],
    [inContainer],
    { scope: "bots" },
    "session astro@bots running +",
  ],
  "a container, where a flag says so and its definition says tmux": [
    [holding(BOTS, running("astro", BOTS)), holding(PODMAN, running("astro", PODMAN))],
    [inBots],
    { backend: "container" },
    "session astro@podman running +",
  ],
  "the socket of its definition, where a flag says only tmux": [
    [holding(DEFAULT, foreign("astro")), holding(BOTS, foreign("astro", BOTS))],
    [inBots],
    { backend: "tmux" },
    "session astro@bots running +",
  ],
  "a session although another place does not answer": [
    [holding(DEFAULT, running("astro")), inTrouble(BOTS)],
    [],
    {},
    "session astro@default running",
  ],
};

for (const [what, [surveys, defined, selection, expected]] of Object.entries(FOUND)) {
  Deno.test(`find() finds ${what}`, async () => {
    equal(found(await machine(surveys, defined).find("stop", "astro", selection)), expected);
  });
}

const NOT_FOUND = [
  "astr",
  "astro2",
  "Astro",
  "=astro",
  "astro:",
  "astro:0",
  "*",
  "$3",
  "",
  " astro",
];

for (const name of NOT_FOUND) {
  Deno.test(`find() does not take ${JSON.stringify(name)} for astro`, async () => {
    const sessions = machine([holding(DEFAULT, running("astro", DEFAULT, { id: "$3" }))]);
    await rejects(sessions.find("stop", name, {}), (error: OpsError) => {
      ok(error instanceof SessionNotFoundError);
      equal(error.name, name);
      equal(error.message, `Cannot stop ${JSON.stringify(name)}: no such session`);
      return true;
    });
  });
}

const HINTS: Record<string, readonly [string, string]> = {
  "a running session": ["wbe", 'did you mean "web"? kstops list shows every session'],
  "a defined session": ["workre", 'did you mean "worker"? kstops list shows every session'],
  "nothing": ["something-else", "kstops list shows every session"],
};

for (const [what, [name, hint]] of Object.entries(HINTS)) {
  Deno.test(`find() has ${what} to suggest for ${name}`, async () => {
    const sessions = machine([holding(DEFAULT, running("web"))], [definition("worker")]);
    await rejects(sessions.find("stop", name, {}), { code: "session_not_found", hint });
  });
}

Deno.test("find() does not suggest the very name that is not where a flag says", async () => {
  const sessions = machine([holding(BOTS)], [definition("astro")]);
  await rejects(sessions.find("stop", "astro", { scope: "bots" }), {
    code: "session_not_found",
    hint: "kstops list shows every session",
  });
});

Deno.test("find() does not guess between places, and says how to choose", async () => {
  const sessions = machine([
    holding(DEFAULT, running("astro")),
    holding(BOTS, running("astro", BOTS)),
    holding(DOCKER, running("astro", DOCKER)),
  ], [definition("astro")]);
  await rejects(sessions.find("stop", "astro", {}), (error: OpsError) => {
    ok(error instanceof SessionAmbiguousError);
    equal(error.message, 'Cannot stop "astro": it is found in 3 places');
    equal(error.hint, "choose one: --socket default, or --socket bots, or --runtime docker");
    deepEqual(error.backends, ["tmux", "container"]);
    deepEqual(error.details, {
      places: [
        {
          backend: "tmux",
          engine: "tmux",
          socket_name: "default",
          ...NOBODYS,
          flags: "--socket default",
        },
        {
          backend: "tmux",
          engine: "tmux",
          socket_name: "bots",
          ...NOBODYS,
          flags: "--socket bots",
        },
        {
          backend: "container",
          engine: "docker",
          socket_name: null,
          ...NOBODYS,
          flags: "--runtime docker",
        },
      ],
    });
    return true;
  });
});

Deno.test("find() says the shortest flags where one place of tmux is among several", async () => {
  const sessions = machine([
    holding(BOTS, running("astro", BOTS)),
    holding(PODMAN, running("astro", PODMAN)),
    holding(DOCKER, running("astro", DOCKER)),
  ]);
  await rejects(sessions.find("stop", "astro", {}), {
    code: "session_ambiguous",
    hint: "choose one: --backend tmux, or --runtime podman, or --runtime docker",
  });
  for (
    const [selection, expected] of [
      [{ backend: "tmux" }, "astro@bots"],
      [{ engine: "podman" }, "astro@podman"],
      [{ engine: "docker" }, "astro@docker"],
    ] as const
  ) {
    equal(found(await sessions.find("stop", "astro", selection)), `session ${expected} running`);
  }
});

Deno.test("find() says that it may be where nobody answers, not that there is no such session", async () => {
  const sessions = machine([holding(DEFAULT, running("web")), inTrouble(BOTS)]);
  await rejects(sessions.find("stop", "astro", {}), {
    code: "backend_unavailable",
    message: 'Cannot ask tmux on socket "bots": Permission denied',
  });
});

Deno.test("find() knows no session of an engine which does not run, and says that it was not asked", async () => {
  await rejects(machine([inTrouble(DOCKER, DOWN)]).find("stop", "astro", {}), {
    code: "session_not_found",
    hint: "kstops list shows every session; docker was not asked: the daemon is not running",
  });
});

Deno.test("find() does not speak of a runtime that is not installed", async () => {
  await rejects(machine([inTrouble(DOCKER, MISSING)]).find("stop", "astro", {}), {
    code: "session_not_found",
    hint: "kstops list shows every session",
  });
});

const ASKED_FOR: Record<string, readonly [Partial<Trouble>, Selection, string]> = {
  "runtime that is missing": [MISSING, { engine: "docker" }, "backend_not_found"],
  "backend that is missing": [MISSING, { backend: "container" }, "backend_not_found"],
  "runtime that does not run": [DOWN, { engine: "docker" }, "backend_unavailable"],
  "backend that does not run": [DOWN, { backend: "container" }, "backend_unavailable"],
};

for (const [what, [trouble, selection, code]] of Object.entries(ASKED_FOR)) {
  Deno.test(`find() does not say that there is no such session in a ${what}`, async () => {
    const sessions = machine([inTrouble(DOCKER, trouble)]);
    await rejects(sessions.find("stop", "astro", selection), { code });
  });
}

Deno.test("find() gives a defined container with the trouble of the runtime that it names", async () => {
  const sessions = machine([holding(PODMAN), inTrouble(DOCKER, MISSING)], [inDocker]);
  const match = await sessions.find("stop", "astro", {});
  ok(match.kind === "defined");
  equal(match.status.state, "unknown");
  ok(match.trouble instanceof ContainerRuntimeNotFoundError);
});

Deno.test("find() gives a defined session with the trouble of its engine", async () => {
  const match = await machine([inTrouble(BOTS)], [inBots]).find("stop", "astro", {});
  ok(match.kind === "defined");
  deepEqual([match.status.state, match.status.reason], ["unknown", "Permission denied"]);
  ok(match.trouble instanceof BackendUnavailableError);
});

Deno.test("find() gives a defined session without trouble when another engine has some", async () => {
  const sessions = machine([inTrouble(BOTS), inTrouble(PODMAN)], [definition("worker")]);
  const match = await sessions.find("stop", "worker", {});
  ok(match.kind === "defined");
  deepEqual([match.status.state, match.trouble], ["defined", null]);
});

Deno.test("find() asks every place: a session may be elsewhere than its definition names", async () => {
  const asked: Asked[] = [];
  await machine([], [inBots], asked).find("stop", "astro", {});
  deepEqual(asked.splice(0), [["container", {}, ["astro"]], ["tmux", {}, ["astro"]]]);
  const inTmux = { backend: "tmux" } as const;
  await machine([holding(BOTS, running("astro", BOTS))], [inBots], asked)
    .find("stop", "astro", inTmux);
  deepEqual(asked, [["tmux", { backend: "tmux" }, ["astro"]]]);
});

Deno.test("findEach() asks every place once, however many names there are", async () => {
  const asked: Asked[] = [];
  const there = [holding(DEFAULT, running("a"), running("b"))];
  const names = ["a", "none", "b"];
  const found = await machine(there, [], asked).findEach("stop", names, {});
  deepEqual(asked, [["container", {}, names], ["tmux", {}, names]]);
  deepEqual(Array.from(found, ([name, { status }]) => [name, status]), [
    ["a", "fulfilled"],
    ["none", "rejected"],
    ["b", "fulfilled"],
  ]);
});

Deno.test("find() does not call absent what runs where flags do not look", async () => {
  const elsewhere = {
    code: "session_not_found",
    message: 'Cannot stop "astro": it is not there, but running in tmux',
    hint: "choose that place, --backend tmux, or none",
  };
  const sessions = machine([holding(DEFAULT, running("astro"))], [inDocker]);
  // The definition means that place, or does not.
  await rejects(sessions.find("stop", "astro", { engine: "docker" }), elsewhere);
  await rejects(sessions.find("stop", "astro", { engine: "podman" }), elsewhere);
  await rejects(sessions.find("stop", "astro", { scope: "bots" }), elsewhere);
  // What ended, and what is somebody else's, is no reason to say another thing.
  const { status } = await machine([holding(DEFAULT, foreign("astro"))], [inDocker])
    .find("stop", "astro", { engine: "docker" });
  equal(status.state, "defined");
});

Deno.test("find() says of a session that is elsewhere which place the config means", async () => {
  const reason = async (defined: DefinedSession) =>
    (await machine([holding(DEFAULT, running("astro"))], [defined]).find("stop", "astro", {}))
      .status
      .reason;
  equal(await reason(inBots), 'the config means tmux on socket "bots"');
  equal(await reason(inContainer), "the config means a container");
  equal(await reason(inDocker), "the config means a container of docker");
  equal(await reason(inTmux), null);
});

// --- what is recorded ----------------------------------------------------------------------------

const RECORDED_RUN = "a1";

/** The same run, which somebody has given another name. */
function renamed(place: Place): Survey {
  const survey = holding(place, running("other", place));
  return { ...survey, sessions: survey.sessions.map((each) => ({ ...each, run: RECORDED_RUN })) };
}

/** The record of an astro that was there, and ended. */
function recordOf(
  place: Place,
  end: Partial<SessionStatus> = { exitCode: 3, finishedAt: new Date(0) },
  { isUncertain = false }: Pick<Session, "isUncertain"> = {},
): Recorded {
  const status = running("astro", place, { state: "exited", ...end });
  const [session] = holding(place, status).sessions.map((each) => ({
    ...each,
    recorded: true,
    isUncertain,
    run: RECORDED_RUN,
  }));
  ok(session);
  const isShown = ({ names, runs }: Shown) => names.has("astro") || runs.has(RECORDED_RUN);
  return {
    named: (names, shown) =>
      Promise.resolve(names.includes("astro") && !isShown(shown) ? [session] : []),
    others: (shown) => Promise.resolve(isShown(shown) ? [] : [session]),
    living: () => Promise.resolve([]),
    openIn: () =>
      Promise.resolve(
        place.backend === "tmux" || place.engine === null || status.finishedAt !== null
          ? []
          : [{ backend: place.backend, engine: place.engine, owner: status }],
      ),
  };
}

const SILENCE = {
  kind: "unreachable",
  reason: "it did not answer within 10 s",
  isSilent: true,
} as const;
const NOT_RUNNING = { kind: "not_running", reason: "no server running" } as const;

/** Where astro was, what is there now, and whether its record is shown. */
const RECORDED: Record<string, {
  was: Place;
  surveys: readonly Survey[];
  defined?: readonly DefinedSession[];
  selection?: Selection;
  is: boolean;
}> = {
  "its socket answers": { was: BOTS, surveys: [holding(DEFAULT), holding(BOTS)], is: true },
  "its socket is gone": { was: BOTS, surveys: [holding(DEFAULT)], is: true },
  "its tmux server does not run": { was: BOTS, surveys: [inTrouble(BOTS, NOT_RUNNING)], is: true },
  "its socket cannot be asked": {
    was: BOTS,
    surveys: [holding(DEFAULT), inTrouble(BOTS)],
    is: false,
  },
  "no socket can be asked": {
    was: BOTS,
    surveys: [inTrouble({ ...BOTS, scope: null })],
    is: false,
  },
  "only another socket cannot be asked": {
    was: BOTS,
    surveys: [inTrouble(DEFAULT), holding(BOTS)],
    is: true,
  },
  "its runtime answers": { was: DOCKER, surveys: [holding(PODMAN), holding(DOCKER)], is: true },
  "its runtime cannot be asked": {
    was: DOCKER,
    surveys: [holding(PODMAN), inTrouble(DOCKER)],
    is: false,
  },
  "the daemon of its runtime does not run": {
    was: DOCKER,
    surveys: [holding(PODMAN), inTrouble(DOCKER, NOT_RUNNING)],
    is: false,
  },
  "its runtime is not there any more": { was: DOCKER, surveys: [holding(PODMAN)], is: false },
  "only another runtime cannot be asked": {
    was: PODMAN,
    surveys: [holding(PODMAN), inTrouble(DOCKER)],
    is: true,
  },
  "it is defined there": {
    was: BOTS,
    surveys: [holding(BOTS)],
    defined: [inBots],
    is: true,
  },
  "it is defined on another socket": {
    was: DEFAULT,
    surveys: [holding(DEFAULT), holding(BOTS)],
    defined: [inBots],
    is: false,
  },
  "it is defined on another runtime": {
    was: PODMAN,
    surveys: [holding(PODMAN), holding(DOCKER)],
    defined: [inDocker],
    is: false,
  },
  "it is defined on another backend": {
    was: DEFAULT,
    surveys: [holding(DEFAULT), holding(PODMAN)],
    defined: [inContainer],
    is: false,
  },
  "flags select its backend": {
    was: BOTS,
    surveys: [holding(BOTS)],
    selection: { backend: "tmux" },
    is: true,
  },
  "flags select another backend": {
    was: BOTS,
    surveys: [holding(BOTS), holding(PODMAN)],
    selection: { backend: "container" },
    is: false,
  },
  "flags select another socket": {
    was: BOTS,
    surveys: [holding(BOTS), holding(DEFAULT)],
    selection: { scope: "default" },
    is: false,
  },
  "flags select another runtime": {
    was: DOCKER,
    surveys: [holding(PODMAN), holding(DOCKER)],
    selection: { engine: "podman" },
    is: false,
  },
  "an engine has it under another name": {
    was: BOTS,
    surveys: [holding(DEFAULT), renamed(BOTS)],
    is: false,
  },
  "an engine has one of that name": {
    was: BOTS,
    surveys: [holding(BOTS), holding(DEFAULT, foreign("astro"))],
    is: false,
  },
};
for (const [when, { was, surveys, defined = [], selection = {}, is }] of Object.entries(RECORDED)) {
  const isIn = (status: SessionStatus): boolean =>
    status.name === "astro" && status.state === "exited";

  Deno.test(`a recorded session is ${is ? "" : "not "}listed where ${when}`, async () => {
    const { statuses } = await machine(surveys, defined, [], recordOf(was)).list(selection);
    deepEqual(
      statuses.filter(isIn).map(row),
      is ? [row(running("astro", was, { state: "exited", defined: defined.length > 0 }))] : [],
    );
  });

  Deno.test(`a recorded session is ${is ? "" : "not "}found where ${when}`, async () => {
    const sessions = machine(surveys, defined, [], recordOf(was));
    const match = await sessions.find("stop", "astro", selection).catch((error) => {
      if (error instanceof SessionNotFoundError || error instanceof BackendUnavailableError) {
        return null;
      }
      throw error;
    });
    const isRecord = match?.kind === "session" && match.session.recorded;
    deepEqual([isRecord, isRecord && isIn(match.status)], [is, is]);
  });
}

Deno.test("a start that was cut off is told of only while its runtime cannot be asked", async () => {
  const record = recordOf(DOCKER, {}, { isUncertain: true });
  const states = async (docker: Survey): Promise<readonly string[]> =>
    (await machine([docker], [], [], record).list({})).statuses.flatMap(({ name, state }) =>
      name === "astro" ? state : []
    );
  deepEqual(await states(inTrouble(DOCKER)), ["unknown"]);
  deepEqual(await states(holding(DOCKER)), []);
});

Deno.test("a recorded session stands in no backend's way", async () => {
  const sessions = machine([holding(DEFAULT)], [], [], recordOf(DEFAULT));
  equal(await detectBackend(sessions, "astro", {}), null);
  equal((await sessions.find("stop", "astro", {})).kind, "session");
});

/** Where astro was begun and never seen to end, what is there now, and why it may run there. */
const UNHEARD: Record<string, {
  surveys: readonly Survey[];
  defined?: readonly DefinedSession[];
  selection?: Selection;
  ended?: true;
  reason: string | null;
}> = {
  "docker hangs": {
    surveys: [holding(DEFAULT), holding(PODMAN), inTrouble(DOCKER, { reason: "it is silent" })],
    reason: "it was started in docker, which cannot be asked: it is silent",
  },
  "docker is down": {
    surveys: [holding(DEFAULT), holding(PODMAN), inTrouble(DOCKER, NOT_RUNNING)],
    reason: "it was started in docker, which cannot be asked: no server running",
  },
  "docker is no longer installed": {
    surveys: [holding(DEFAULT), holding(PODMAN)],
    reason: "it was started in docker, which cannot be asked: docker is not installed",
  },
  "docker hangs, and the config means tmux by now": {
    surveys: [holding(DEFAULT), inTrouble(DOCKER, { reason: "it is silent" })],
    defined: [inTmux],
    reason: "it was started in docker, which cannot be asked: it is silent; the config means tmux",
  },
  "docker answers, and no longer has this session": {
    surveys: [holding(DEFAULT), holding(DOCKER)],
    reason: null,
  },
  "docker hangs, and it was seen to end": {
    surveys: [holding(DEFAULT), inTrouble(DOCKER, NOT_RUNNING)],
    ended: true,
    reason: null,
  },
};
for (const [what, { surveys, defined = [], ended, reason }] of Object.entries(UNHEARD)) {
  const record = recordOf(DOCKER, ended ? { finishedAt: new Date(0) } : {});
  const sessions = machine(surveys, defined, [], record);

  Deno.test(`a session that was started in docker may run there: ${what}`, async () => {
    const { statuses } = await sessions.list({});
    const unknown = statuses.filter(({ name, state }) => name === "astro" && state === "unknown");
    deepEqual(unknown.map((status) => status.reason), reason === null ? [] : [reason]);
    if (reason === null) return;
    const found = await sessions.find("stop", "astro", {});
    equal(found.kind === "defined" && found.trouble !== null, true);
    deepEqual([found.status.state, found.status.reason], ["unknown", reason]);
    const detected = detectBackend(sessions, "astro", {});
    // What is not installed holds none, as far as that is asked.
    if (reason.includes("not installed")) equal(await detected, null);
    else await rejects(detected, BackendUnavailableError);
  });

  Deno.test(`it is not started a second time without a yes: ${what}`, async () => {
    const start = (anyway: boolean) =>
      sessions.start(tmuxDefinition({ name: "astro" }), { waitMs: 0, anyway });
    if (reason !== null) {
      await rejects(start(false), (error: OpsError) => {
        equal(error.code, "backend_unavailable");
        const why = reason.replace(/^it was started in/, "it may still run in")
          .replace(/; the config means tmux$/, "");
        equal(error.message, `Cannot start "astro": ${why}`);
        equal(error.hint, "bring docker back, or add --yes to start it here all the same");
        return true;
      });
    } else {
      equal((await start(false)).state, "running");
    }
    equal((await start(true)).state, "running");
  });
}

Deno.test("a start where nobody answers is refused at once", async () => {
  const trouble = { ...inTrouble(DEFAULT), trouble: { ...SILENCE, missing: false } };
  const start = machine([trouble]).start(tmuxDefinition({ name: "astro" }), { waitMs: 0 });
  await rejects(start, {
    code: "backend_unavailable",
    message:
      'Cannot start "astro": cannot ask tmux on socket "default": it did not answer within ' +
      "10 s; nothing was started",
  });
});

Deno.test("a recorded session is no other one", async () => {
  const sessions = machine([holding(DEFAULT)], [], [], recordOf(DEFAULT));
  await rejects(sessions.find("stop", "astr", {}), SessionNotFoundError);
});

// --- start ---------------------------------------------------------------------------------------

const TO_START = tmuxDefinition();

Deno.test("start() says of the started session whether the config defines it", async () => {
  const options = { waitMs: 0 };
  equal(row(await machine([]).start(TO_START, options)), "astro@default running");
  const sessions = machine([], [definition("astro")]);
  equal(row(await sessions.start(TO_START, options)), "astro@default running +");
});

/** What became of a start of `astro` in tmux, by default on its default socket. */
async function startBeside(
  surveys: readonly Survey[],
  what: Definition = TO_START,
): Promise<string> {
  return await machine(surveys).start(what, { waitMs: 0 }).then(row, (error) => {
    if (error instanceof SessionExistsError) return error.message;
    throw error;
  });
}

const BESIDE: Record<string, readonly [surveys: readonly Survey[], is: string]> = {
  "runs as a container": [
    [holding(DEFAULT), holding(PODMAN), holding(DOCKER, running("astro", DOCKER))],
    'Cannot start "astro": it is already running as a container of docker',
  ],
  "runs on another socket": [
    [holding(DEFAULT), holding(BOTS, running("astro", BOTS))],
    'Cannot start "astro": it is already running in tmux on socket "bots"',
  ],
  "is paused as a container": [
    [holding(DOCKER, running("astro", DOCKER, { state: "stopped", engineState: "paused" }))],
    'Cannot start "astro": it is paused as a container of docker',
  ],
  "is restarted as a container again and again": [
    [holding(DOCKER, running("astro", DOCKER, { state: "exited", engineState: "restarting" }))],
    'Cannot start "astro": it is restarting as a container of docker',
  ],
  "runs under another name": [
    [called(holding(DEFAULT, running("astro", DEFAULT, { reason: "tmux calls it so" })))],
    'Cannot start "astro": it is already running in tmux; tmux calls it so',
  ],
};
for (const [where, [surveys, is]] of Object.entries(BESIDE)) {
  Deno.test(`a session that ${where} is not started again`, async () => {
    equal(await startBeside(surveys), is);
  });
}

function called(survey: Survey): Survey {
  return { ...survey, sessions: survey.sessions.map((each) => ({ ...each, renamed: true })) };
}

const NOT_IT: Record<string, readonly Survey[]> = {
  "a foreign session of that name": [holding(DOCKER, foreign("astro", DOCKER))],
  "a session of another name": [holding(DOCKER, running("astro2", DOCKER))],
  "a place that cannot be asked": [inTrouble(DOCKER)],
  "the session itself, which its engine tells of": [holding(DEFAULT, running("astro"))],
};
for (const [what, surveys] of Object.entries(NOT_IT)) {
  Deno.test(`${what} elsewhere stands in no start's way`, async () => {
    equal(await startBeside(surveys), "astro@default running");
  });
}

Deno.test("what ended in another place, or under another name, is removed by a start", async () => {
  const stopped: string[] = [];
  const over = (place: Place, more: Partial<SessionStatus>, renamed = false): Survey => {
    const survey = holding(place, running("astro", place, { state: "exited", ...more }));
    const stop = () => {
      stopped.push(more.id ?? "");
      return Promise.resolve(running("astro", place));
    };
    return { ...survey, sessions: survey.sessions.map((each) => ({ ...each, stop, renamed })) };
  };
  const surveys = [
    over(BOTS, { id: "socket" }),
    over(DOCKER, { id: "container", engineState: "exited" }),
    over(PODMAN, { id: "kept", state: "stopped", engineState: "exited" }),
    over(DEFAULT, { id: "renamed" }, true),
    over(DEFAULT, { id: "replaced by tmux itself" }),
  ];
  equal(await startBeside(surveys), "astro@default running");
  deepEqual(stopped.sort(), ["container", "kept", "renamed", "socket"]);
});

Deno.test("many starts at once ask each place at most twice", async () => {
  const asked: Asked[] = [];
  const sessions = machine([holding(DEFAULT), holding(PODMAN)], [], asked);
  const names = Array.from({ length: 50 }, (_, index) => `astro${index}`);
  await Promise.all(names.map((name) => sessions.start(tmuxDefinition({ name }), { waitMs: 0 })));
  ok(asked.length <= 4, `${asked.length}`);
});

Deno.test("check() allows no other session than the one that is replaced", async () => {
  const own = holding(DOCKER, running("astro", DOCKER, { id: "a" }));
  const [replaced] = own.sessions;
  if (replaced === undefined) throw new TypeError("There is one");
  await machine([holding(DEFAULT), own]).check(TO_START, replaced);
  const both = machine([holding(DEFAULT, running("astro", DEFAULT, { id: "$1" })), own]);
  await rejects(both.check(TO_START, replaced), { code: "session_exists" });
  await both.check(TO_START);
});

Deno.test("rehearse() looks at everything before it has the engine try", async () => {
  const done: string[] = [];
  const runner: Runner = {
    ...runnerOf("container", [holding(DOCKER, running("astro", DOCKER, { id: "a" }))]),
    check: () => Promise.resolve(void done.push("check")),
    rehearse: () => Promise.resolve(void done.push("try")),
  };
  const open = () => Promise.resolve(runner);
  const sessions = sessionsOver([{ backend: "container", open }], () => Promise.resolve([]));
  const definition = containerDefinition({ name: "astro" });
  const [replaced = null] = holding(DOCKER, running("astro", DOCKER, { id: "a" })).sessions;
  await sessions.rehearse(definition, { replaced, say: () => {} });
  deepEqual(done, ["check", "try"]);
  const other = holding(DOCKER, running("astro", DOCKER, { id: "b" })).sessions[0] ?? null;
  await rejects(sessions.rehearse(definition, { replaced: other, say: () => {} }), {
    code: "session_exists",
  });
  deepEqual(done, ["check", "try", "check"]);
});

Deno.test("what ended elsewhere stays where its place has a stranger of that name", async () => {
  const ended = holding(DEFAULT, running("astro", DEFAULT, { id: "$1", state: "exited" }));
  const stranger = new SessionExistsError("astro", "a podman container of that name is there");
  const runners: readonly Runner[] = [
    runnerOf("tmux", [ended]),
    { ...runnerOf("container", [holding(PODMAN)]), rehearse: () => Promise.reject(stranger) },
  ];
  const backends = runners.map((runner) => ({
    backend: runner.backend,
    open: () => Promise.resolve(runner),
  }));
  const sessions = sessionsOver(backends, () => Promise.resolve([]));
  // Whoever stops one here fails the test.
  await rejects(sessions.start(containerDefinition({ name: "astro" }), { waitMs: 0 }), stranger);
});

// --- detectBackend -------------------------------------------------------------------------------

const DETECTED: Record<string, readonly [readonly Survey[], BackendType | null]> = {
  "tmux": [[holding(BOTS, running("astro", BOTS)), holding(PODMAN)], "tmux"],
  "a container": [[holding(DEFAULT), holding(DOCKER, foreign("astro", DOCKER))], "container"],
  "nothing": [[holding(DEFAULT, running("astro2"))], null],
  "nothing where an engine is not installed": [[inTrouble(PODMAN, MISSING)], null],
};

for (const [what, [surveys, expected]] of Object.entries(DETECTED)) {
  Deno.test(`detectBackend() finds ${what}`, async () => {
    equal(await detectBackend(machine(surveys), "astro", {}), expected);
  });
}

Deno.test("detectBackend() does not guess", async () => {
  const both = [holding(DEFAULT, running("astro")), holding(DOCKER, running("astro", DOCKER))];
  await rejects(detectBackend(machine(both), "astro", {}), { code: "session_ambiguous" });
  await rejects(detectBackend(machine([inTrouble(DOCKER)]), "astro", {}), {
    code: "backend_unavailable",
  });
});

Deno.test("plan() asks the backend of the definition", async () => {
  const sessions = machine([]);
  for (const backend of ["tmux", "container"] as const) {
    const definition = { backend, name: "astro" } as Definition;
    deepEqual((await sessions.plan(definition)).argv, [backend, "astro"]);
  }
});

// --- whose they are ------------------------------------------------------------------------------

const MINE: Owner = { project: null, configFile: "/a/kstops.yml" };
const THEIRS: Owner = { project: "shop", configFile: "/b/kstops.yml" };

/** The machine as somebody sees it whose config is {@link MINE} and defines `web`. */
function owned(surveys: readonly Survey[], recorded?: Recorded) {
  return machine(surveys, [definition("web")], [], recorded, MINE);
}

/** What a name stands for: whose session, in which place; or only a definition. */
async function foundBy(sessions: ReturnType<typeof machine>, selection: Selection = {}) {
  const { kind, status } = await sessions.find("stop", "web", selection);
  return [kind, status.project ?? status.configFile, status.socketName, status.defined];
}

Deno.test("find() takes a session of another config for what it is, where I have none", async () => {
  const sessions = owned([holding(BOTS, running("web", BOTS, THEIRS))]);
  deepEqual(await foundBy(sessions), ["session", "shop", "bots", false]);
});

Deno.test("find() leaves a session of another config alone where no name was said", async () => {
  const theirs = running("web", BOTS, THEIRS);
  const found = await owned([holding(BOTS, theirs)]).find("stop", "web", { ownOnly: true });
  deepEqual([found.kind, found.status.configFile], ["defined", "/a/kstops.yml"]);
  equal(found.kind === "defined" ? found.anothers?.project : null, "shop");
});

Deno.test("find() prefers mine, and a flag chooses that of the other config", async () => {
  const sessions = owned([
    holding(DEFAULT, running("web", DEFAULT, MINE)),
    holding(BOTS, running("web", BOTS, THEIRS)),
  ]);
  deepEqual(await foundBy(sessions), ["session", "/a/kstops.yml", "default", true]);
  deepEqual(await foundBy(sessions, { project: "shop" }), ["session", "shop", "bots", false]);
  deepEqual(await foundBy(sessions, { scope: "bots" }), ["session", "shop", "bots", false]);
});

Deno.test("find() takes what is nobody's for mine", async () => {
  deepEqual(
    await foundBy(owned([holding(DEFAULT, running("web"))])),
    ["session", null, "default", true],
  );
});

Deno.test("find() says whose it is that is not whose a flag says", async () => {
  const sessions = owned([holding(BOTS, running("web", BOTS, THEIRS))]);
  await rejects(sessions.find("stop", "web", { project: "bar" }), {
    code: "session_not_found",
    message:
      'Cannot stop "web": "bar" has no such session; another session with that name belongs to project ' +
      '"shop" (/b/kstops.yml)',
  });
  await rejects(owned([holding(DEFAULT, foreign("web"))]).find("stop", "web", { project: "bar" }), {
    code: "session_not_found",
    message: 'Cannot stop "web": "bar" has no such session',
  });
});

Deno.test("find() says by whom two sessions of other configs are told apart", async () => {
  const sessions = owned([
    holding(DEFAULT, running("web", DEFAULT, { project: null, configFile: "/c d/kstops.yml" })),
    holding(BOTS, running("web", BOTS, THEIRS)),
  ]);
  await rejects(sessions.find("show", "web", {}), {
    code: "session_ambiguous",
    hint: "choose one: --project '/c d/kstops.yml', or --project shop",
  });
});

Deno.test("list() has a session of another config beside the definition of that name", async () => {
  const { statuses } = await owned([holding(BOTS, running("web", BOTS, THEIRS))]).list({});
  deepEqual(
    statuses.map((
      { state, defined, project, configFile },
    ) => [state, defined, project, configFile]),
    [["running", false, "shop", "/b/kstops.yml"], ["defined", true, null, "/a/kstops.yml"]],
  );
});

const DOES = { running: "is running", exited: "has ended", stopped: "is stopped" } as const;

for (const [state, does] of Object.entries(DOES)) {
  Deno.test(`start() leaves one that ${does} alone where it is another config's`, async () => {
    const sessions = owned([
      holding(DEFAULT, running("web", DEFAULT, { ...THEIRS, state: state as keyof typeof DOES })),
    ]);
    const mine = tmuxDefinition({ name: "web", owner: MINE });
    await rejects(sessions.start(mine, { waitMs: 0 }), (error: OpsError) => {
      ok(error instanceof SessionExistsError);
      match(error.message, new RegExp(`${does} in tmux and belongs to project "shop"`));
      match(error.hint ?? "", /kstops stop web --project shop$/);
      equal(error.details.config_file, "/b/kstops.yml");
      return true;
    });
    // As a restart does that was told whose it is.
    await sessions.start({ ...mine, owner: THEIRS }, { waitMs: 0 });
  });
}

Deno.test("start() leaves what is nobody's alone where no name was said", async () => {
  const mine = tmuxDefinition({ name: "web", owner: MINE });
  const ownOnly = { waitMs: 0, ownOnly: true };
  const ended = owned([holding(DEFAULT, running("web", DEFAULT, { state: "exited" }))]);
  await rejects(ended.start(mine, ownOnly), {
    code: "session_exists",
    message:
      'Cannot start "web": another session with this name has ended in tmux and was started from no config',
    hint: "look at it with kstops status web, or end it with kstops stop web",
  });
  await rejects(ended.check(mine, undefined, true), { code: "session_exists" });
  await ended.start(mine, { waitMs: 0 });
  const own = owned([holding(DEFAULT, running("web", DEFAULT, { ...MINE, state: "exited" }))]);
  await own.start(mine, ownOnly);
});

Deno.test("what began while another engine was asked is not taken for lost", async () => {
  const record = recordOf(DEFAULT, { state: "running", engineState: "orphaned" });
  const surveys = [holding(DEFAULT)];
  let asked = 0;
  const tmux: Runner = {
    ...runnerOf("tmux", []),
    // The first answer is older than the session.
    survey: () =>
      Promise.resolve(asked++ % 2 === 0 ? surveys : [holding(DEFAULT, running("astro"))]),
  };
  const backends = [{ backend: "tmux" as const, open: () => Promise.resolve(tmux) }];
  const sessions = sessionsOver(backends, () => Promise.resolve([]), { recorded: record });
  equal((await sessions.find("show", "astro", {})).status.engineState, null);
  deepEqual((await sessions.list({})).statuses.map(({ engineState }) => engineState), [null]);
  equal(asked, 4);
});

Deno.test("start() makes no second one beside another config's that may run where nobody answers", async () => {
  const theirs = { project: "shop", configFile: "/shop/kstops.yml" };
  const record = recordOf(DOCKER, theirs);
  const mine = { project: "bots", configFile: "/bots/kstops.yml" };
  const surveys = [holding(DEFAULT), inTrouble(DOCKER, SILENCE)];
  const sessions = machine(surveys, [], [], record, mine);
  const wanted = tmuxDefinition({ name: "astro", owner: mine });
  // No yes is about that.
  await rejects(
    sessions.start(wanted, { waitMs: 0, anyway: true }),
    (error: OpsError) => {
      equal(error.code, "session_exists");
      equal(
        error.message,
        'Cannot start "astro": a session with this name that belongs to project "shop" (/shop/kstops.yml) may still run ' +
          `in docker, which cannot be asked: ${SILENCE.reason}`,
      );
      return true;
    },
  );
});
