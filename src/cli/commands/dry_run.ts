/** `kstops start --dry-run`: what would be started, and how. Runs nothing. */
import { aboutSession } from "../../actions/about_session.ts";
import { explanationFor } from "../../actions/definitions.ts";
import type { EngineCall } from "../../backends/backend.ts";
import type { Explained } from "../../config/explain.ts";
import { escapeControls, type Json, OpsError } from "../../errors.ts";
import { definitionToWire, originsToWire, yamlLines } from "../../output/definition.ts";
import type { Screen } from "../../output/screen.ts";
import { shellWord } from "../../shell.ts";
import type { Context, Reply } from "../command.ts";
import type { Meant } from "../names.ts";
import { wantedBy } from "../start_flags.ts";
import type { StartCommandFlags } from "./start.ts";

/** A start that does not happen. */
interface Plan extends Explained {
  readonly name: string;
  readonly call: EngineCall;
}

/** Explains a start of each name. */
export async function dryRun(
  context: Context,
  { names, isList: areMany }: Meant,
  flags: StartCommandFlags,
): Promise<Reply> {
  const outcomes = await Promise.allSettled(names.map((name) => planFor(context, name, flags)));
  const plans = outcomes.flatMap((outcome) =>
    outcome.status === "fulfilled" ? [outcome.value] : []
  );
  const failures = outcomes.flatMap((outcome, index) =>
    outcome.status === "rejected" ? [failureOf(outcome.reason, names, index)] : []
  );
  const [only] = plans;
  const isList = areMany || names.length > 1;
  const isEmpty = only === undefined && failures.length > 0;
  return {
    ...(isEmpty ? {} : { data: only === undefined || isList ? plans.map(toWire) : toWire(only) }),
    text: (screen) => plans.map((plan) => toText(plan, screen)).join("\n"),
    failures,
  };
}

/** With several sessions, an error names its own. */
function failureOf(error: unknown, names: readonly string[], index: number): unknown {
  return names.length > 1 && error instanceof OpsError
    ? aboutSession(error, { verb: "start", name: names[index] ?? "" })
    : error;
}

async function planFor(context: Context, name: string, flags: StartCommandFlags): Promise<Plan> {
  const explained = await explanationFor(context, name, wantedBy(flags));
  const call = await context.sessions().plan(explained.shown);
  return { ...explained, name, call };
}

function toWire({ name, shown, origins, leftOut, call }: Plan): { [key: string]: Json } {
  return {
    name,
    definition: definitionToWire(shown),
    origins: originsToWire(origins),
    left_out: leftOut,
    call: { argv: call.argv, stdin: call.stdin, env: call.env },
  };
}

/** The definition as YAML with origins, then the call as a shell reads it. */
function toText({ name, shown, origins, call }: Plan, screen: Screen): string {
  const values = definitionToWire(shown);
  const env = call.env.length === 0 ? [] : [`# with ${call.env.join(", ")} in its environment`];
  const stdin = call.stdin === null ? [] : [
    "# with this on its standard input",
    ...call.stdin.replace(/\n$/, "").split("\n").map((line) => `  | ${escapeControls(line)}`),
  ];
  return [
    `${name}:`,
    ...yamlLines({ values, origins }, { withOrigins: true, screen }).map((line) => `  ${line}`),
    "",
    `$ ${escapeControls(call.argv.map(shellWord).join(" "))}`,
    ...env,
    ...stdin,
    "",
  ].join("\n");
}
