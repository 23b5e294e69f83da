/** Examines everything that kstops works with. */
import { ask } from "../backends/doctor.ts";
import { REGISTRY } from "../backends/registry.ts";
import type { Config } from "../config/config.ts";
import type { Engine } from "../model.ts";
import type { Finding } from "../model/finding.ts";
import type { World } from "../world/world.ts";
import { configFindings } from "./config.ts";
import { logoutFindings } from "./logout.ts";
import { lookAtConfig } from "./look/config.ts";
import { lookAtLogout } from "./look/logout.ts";
import { lookAtProcesses } from "./look/processes.ts";
import { lookAtState } from "./look/state.ts";
import { lookAtTerminal } from "./look/terminal.ts";
import { needsOf } from "./needs.ts";
import { processFindings } from "./processes.ts";
import { stateFindings } from "./state.ts";
import { terminalFindings } from "./terminal.ts";

/**
 * Looks at everything, side by side. Changes nothing, except that it writes a file in the state
 * directory and removes it.
 */
export async function examine(world: World, config: Config): Promise<readonly Finding[]> {
  const user = nameOfUser(world);
  const { tmuxBinary } = config.settings;
  const [backends, terminal, configFacts, state] = await Promise.all([
    Promise.all(REGISTRY.map(async ({ backend, doctor }) => {
      const needs = (installed: readonly Engine[]) => needsOf(config, { backend, installed });
      return await (await doctor())(world, { tmuxBinary, user, needs });
    })),
    lookAtTerminal(world),
    lookAtConfig(world, config),
    lookAtState(world),
  ]);
  const servers = backends.flatMap((each) => each.servers ?? []);
  const rootlessPodman = backends.some((each) => each.rootlessPodman === true);
  const [logout, boot, processes] = await Promise.all([
    lookAtLogout(world, { user: await user, servers, rootlessPodman }),
    bootOf(world, config),
    lookAtProcesses(world, {
      pids: servers.map(({ pid }) => pid),
      areAll: !backends.some(({ isPartial }) => isPartial === true),
    }),
  ]);
  return [
    ...backends.flatMap(({ findings }) => findings),
    ...logoutFindings(logout),
    ...boot,
    ...processFindings(processes),
    ...terminalFindings(terminal),
    ...configFindings(configFacts),
    ...stateFindings(state),
  ];
}

/** The same as `boot status` says, where a unit of this user starts sessions. */
async function bootOf(world: World, config: Config): Promise<readonly Finding[]> {
  const { isBootEnabled, lookAtBoot } = await import("./look/boot.ts");
  if (!await isBootEnabled(world)) return [];
  const { bootFindings } = await import("./boot.ts");
  return bootFindings(await lookAtBoot(world, config, { system: false }));
}

/** The variable `USER` may be left over from another user. */
async function nameOfUser(world: World): Promise<string> {
  const answer = await ask(world, ["id", "-un"], { read: (stdout) => stdout.trim() || undefined });
  return answer.kind === "answered" ? answer.value : String(world.uid() ?? "");
}
