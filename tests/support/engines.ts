/**
 * The container engines that tests may use. Also hides engines from tests about other things:
 * containers that happen to run on this machine do not concern a test of tmux.
 *
 * `.ci/engines up` starts private engines and prints where they are, in the variables of {@link
 * KEYS}.
 */
import { denoWorld } from "../../src/world/deno.ts";

/** The variables that lead clients to the private engines. */
const KEYS = [
  ...["DOCKER_HOST", "DOCKER_CONFIG", "CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF"],
  ...["KSTOPS_ENGINES_DIR", "KSTOPS_TEST_IMAGE", "PODMAN_IGNORE_CGROUPSV1_WARNING"],
];
const CLIENTS = ["podman", "docker"];

/** The values of these variables; null without private engines. */
export function engineVariables(): Readonly<Record<string, string>> | null {
  if (!Deno.env.get("KSTOPS_ENGINES_DIR")) return null;
  return Object.fromEntries(KEYS.flatMap((key) => {
    const value = Deno.env.get(key);
    return value === undefined ? [] : [[key, value]];
  }));
}

/** Whether to ignore tests that need containers: there are no private engines, and this is not CI. */
export function ignoreWithoutEngines(): boolean {
  return !Deno.env.get("KSTOPS_CI") && engineVariables() === null;
}

/**
 * Runs `body` while no other test, in any process, runs that calls this: for tests that look at
 * every container, or that use names of containers which others use, too.
 */
export async function aloneOnEngines<Result>(body: () => Promise<Result>): Promise<Result> {
  const directory = Deno.env.get("KSTOPS_ENGINES_DIR");
  if (!directory) return await body(); // `body` reports what it misses.
  using turn = await Deno.open(`${directory}/turn.lock`, { create: true, write: true });
  await turn.lock(true);
  return await body();
}

const farms = new Map<string, string>();

/** PATH without podman and docker: directories with links to everything else replace theirs. */
export async function pathWithoutEngines(): Promise<string> {
  const directories = (Deno.env.get("PATH") ?? "/usr/bin:/bin").split(":");
  return (await Promise.all(directories.map(withoutClients))).join(":");
}

async function withoutClients(directory: string): Promise<string> {
  const { files } = denoWorld();
  const found = await Promise.all(CLIENTS.map((name) => files.facts(`${directory}/${name}`)));
  if (found.every((facts) => facts === null)) return directory;
  const real = await Deno.realPath(directory);
  const known = farms.get(real);
  if (known !== undefined) return known;
  const farm = Deno.makeTempDirSync({ dir: "/tmp", prefix: "k-bin-" });
  farms.set(real, farm);
  for (const name of await files.list(real)) {
    if (!CLIENTS.includes(name)) Deno.symlinkSync(`${real}/${name}`, `${farm}/${name}`);
  }
  return farm;
}

globalThis.addEventListener("unload", () => {
  for (const farm of farms.values()) Deno.removeSync(farm, { recursive: true });
  farms.clear();
});
