/** Checks the command and the variables of a session where one key alone is not enough. Pure. */
import { SessionConfigError } from "../errors.ts";
import type { SESSION_KEYS } from "../keys/session_keys.ts";
import { validateCommand } from "../validate/command.ts";
import { variableProblem } from "../validate/env.ts";
import { mistakeOf } from "./rules.ts";
import { hasVariables, maskVariables, spellingMistakes, type Spot } from "./interpolate.ts";
import { nodeAt } from "./sources.ts";
import { NONE, type Said } from "./values.ts";
import type { Fault, MapNode, Node } from "./tree.ts";

/** What a session says. */
type SessionValues = Said<typeof SESSION_KEYS>;

/** A command in a config. */
interface Written {
  readonly command: string | readonly string[];
  /** Where it stands in the session. */
  readonly path: readonly string[];
  readonly node: Node;
  /** Whether it is for a shell; null: it can be for none. */
  readonly shell: boolean | null;
}

/** Mistakes in commands. Those of the session's own command depend on `shell`. */
export function commandFaults(map: MapNode, values: SessionValues): readonly Fault[] {
  const { command = null, shell = false } = values;
  return [
    ...faultsOf(map, { command, path: ["command"], shell }),
    ...PROBES.flatMap((key) => {
      const path = [key, "command"];
      return faultsOf(map, { command: commandIn(nodeAt(map, path)), path, shell: null });
    }),
  ];
}

/** Keys below which there may be a command that looks at the session. */
const PROBES = ["ready"] as const;

/** What is written there, also where something beside it is wrong; null: no command. */
function commandIn(node: Node | null): string | readonly string[] | null {
  if (node?.kind === "text") return node.text;
  if (node?.kind !== "list") return null;
  const words = node.items.flatMap((item) => item.kind === "text" ? item.text : []);
  return words.length === node.items.length ? words : null;
}

function faultsOf(
  map: MapNode,
  { command, ...written }: Omit<Written, "command" | "node"> & {
    readonly command: Written["command"] | null;
  },
): readonly Fault[] {
  const node = nodeAt(map, written.path);
  return command === null || node === null ? NONE : writtenFaults({ ...written, command, node });
}

function writtenFaults({ command, path, node, shell }: Written): readonly Fault[] {
  const words = typeof command === "string" ? [command] : command;
  const isFilled = words.some(hasVariables);
  const misspelled = isFilled ? spellingFaults(words, { node, path }) : NONE;
  if (misspelled.length > 0) return misspelled;
  const masked = !isFilled || shell ? words : words.map(maskVariables);
  try {
    validateCommand(typeof command === "string" ? masked[0] ?? "" : masked, {
      shell: shell === true,
    });
    return NONE;
  } catch (error) {
    const { message, hint } = mistakeOf(error);
    const index = error instanceof SessionConfigError ? error.details.index : undefined;
    const inner = typeof index === "number" ? [index] : [];
    const { at } = nodeAt(node, inner) ?? node;
    // In a text with variables, positions differ from those in the checked text.
    const shown = isFilled ? message.replace(/, at character \d+$/, "") : message;
    const spot = isFilled ? null : spotOf(error, command);
    const fault = {
      at,
      path: [...path, ...inner],
      message: shown,
      hint: shell === null && hint?.includes("shell: true")
        ? "quote it, or give it to a shell: [sh, -c, TEXT]"
        : hint,
    };
    return [spot === null ? fault : { ...fault, spot }];
  }
}

/** The character of a command that an error is about. */
function spotOf(error: unknown, command: string | readonly string[]): Spot | null {
  const character = error instanceof SessionConfigError ? error.details.character : undefined;
  if (typeof character !== "number" || typeof command !== "string") return null;
  const points = [...command];
  return {
    offset: points.slice(0, character - 1).join("").length,
    text: points[character - 1] ?? "",
  };
}

function spellingFaults(
  words: readonly string[],
  { node, path }: Pick<Written, "node" | "path">,
): readonly Fault[] {
  return words.flatMap((word, index) => {
    const inner = node.kind === "list" ? [index] : [];
    const { at } = nodeAt(node, inner) ?? node;
    return spellingMistakes(word).map((mistake) => ({
      at,
      path: [...path, ...inner],
      ...mistake,
    }));
  });
}

/** Mistakes in variables. {@link SESSION_KEYS} cannot find them without `unsafe_env`. */
export function envFaults(map: MapNode, values: SessionValues): readonly Fault[] {
  const node = map.entries.get("env")?.value;
  if (values.env === undefined || node?.kind !== "map") return NONE;
  const faults: Fault[] = [];
  for (const [key, { at, value }] of node.entries) {
    const text = value.kind === "text" ? value.text : "";
    const isFilled = hasVariables(text);
    const problem = variableProblem(key, isFilled ? "" : text, values.unsafeEnv);
    if (problem !== null) {
      const { reason: message, hint } = problem;
      faults.push({ at, path: ["env", key], message, hint });
    }
    if (!isFilled) continue;
    for (const mistake of spellingMistakes(text)) {
      faults.push({ at: value.at, path: ["env", key], ...mistake });
    }
  }
  return faults;
}
