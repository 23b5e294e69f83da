/** Answers that go on until the user ends them. */
import type { Screen } from "../output/screen.ts";
import type { World } from "../world/world.ts";
import type { Reply } from "./command.ts";

/** A stream that a signal ends: its exit status is then that of the signal. */
export function following(
  world: Pick<World, "onEndSignal">,
  follow: (screen: Screen, abort: AbortSignal) => AsyncIterable<Uint8Array>,
): Reply {
  const abort = new AbortController();
  let status = 0;
  const release = world.onEndSignal((signal) => {
    status = 128 + { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }[signal];
    abort.abort();
  });
  return {
    stream: async function* (screen) {
      try {
        yield* follow(screen, abort.signal);
      } finally {
        abort.abort();
        release();
      }
    },
    get exitStatus() {
      return status;
    },
  };
}
