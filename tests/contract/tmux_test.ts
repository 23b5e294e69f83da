/** The tmux backend on a real tmux: the suite of all backends. */
import { ignoreWithoutTmux, withTmux } from "../support/tmux.ts";
import { runnerSuite } from "./suite.ts";
import { setUpTmux } from "./tmux_setup.ts";

runnerSuite({
  engine: "tmux",
  ignore: ignoreWithoutTmux(),
  python: runs("python3", "-c", "") ? "python3" : null,
  isolated: false,
  shortestName: 1,
  within: (body) => withTmux(({ world }) => body(setUpTmux(world))),
});

function runs(program: string, ...args: readonly string[]): boolean {
  try {
    return new Deno.Command(program, { args: [...args], stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}
