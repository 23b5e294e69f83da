/** `kstops status NAME`: one session, every known property. */
import { show, showEach } from "../../actions/status.ts";
import { isAnothers } from "../../actions/whose.ts";
import { escapeControls, type Json, UsageError } from "../../errors.ts";
import type { SessionStatus } from "../../model.ts";
import { isNobodys, ownerWords } from "../../owner.ts";
import {
  leftoversText,
  momentAndTime,
  type Property,
  propertyLines,
} from "../../output/properties.ts";
import { commandLine, paint, portsText, type Screen, stateColour } from "../../output/screen.ts";
import { wrapped } from "../../output/text.ts";
import { statusToWire } from "../../wire.ts";
import type { Context, PlaceFlags, Reply } from "../command.ts";
import { sessionsToShow } from "../names.ts";
import { warnOfProblems } from "../warnings.ts";

/** Flags of `status`. */
export interface StatusFlags extends PlaceFlags {
  readonly name: string;
  /** Whether to show what kstops last did to it, too. */
  readonly operations?: true | undefined;
}

/** How many operations are shown. */
const SHOWN_OPERATIONS = 10;

/** Shows one session, or those of a group or pattern. */
export async function status(context: Context, flags: StatusFlags): Promise<Reply> {
  const { names, isList } = await sessionsToShow(context, "show", [flags.name]);
  if (isList) return await several(context, names, flags);
  const [name = ""] = names;
  return await only(context, { ...flags, name });
}

async function several(
  context: Context,
  names: readonly string[],
  flags: StatusFlags,
): Promise<Reply> {
  if (flags.operations) {
    throw new UsageError("Cannot show the operations of several sessions: name one session", {
      hint: "kstops operations list shows those of all",
    });
  }
  await warnOfProblems(context, { ...flags, names });
  const outcomes = await showEach(context, names, { ...flags, all: true });
  const shown = outcomes.flatMap((each) => each.status === "fulfilled" ? [each.value] : []);
  const failures = outcomes.flatMap((each) => each.status === "rejected" ? [each.reason] : []);
  return {
    data: shown.map(statusToWire),
    text: (screen) =>
      shown.map((each) => propertiesOf(each, { screen, whose: whoseText(each, false) })).join("\n"),
    failures,
  };
}

async function only(context: Context, flags: StatusFlags): Promise<Reply> {
  await warnOfProblems(context, { ...flags, names: [flags.name] });
  const shown = await show(context, flags.name, flags);
  const whose = whoseText(shown, await isAnothers(context, shown));
  if (flags.operations) return await withOperations(context, shown, whose);
  return {
    data: statusToWire(shown),
    text: (screen) => propertiesOf(shown, { screen, whose }),
  };
}

async function withOperations(
  context: Context,
  status: SessionStatus,
  whose: string | null,
): Promise<Reply> {
  const [
    { store },
    { latestOn },
    { operationColour, operationText, operationToWire, SHORT_ID },
  ] = await Promise.all([
    context.recording(),
    import("../../operations/last.ts"),
    import("../../output/operation.ts"),
  ]);
  const operations = latestOn(await store(), status).slice(0, SHOWN_OPERATIONS);
  return {
    data: { ...statusToWire(status), operations: operations.map(operationToWire) },
    text: (screen) => {
      const lines = operations.map((operation) => {
        const text = escapeControls(operationText(operation, screen));
        if (!screen.terminal) return `operation\t${operation.id}\t${text}\n`;
        const colour = operationColour(operation.state);
        const id = operation.id.slice(0, SHORT_ID);
        const indent = " ".repeat(SHORT_ID + 2);
        const wide = { columns: screen.columns, taken: indent.length, indent };
        const [first = "", ...rest] = wrapped(text, wide).split("\n");
        return [
          `${paint(id, "dim", screen)}  ${paint(first, colour, screen)}`,
          ...rest.map((line) => paint(line, colour, screen)),
        ].map((line) => `${line}\n`).join("");
      });
      const gap = screen.terminal && lines.length > 0 ? "\n" : "";
      return propertiesOf(status, { screen, whose }) + gap + lines.join("");
    },
  };
}

/** One property a line: known ones on a terminal, all of them as `key<TAB>value` in a pipe. */
function propertiesOf(
  status: SessionStatus,
  { screen, whose }: { readonly screen: Screen; readonly whose: string | null },
): string {
  if (screen.terminal) {
    const colours = new Map([["state", stateColour(status)]]);
    return propertyLines(labelled(status, { screen, whose }), { screen, colours });
  }
  return Object.entries(statusToWire(status)).map(([key, value]) => {
    const colour = key === "state" ? stateColour(status) : null;
    return `${key}\t${paint(plain(key, value), colour, screen)}\n`;
  }).join("");
}

function plain(key: string, value: Json): string {
  if (value === null) return "-";
  if (key === "command" && Array.isArray(value)) return commandLine(value.map(String));
  return escapeControls(typeof value === "object" ? JSON.stringify(value) : String(value));
}

/** Its owner; null: nobody. */
function whoseText(status: SessionStatus, isAnothers: boolean): string | null {
  if (isNobodys(status)) return null;
  return ownerWords(status) + (isAnothers ? ", another config than this" : "");
}

/** How often it was restarted, and by which policy: `3 (on-failure:5)`. */
function restartsText({ restarts, restartPolicy }: SessionStatus): string | null {
  if (restarts === null) return restartPolicy;
  return restartPolicy === null ? String(restarts) : `${restarts} (${restartPolicy})`;
}

/** In what it differs from its definition: `env.TOKEN, image`. */
function driftText({ drift }: SessionStatus): string | null {
  return drift === null || drift.length === 0
    ? null
    : `${drift.join(", ")} (kstops plan tells more)`;
}

/** Every property by its name for people, most important first; null: unknown. */
function labelled(
  status: SessionStatus,
  { screen, whose }: { readonly screen: Screen; readonly whose: string | null },
): readonly Property[] {
  const { exitCode, pid, command, ports, windowCount, attached } = status;
  return [
    ["name", status.name],
    ["state", status.state],
    ["reason", status.reason],
    ["belongs to", whose],
    ["left behind", leftoversText(status)],
    ["exit code", exitCode === null ? null : String(exitCode)],
    ["signal", status.signal],
    ["health", status.health],
    ["restarts", restartsText(status)],
    ["differs in", driftText(status)],
    ["pid", pid === null ? null : String(pid)],
    ["command", command === null ? null : commandLine(command)],
    ["image", status.image],
    ["ports", ports === null ? null : portsText(ports) || "none"],
    ["directory", status.workingDir],
    ["created", momentAndTime(status.createdAt, screen)],
    ["finished", momentAndTime(status.finishedAt, screen)],
    ["backend", status.backend],
    ["engine", status.engine],
    ["socket", status.socketName],
    ["windows", windowCount === null ? null : String(windowCount)],
    ["attached", attached === null ? null : attached === 1 ? "1 client" : `${attached} clients`],
    ["managed", status.managed ? "yes" : "no"],
    ["defined", status.defined ? "yes" : "no"],
    ["groups", status.groups.length === 0 ? null : status.groups.join(", ")],
    ["engine state", status.engineState],
    ["id", status.id],
  ];
}
