/** `kstops wait NAME... --for CONDITION`: until sessions are in a state, or have printed something. */
import { type Condition, metText, parseCondition } from "../../actions/awaited.ts";
import { waitForEach } from "../../actions/wait.ts";
import {
  escapeControls,
  InterruptedError,
  type Json,
  quote,
  toEnvelope,
  UsageError,
} from "../../errors.ts";
import { statusToWire } from "../../wire.ts";
import type { Context, PlaceFlags, Reply } from "../command.ts";
import { changeMeant, sessionsToShow } from "../names.ts";
import { warnOfProblems } from "../warnings.ts";

/** Flags of `wait`. */
interface WaitFlags extends PlaceFlags {
  readonly names: readonly string[];
  readonly for?: string | undefined;
  readonly any?: true | undefined;
  /** In seconds. */
  readonly timeout?: number | undefined;
}

/** Waits until all sessions are as wanted, or cannot be. */
export async function wait(context: Context, flags: WaitFlags): Promise<Reply> {
  const condition = conditionOf(flags);
  const meant = await sessionsToShow(context, "wait for", flags.names);
  const { names } = meant;
  await warnOfProblems(context, { ...flags, names });
  const abort = new AbortController();
  const release = context.world.onEndSignal((signal) => {
    abort.abort(new InterruptedError(signal, "nothing was changed"));
  });
  const { any, backend, socket, runtime, project, timeout = null } = flags;
  const request = {
    ...{ condition, any, backend, socket, runtime, project },
    ...{ timeoutSeconds: timeout, abort: abort.signal },
  };
  try {
    const outcomes = await changeMeant(
      meant,
      (some, all) => waitForEach(context, some, { ...request, all }),
    );
    return replyOf(outcomes, { names, condition });
  } finally {
    release();
  }
}

function conditionOf({ for: text, any }: WaitFlags): Condition {
  const about = "--for running, ready, healthy, exited, stopped or log=REGEX";
  if (text === undefined) {
    throw new UsageError("Cannot wait: --for is missing", { hint: `say what for: ${about}` });
  }
  const condition = parseCondition(text);
  if (condition === null) {
    throw new UsageError(`Cannot wait for ${quote(text)}: that is nothing to wait for`, {
      hint: `say ${about}`,
    });
  }
  if (any && condition.kind !== "exited") {
    throw new UsageError(`Cannot use --any with --for ${condition.kind}: it is about ends`, {
      hint: "leave it out, or say --for exited",
    });
  }
  return condition;
}

function replyOf(
  outcomes: Awaited<ReturnType<typeof waitForEach>>,
  { names, condition }: {
    readonly names: readonly string[];
    readonly condition: Condition;
  },
): Reply {
  const data = outcomes.map((outcome, index): Json =>
    outcome.status === "fulfilled"
      ? statusToWire(outcome.value)
      : { name: names[index] ?? "", ...toEnvelope(outcome.reason) }
  );
  const met = outcomes.flatMap((each) => each.status === "fulfilled" ? [each.value] : []);
  const failures = outcomes.flatMap((each) => each.status === "rejected" ? [each.reason] : []);
  const text = escapeControls(metText(condition));
  return {
    data,
    text: () => met.map(({ name }) => `${escapeControls(name ?? "")} ${text}\n`).join(""),
    failures,
  };
}
