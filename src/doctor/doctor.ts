/** The examination of everything that kstops works with. */
import type { Config } from "../config/config.ts";
import type { World } from "../world/world.ts";
import { configFindings } from "./config.ts";
import { containerFindings } from "./containers.ts";
import type { Finding } from "./finding.ts";
import { logoutFindings } from "./logout.ts";
import { ask } from "./look/ask.ts";
import { lookAtConfig } from "./look/config.ts";
import { lookAtContainers } from "./look/containers.ts";
import { lookAtLogout } from "./look/logout.ts";
import { lookAtProcesses } from "./look/processes.ts";
import { lookAtState } from "./look/state.ts";
import { lookAtTerminal } from "./look/terminal.ts";
import { lookAtTmux } from "./look/tmux.ts";
import { needsOf } from "./needs.ts";
import { processFindings } from "./processes.ts";
import { stateFindings } from "./state.ts";
import { terminalFindings } from "./terminal.ts";
import { tmuxFindings } from "./tmux.ts";

/**
 * Looks at everything, side by side. Nothing is changed, but for a file that is written in the state
 * directory and removed.
 */
export async function examine(world: World, config: Config): Promise<readonly Finding[]> {
  const user = nameOfUser(world);
  const [tmux, containers, terminal, configFacts, state] = await Promise.all([
    lookAtTmux(world, config.settings.tmuxBinary),
    lookAtContainers(world, user),
    lookAtTerminal(world),
    lookAtConfig(world, config),
    lookAtState(world),
  ]);
  const servers = tmux.servers.flatMap(({ socketName, answer }) =>
    answer.kind === "answered" && answer.value !== null && answer.value.pid !== null
      ? [{ socketName, pid: answer.value.pid }]
      : []
  );
  const rootlessPodman = containers.rootless !== null;
  const [logout, processes] = await Promise.all([
    lookAtLogout(world, { user: await user, servers, rootlessPodman }),
    lookAtProcesses(world, {
      pids: servers.map(({ pid }) => pid),
      areAll: tmux.version?.kind === "answered" &&
        tmux.servers.every(({ answer }) => answer.kind === "answered"),
    }),
  ]);
  const installed = containers.clients.flatMap(({ seen }) => seen === null ? [] : [seen.runtime]);
  return [
    ...tmuxFindings(tmux, needsOf(config, { backend: "tmux", installed: [] })),
    ...containerFindings(containers, needsOf(config, { backend: "container", installed })),
    ...logoutFindings(logout),
    ...processFindings(processes),
    ...terminalFindings(terminal),
    ...configFindings(configFacts),
    ...stateFindings(state),
  ];
}

/** The variable `USER` may be left from somebody else. */
async function nameOfUser(world: World): Promise<string> {
  const answer = await ask(world, ["id", "-un"], { read: (stdout) => stdout.trim() || undefined });
  return answer.kind === "answered" ? answer.value : String(world.uid() ?? "");
}
