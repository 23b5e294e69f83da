/** `kstops logs NAME...`: what sessions printed, even after they ended, and what they print now. */
import { followOutput, type LogRequest, readEach } from "../../actions/logs.ts";
import type { LogOptions } from "../../backends/backend.ts";
import { UsageError } from "../../errors.ts";
import {
  asJson,
  asPlain,
  asShown,
  jsonLines,
  labels,
  merged,
  prefixed,
} from "../../output/lines.ts";
import type { Context, Reply } from "../command.ts";
import { following } from "../following.ts";
import { definedNames, sessionsToShow } from "../names.ts";
import { sinceFlag } from "../since.ts";
import { warnOfProblems } from "../warnings.ts";

/** Flags of `logs`. */
interface LogsFlags extends LogRequest {
  readonly names: readonly string[];
  /** How many lines from the end; `Infinity` for all. */
  readonly lines: number;
  readonly since?: string | undefined;
  readonly timestamps?: true | undefined;
  readonly follow?: true | undefined;
  readonly plain?: true | undefined;
}

/** Prints the last lines of sessions, and with `--follow` everything that they print further. */
export async function logs(context: Context, given: LogsFlags): Promise<Reply> {
  const options = optionsOf(context, given);
  const { names, named } = await sessionsToShow(context, "show the logs of", given.names);
  await warnOfProblems(context, { ...given, names });
  const flags = names.length > 0
    ? { ...given, names, ofConfig: named.length === 0 }
    : { ...given, names: await definedNames(context, "show the logs"), ofConfig: true };
  return flags.follow ? allFollowed(context, flags, options) : await once(context, flags, options);
}

function optionsOf({ world }: Context, flags: LogsFlags): LogOptions {
  const { follow, previous, lines, timestamps } = flags;
  if (follow && previous) {
    throw new UsageError("Cannot follow the previous run: it is over", {
      hint: "leave --follow out",
    });
  }
  const since = sinceFlag(flags.since, world.now(), "show output");
  return { lines, since, timestamps: timestamps === true };
}

// --- what is there -------------------------------------------------------------------------------

async function once(context: Context, flags: LogsFlags, options: LogOptions): Promise<Reply> {
  const { names, plain } = flags;
  const failures: unknown[] = [];
  const outputs = await readEach(context, names, { request: flags, options });
  const found = await Promise.all(outputs.map(async (output, index) => {
    const name = names[index] ?? "";
    if (output.status === "fulfilled") {
      return { name, bytes: plain ? await asShown(output.value) : output.value };
    }
    if (names.length === 1) throw output.reason;
    failures.push(output.reason);
    return { name, bytes: new Uint8Array() };
  }));
  if (flags.ofConfig && failures.length === 0 && found.every(({ bytes }) => bytes.length === 0)) {
    context.warn("no session of the config has printed anything yet");
  }
  if (context.json) {
    const data = found.flatMap(({ name, bytes }) => jsonLines(name, bytes));
    return { data, failures };
  }
  const [only] = found;
  if (names.length === 1 && only !== undefined) return { bytes: only.bytes, failures };
  return {
    stream: async function* (screen) {
      const label = labels(names, screen);
      for (const { name, bytes } of found) yield* prefixed(name, [bytes], label);
      await Promise.resolve();
    },
    failures,
  };
}

// --- what comes ----------------------------------------------------------------------------------

function allFollowed(context: Context, flags: LogsFlags, options: LogOptions): Reply {
  const { names } = flags;
  return following(context.world, (screen, abort) => {
    const label = labels(names, screen);
    return merged(names.map((name) => {
      const chunks = followOutput(context, { name, request: flags, options }, abort);
      if (context.json) return asJson(name, chunks);
      if (flags.plain) return asPlain(name, chunks, names.length > 1 ? label : null);
      return names.length > 1 ? prefixed(name, chunks, label) : chunks;
    }));
  });
}
