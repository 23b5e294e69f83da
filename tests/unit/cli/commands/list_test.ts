import { deepEqual, equal, match } from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import type { Context, Reply } from "../../../../src/cli/command.ts";
import { list, type ListFlags } from "../../../../src/cli/commands/list.ts";
import { emptyConfig } from "../../../../src/config/config.ts";
import { defaultSettings } from "../../../../src/keys/file_keys.ts";
import { BackendUnavailableError } from "../../../../src/errors.ts";
import { type Runtime, type SessionStatus, statusOf } from "../../../../src/model.ts";
import type { Screen } from "../../../../src/output/screen.ts";
import { statusToWire } from "../../../../src/wire.ts";
import type { Listing, Selection } from "../../../../src/sessions/sessions.ts";
import { equalsGolden } from "../../../support/golden.ts";
import { NOW, STATUSES } from "../../../support/statuses.ts";

const PIPE: Screen = { terminal: false, columns: 80, colour: false, unicode: true, now: NOW };
const TERMINAL: Screen = { terminal: true, columns: 80, colour: false, unicode: true, now: NOW };

/** What `list` answers on a machine with this listing. */
async function listOf(
  listing: Partial<Listing>,
  flags: ListFlags = {},
  config = emptyConfig(null, { settings: defaultSettings(), directory: "/" }),
): Promise<{
  readonly reply: Reply;
  readonly warnings: readonly string[];
  readonly selections: readonly Selection[];
}> {
  const warnings: string[] = [];
  const selections: Selection[] = [];
  const context = {
    json: false,
    world: { terminal: { stdoutIsTerminal: true } },
    warn: (text: string) => warnings.push(text),
    config: () => Promise.resolve(config),
    sessions: () =>
      ({
        list: (selection: Selection) => {
          selections.push(selection);
          const none = { statuses: [], sessionOf: () => null, troubles: [] };
          return Promise.resolve({ ...none, ...listing });
        },
      }) as Partial<ReturnType<Context["sessions"]>> as never,
  };
  return { reply: await list(context as unknown as Context, flags), warnings, selections };
}

async function textOf(
  statuses: readonly SessionStatus[],
  screen: Screen,
  flags: ListFlags = {},
): Promise<string> {
  return await (await listOf({ statuses }, flags)).reply.text!(screen);
}

for (const columns of [60, 80, 200]) {
  Deno.test(`list looks good on a terminal of ${columns} columns`, async () => {
    const plain = await textOf(STATUSES, { ...TERMINAL, columns });
    await equalsGolden(`list-${columns}.txt`, plain);
    equal(stripVTControlCharacters(plain), plain);
    const colour = await textOf(STATUSES, { ...TERMINAL, columns, colour: true });
    await equalsGolden(`list-${columns}-colour.txt`, colour);
    equal(stripVTControlCharacters(colour), plain);
  });
}

Deno.test("a mistake in the config has the name of its file on a terminal, and its path in a pipe", async () => {
  const reason = "/srv/bots/kstops.yml:5:7: ops.sessions.astro.volums: unknown key";
  const elsewhere = "/run/docker.sock: permission denied";
  const statuses = [reason, elsewhere].map((reason) =>
    statusOf({ name: "astro", backend: "tmux", state: "unknown", reason })
  );
  const shown = await textOf(statuses, { ...TERMINAL, columns: 200 });
  match(shown, /unknown {2}kstops.yml:5:7: ops.sessions/);
  match(shown, /unknown {2}\/run\/docker.sock: permission denied$/m);
  match(await textOf(statuses, PIPE), /\t\/srv\/bots\/kstops.yml:5:7: ops.sessions/);
});

Deno.test("list in a pipe is for cut and awk", async () => {
  await equalsGolden("list.tsv", await textOf(STATUSES, PIPE));
});

Deno.test("list in JSON has every session, and nothing is made safe or cut", async () => {
  const { reply } = await listOf({ statuses: STATUSES });
  deepEqual(reply.data, STATUSES.map(statusToWire));
});

Deno.test("list says on a terminal what to do where there is nothing, and nothing in a pipe", async () => {
  equal(await textOf([], TERMINAL), "No sessions. Start one: kstops start NAME -- COMMAND\n");
  equal(await textOf([], PIPE), "");
  equal(await textOf([], PIPE, { quiet: true }), "");
});

