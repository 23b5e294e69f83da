/** Looks at podman and docker. */
import { askAbout, askAll, type Context } from "./ask.ts";
import { type Client, findClient, installHint } from "./clients.ts";
import { parseFailure } from "./failure.ts";
import { list, OF_QUESTIONS } from "./list.ts";
import { type LogSize, logSizeOf } from "./podman_log.ts";
import { surveyAll } from "./survey.ts";
import { isAbandoned } from "./trial.ts";
import { BackendUnavailableError } from "../../errors.ts";
import { logStore } from "../../logs/store.ts";
import { type Runtime, RUNTIMES } from "../../model.ts";
import { FileError, type World } from "../../world/world.ts";
import {
  type ClientFacts,
  type ContainerFacts,
  containerFindings,
  type Reached,
  type RootlessFacts,
  subordinateIds,
} from "./findings.ts";
import type { Answer } from "../../model/finding.ts";
import { ask, type Examination, type Examined } from "../doctor.ts";

/** Findings about container runtimes. */
export async function examineContainers(
  world: World,
  { user, needs }: Examination,
): Promise<Examined> {
  const facts = await lookAtContainers(world, user);
  const installed = facts.clients.flatMap(({ seen }) => seen === null ? [] : [seen.runtime]);
  return {
    findings: containerFindings(facts, needs(installed)),
    rootlessPodman: facts.rootless !== null,
  };
}

/** The facts about container runtimes. */
export async function lookAtContainers(
  world: World,
  user: Promise<string>,
): Promise<ContainerFacts> {
  const found = await Promise.all(RUNTIMES.map((program) => findClient(world, program)));
  const used = found.map((each, index) =>
    each !== null &&
    found.findIndex((other) => other?.client.runtime === each.client.runtime) === index
  );
  const clients = await Promise.all(found.map(async (each, index): Promise<ClientFacts> => {
    const program = RUNTIMES[index] ?? "podman";
    if (each === null) return { program, seen: null };
    const { path, client: { runtime, dialect } } = each;
    const isSpare = used[index] !== true;
    const [version, reached] = await Promise.all([
      ask(world, [program, "--version"], {
        read: (stdout) => /version v?(\d[^\s,]*)/.exec(stdout)?.[1],
      }),
      isSpare ? null : reachAsListed(world, each.client),
    ]);
    const host = world.env(dialect === "docker" ? "DOCKER_HOST" : "CONTAINER_HOST") || null;
    return { program, seen: { path, runtime, dialect, isSpare, host, version, reached } };
  }));
  const isRootless = clients.some(({ seen }) =>
    seen?.runtime === "podman" && seen.reached?.kind === "answered" && seen.reached.value.rootless
  );
  return {
    clients,
    rootless: isRootless ? await lookAtRootless(world, await user) : null,
    installHint: installHint(world),
  };
}

/**
 * What the runtime reports about itself, if its containers can be listed as in every other command:
 * only that counts.
 */
async function reachAsListed(world: World, client: Client): Promise<Answer<Reached>> {
  const context = { world, logs: logStore(world, () => {}) };
  const answer = list(context, client);
  const [told, [survey]] = await Promise.all([
    reach(world, client.program, client.dialect),
    surveyAll(context, [{ client, answer }], []),
  ]);
  const { milliseconds } = told;
  const trouble = survey?.trouble ?? null;
  if (told.kind === "failed") {
    return trouble === null
      ? { kind: "answered", value: { version: null, rootless: null }, milliseconds }
      : told;
  }
  if (trouble !== null) return { kind: "failed", reason: trouble.reason, milliseconds };
  const now = world.now();
  const trials = (await askAll(context, client, { answer, names: [] }))
    .filter((each) => isAbandoned(each, now)).map(({ name }) => name);
  if (client.runtime !== "podman") return { ...told, value: { ...told.value, trials } };
  const managed = survey?.sessions.filter(({ status }) => status.managed) ?? [];
  const logs = await logSizes(context, client, managed.flatMap(({ status: { id } }) => id ?? []));
  return { ...told, value: { ...told.value, logs, trials } };
}

/** The sizes of some sessions' logs. Sessions that cannot be asked about are left out. */
async function logSizes(
  context: Context,
  client: Client,
  ids: readonly string[],
): Promise<readonly LogSize[]> {
  try {
    const containers = await askAbout(context, client, ids);
    const sizes = await Promise.all(containers.map((each) => logSizeOf(context.world, each)));
    return sizes.filter((size) => size !== null);
  } catch (error) {
    if (error instanceof BackendUnavailableError) return [];
    throw error;
  }
}

function reach(world: World, program: string, dialect: Runtime): Promise<Answer<Reached>> {
  const failed = (stderr: string) => ({ reason: parseFailure(stderr).reason });
  if (dialect === "docker") {
    // Words of Go templates, since old clients have another JSON.
    return ask(world, [program, "version", "--format", "{{.Server.Version}}"], {
      env: OF_QUESTIONS,
      failed,
      read: (stdout) =>
        /^\d\S*$/.test(stdout.trim()) ? { version: stdout.trim(), rootless: null } : undefined,
    });
  }
  const format = "{{.Version.Version}} {{.Host.Security.Rootless}}";
  return ask(world, [program, "info", "--format", format], {
    env: OF_QUESTIONS,
    failed,
    read: (stdout) => {
      const [, version = "", rootless = ""] = /^(\S+) (true|false)$/.exec(stdout.trim()) ?? [];
      return version === "" ? undefined : { version, rootless: rootless === "true" };
    },
  });
}

async function lookAtRootless(world: World, user: string): Promise<RootlessFacts> {
  const uid = world.uid() ?? 0;
  const [users = "", groups = ""] = await Promise.all(
    ["/etc/subuid", "/etc/subgid"].map((path) => textOf(world, path)),
  );
  const runtimeDirectory = world.env("XDG_RUNTIME_DIR") || null;
  const facts = runtimeDirectory === null ? null : await world.files.facts(runtimeDirectory);
  return {
    user,
    uid,
    subordinate: {
      users: subordinateIds(users, { user, uid }),
      groups: subordinateIds(groups, { user, uid }),
    },
    runtimeDirectory,
    runtimeDirectoryTrouble: facts === null || facts.kind !== "directory"
      ? "there is no such directory"
      : facts.uid !== uid
      ? `it belongs to another user (uid ${facts.uid})`
      : null,
  };
}

async function textOf(world: World, path: string): Promise<string> {
  try {
    return await world.files.readText(path);
  } catch (error) {
    if (error instanceof FileError) return "";
    throw error;
  }
}
