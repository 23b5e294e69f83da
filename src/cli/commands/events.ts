/** `kstops events [NAME...]`: what happened to sessions, and what happens. */
import { followEvents, pastEvents } from "../../actions/events.ts";
import type { SessionEvent } from "../../logs/events.ts";
import { sessionEventText, sessionEventToWire } from "../../output/event.ts";
import { paint } from "../../output/screen.ts";
import type { Context, Reply } from "../command.ts";
import { following } from "../following.ts";
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
  if (flags.follow) {
    return following(world, (screen, abort) =>
      eventLines(
        followEvents(context, request, abort),
        context.json
          ? (event) => `${JSON.stringify(sessionEventToWire(event))}\n`
          : (event) => sessionEventText(event, screen),
      ));
  }
  const found = await pastEvents(context, request);
  return {
    data: found.map(sessionEventToWire),
    text: (screen) =>
      found.length === 0 && screen.terminal
        ? `${paint("No events", "dim", screen)}\n`
        : found.map((event) => sessionEventText(event, screen)).join(""),
  };
}

async function* eventLines(
  events: AsyncIterable<SessionEvent>,
  lineOf: (event: SessionEvent) => string,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  for await (const event of events) yield encoder.encode(lineOf(event));
}
