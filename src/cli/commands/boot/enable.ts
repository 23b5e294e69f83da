/** `kstops boot enable` and `disable`: make sessions come back after a boot, and undo that. */
import type { BootChange } from "../../../actions/boot_set_up.ts";
import type { Step } from "../../../actions/boot_plan.ts";
import { escapeControls, type Json } from "../../../errors.ts";
import { shellWord } from "../../../shell.ts";
import type { Context, Reply } from "../../command.ts";
import { requireConfig } from "../config/path.ts";

/** Flags of `boot enable`. */
interface EnableFlags {
  readonly names: readonly string[];
  readonly system?: true | undefined;
  readonly dryRun?: true | undefined;
}

/** Writes what starts the sessions at boot, and starts it. */
export async function enable(context: Context, flags: EnableFlags): Promise<Reply> {
  const config = await requireConfig(context, "enable the boot");
  const { problems } = config;
  if (problems.length > 0 && config.sessions.size === 0) {
    const { configInvalid } = await import("../../../config/problems.ts");
    throw configInvalid("enable the boot", problems);
  }
  const { enableBoot } = await import("../../../actions/boot_set_up.ts");
  const { names } = flags;
  const system = flags.system === true;
  const dryRun = flags.dryRun === true;
  const change = await context.during(
    "starting",
    () => enableBoot(context.world, config, { names, system, dryRun }),
  );
  return replyOf(change, { dryRun });
}

/** Removes what `boot enable` wrote. */
export async function disable(
  { world }: Context,
  flags: Omit<EnableFlags, "names">,
): Promise<Reply> {
  const { disableBoot } = await import("../../../actions/boot_set_up.ts");
  const dryRun = flags.dryRun === true;
  const system = flags.system === true;
  return replyOf(await disableBoot(world, { system, dryRun }), { dryRun });
}

function replyOf({ manager, steps, notes }: BootChange, { dryRun }: { dryRun: boolean }): Reply {
  return {
    data: { manager, dry_run: dryRun, steps: steps.map(stepToWire), notes },
    text: () => {
      const lines = steps.length === 0
        ? [
          `Nothing to do: ${
            manager === "crontab" ? "the crontab" : "what starts sessions"
          } is as wanted`,
        ]
        : steps.flatMap((step) => dryRun ? planned(step) : done(step));
      return [...lines, ...notes.map((note) => `note: ${note}`)]
        .map((line) => `${escapeControls(line)}\n`).join("");
    },
  };
}

function stepToWire(step: Step): Json {
  switch (step.kind) {
    case "write":
      return { kind: "write", path: step.path, text: step.text, argv: null, stdin: null };
    case "remove":
      return { kind: "remove", path: step.path, text: null, argv: null, stdin: null };
    case "run":
      return { kind: "run", path: null, text: null, argv: step.argv, stdin: step.stdin ?? null };
  }
}

function planned(step: Step): readonly string[] {
  const quoted = (text: string): readonly string[] =>
    text.replace(/\n$/, "").split("\n").map((line) => `  | ${line}`.trimEnd());
  switch (step.kind) {
    case "write":
      return [`write ${step.path}`, ...quoted(step.text)];
    case "remove":
      return [`remove ${step.path}`];
    case "run":
      return [
        `run ${step.argv.map(shellWord).join(" ")}`,
        ...step.stdin === undefined ? [] : quoted(step.stdin),
      ];
  }
}

function done(step: Step): readonly string[] {
  switch (step.kind) {
    case "write":
      return [`Wrote ${step.path}`];
    case "remove":
      return step.path.endsWith(".d") ? [] : [`Removed ${step.path}`];
    case "run":
      return [`Ran ${step.argv.map(shellWord).join(" ")}`];
  }
}