const PORTS: Record<string, readonly [SessionStatus["ports"], string]> = {
  "no port": [[], "web:1"],
  "a port on every address, which docker has twice": [
    [
      { hostIp: "0.0.0.0", hostPort: 8080, containerPort: 80, protocol: "tcp" },
      { hostIp: "::", hostPort: 8080, containerPort: 80, protocol: "tcp" },
    ],
    "web:1 (8080:80)",
  ],
  "ports on one address, and what is not published": [
    [
      { hostIp: "127.0.0.1", hostPort: 5353, containerPort: 53, protocol: "udp" },
      { hostIp: "::1", hostPort: 8443, containerPort: 443, protocol: "tcp" },
      { hostIp: null, hostPort: null, containerPort: 9000, protocol: "tcp" },
    ],
    "web:1 (127.0.0.1:5353:53/udp, [::1]:8443:443)",
  ],
};

for (const [what, [ports, expected]] of Object.entries(PORTS)) {
  Deno.test(`list shows a container with ${what} as a config has it`, async () => {
    const web = statusOf({ name: "web", backend: "container", state: "running" });
    const text = await textOf([{ ...web, engine: "podman", image: "web:1", ports }], PIPE);
    equal(text.trimEnd().split("\t").at(-1), expected);
  });
}

const FILTERS: Record<string, readonly [ListFlags, readonly (string | null)[]]> = {
  "by a state": [{ state: "exited" }, [STATUSES[1]!.name, STATUSES[4]!.name, "migrate"]],
  "by a state that only an engine in trouble has": [{ state: "unknown" }, [null]],
  "by being managed": [{ managed: true }, ["astro", "astro-prod", "migrate", "web"]],
  "by both": [{ managed: true, state: "running" }, ["astro", "web"]],
};

for (const [how, [flags, names]] of Object.entries(FILTERS)) {
  Deno.test(`list filters ${how}`, async () => {
    const { reply } = await listOf({ statuses: STATUSES }, flags);
    deepEqual((reply.data as { name: string | null }[]).map(({ name }) => name), names);
  });
}

Deno.test("list -q prints names only, each on one line", async () => {
  equal(
    await textOf(STATUSES.slice(3), TERMINAL, { quiet: true }),
    [
      "🐍👩‍🚀🇩🇪",
      "evil\\x1b[2J\\x1b]0;title\\x07\\nroot\\ttab\\u202egpj.exe\\x9b31m",
      "migrate",
      "a-name-of-sixty-four-characters-which-is-the-longest-that-there-is",
      "web",
      "worker",
      "",
    ].join("\n"),
  );
});

Deno.test("list passes the flags that choose a place on", async () => {
  const { selections } = await listOf({}, { backend: "tmux", socket: "bots" });
  deepEqual(selections, [{
    backend: "tmux",
    scope: "bots",
    project: undefined,
    ownOnly: undefined,
  }]);
});

Deno.test("list fails for an engine that was asked for, and only mentions another one", async () => {
  const error = (where: string) =>
    new BackendUnavailableError(`Cannot ask ${where}: it is busy`, { reason: "it is busy" });
  const place = (
    engine: Runtime,
  ) => ({ host: null, backend: "container", engine, scope: null } as const);
  const { reply, warnings } = await listOf({
    statuses: STATUSES,
    troubles: [
      { place: place("docker"), wanted: false, error: error("docker") },
      { place: place("podman"), wanted: true, error: error("podman") },
    ],
  });
  deepEqual(warnings, ["Cannot ask docker: it is busy"]);
  deepEqual(reply.failures?.map((failure) => (failure as Error).message), [
    "Cannot ask podman: it is busy",
  ]);
  equal((reply.data as unknown[]).length, STATUSES.length);
});

Deno.test("list has a column for whose they are where some are another config's", async () => {
  const theirs = statusOf({
    ...{ name: "web", backend: "tmux", state: "running", managed: true, engine: "tmux" },
    ...{ command: ["serve"], project: "shop", configFile: "/srv/shop/kstops.yml" },
  });
  const listing = { statuses: [theirs, { ...theirs, name: "own", project: "bots" }], troubles: [] };
  const settings = { ...defaultSettings(), project: "bots" };
  const config = emptyConfig("/srv/kstops.yml", { settings, directory: "/srv" });
  const { reply } = await listOf(listing, {}, config);
  const shown = (await reply.text!({ ...TERMINAL, columns: 80 })).split("\n").map((row) =>
    row.trim().split(/ +/)
  );
  deepEqual(shown.slice(0, 3), [
    ["NAME", "STATE", "PROJECT", "COMMAND"],
    ["web", "running", "shop", "serve"],
    ["own", "running", "-", "serve"],
  ]);
});
