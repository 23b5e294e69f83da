/** What sessions of a config need before they start, and the order that follows from it. Pure. */
import type { Condition } from "../model.ts";
import { closest } from "../suggest.ts";
import type { Path } from "./config.ts";
import { nodeAt } from "./sources.ts";
import type { Fault, Node } from "./tree.ts";

/** One session that another one needs. */
export interface Dependency {
  readonly name: string;
  readonly condition: Condition;
}

/** The value of the key: names, or a condition for each name. */
export type DependsOn = readonly string[] | Readonly<Record<string, Condition>> | null;

/** The needed sessions, in the order of the config. A name without a condition means `started`. */
export function dependenciesOf(dependsOn: DependsOn): readonly Dependency[] {
  if (dependsOn === null) return [];
  if (!isList(dependsOn)) {
    return Object.entries(dependsOn).map(([name, condition]) => ({ name, condition }));
  }
  return [...new Set(dependsOn)].map((name) => ({ name, condition: "started" }));
}

function isList(dependsOn: NonNullable<DependsOn>): dependsOn is readonly string[] {
  return Array.isArray(dependsOn);
}

/** What each session needs, by its name. */
export type Needs = ReadonlyMap<string, readonly Dependency[]>;

/** These sessions, and all that they need, directly or by others. Each stands behind its needs. */
export function withNeeds(names: readonly string[], needs: Needs): readonly string[] {
  const ordered = new Set<string>();
  const visit = (name: string, above: ReadonlySet<string>): void => {
    if (ordered.has(name) || above.has(name)) return;
    for (const { name: needed } of needs.get(name) ?? []) visit(needed, new Set([...above, name]));
    ordered.add(name);
  };
  for (const name of names) visit(name, new Set());
  return [...ordered];
}

/**
 * The mistakes in what sessions need: names that the config does not define, and cycles, each told
 * whole at the first of its sessions.
 *
 * @param written where each session is written, and what it needs
 */
export function dependencyFaults(
  written: ReadonlyMap<string, { readonly node: Node; readonly dependsOn: DependsOn }>,
): readonly Fault[] {
  const needs = new Map(
    [...written].map(([name, { dependsOn }]) => [name, dependenciesOf(dependsOn)]),
  );
  const fault = (
    name: string,
    needed: string,
    mistake: Pick<Fault, "message" | "hint">,
  ): Fault => {
    const { node, dependsOn } = written.get(name) ?? { node: null, dependsOn: null };
    const inner = innerPath(dependsOn, needed, node);
    const at = node === null ? null : nodeAt(node, inner);
    return { at: (at ?? node)?.at ?? 0, path: ["ops", "sessions", name, ...inner], ...mistake };
  };
  const unknown = [...needs].flatMap(([name, all]) =>
    all.filter((each) => !written.has(each.name)).map((each) => {
      const near = closest(each.name, [...written.keys()]);
      return fault(name, each.name, {
        message: "no session has that name",
        hint: near === null ? "name a session of this config" : `did you mean "${near}"?`,
      });
    })
  );
  return [
    ...unknown,
    ...cyclesIn(needs).map((cycle) =>
      fault(cycle[0] ?? "", cycle[1] ?? cycle[0] ?? "", {
        message: `a cycle: ${[...cycle, cycle[0]].join(" needs ")}`,
        hint: "take one of them out",
      })
    ),
  ];
}

function innerPath(dependsOn: DependsOn, needed: string, node: Node | null): Path {
  if (dependsOn !== null && !isList(dependsOn)) return ["depends_on", needed];
  const value = node?.kind === "map" ? node.entries.get("depends_on")?.value : undefined;
  if (value?.kind !== "list") return ["depends_on"];
  const index = value.items.findIndex((item) => item.kind === "text" && item.text === needed);
  return index < 0 ? ["depends_on"] : ["depends_on", index];
}

/** Each cycle once, from its first session in the order of the config. */
export function cyclesIn(needs: Needs): readonly (readonly string[])[] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const visit = (name: string, above: readonly string[]): void => {
    const at = above.indexOf(name);
    if (at >= 0) {
      cycles.push(above.slice(at));
      return;
    }
    if (done.has(name)) return;
    for (const each of needs.get(name) ?? []) visit(each.name, [...above, name]);
    done.add(name);
  };
  for (const name of needs.keys()) visit(name, []);
  return cycles;
}
