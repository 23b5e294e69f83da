/** `kstops events [NAME...]`: what happened to sessions, and what happens. */
import { type EventRequest, followEvents, pastEvents } from "../../actions/events.ts";
import { sessionEventText, sessionEventToWire } from "../../output/event.ts";
import { paint } from "../../output/screen.ts";
import type { Context, Reply } from "../command.ts";
import { sessionsToShow } from "../names.ts";
import { sinceFlag } from "../since.ts";

/** Flags of `events`. */
interface EventsFlags {
  readonly names: readonly string[];
  readonly follow?: true | undefined;
  readonly since?: string | undefined;
}

/** Shows what happened, and with `--follow` what happens from now on. */
export async function events(context: Context, flags: EventsFlags): Promise<Reply> {
  const { world } = context;
  const since = sinceFlag(flags.since, world.now(), "show events");
  const { names } = await sessionsToShow(context, "show events of", flags.names);
  const request = { names, since };
  if (flags.follow) return following(context, request);
  const found = await pastEvents(context, request);
  return {
    data: found.map(sessionEventToWire),
    text: (screen) =>
      found.length === 0 && screen.terminal
        ? `${paint("No events", "dim", screen)}\n`
        : found.map((event) => sessionEventText(event, screen)).join(""),
  };
}

function following(context: Context, request: EventRequest): Reply {
  const abort = new AbortController();
  let status = 0;
  const release = context.world.onEndSignal((signal) => {
    status = 128 + { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }[signal];
    abort.abort();
  });
  return {
    stream: async function* (screen) {
      const encoder = new TextEncoder();
      try {
        for await (const event of followEvents(context, request, abort.signal)) {
          yield encoder.encode(
            context.json
              ? `${JSON.stringify(sessionEventToWire(event))}\n`
              : sessionEventText(event, screen),
          );
        }
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
