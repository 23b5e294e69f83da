/** Properties by paths such as `log.keep`, which name the place of keys in settings and definitions. */

/** An object with properties at these paths. */
export function objectWith(values: Iterable<readonly [path: string, value: unknown]>): object {
  const result: Record<string, unknown> = {};
  const inner = new Map<string, [string, unknown][]>();
  for (const [path, value] of values) {
    const dot = path.indexOf(".");
    if (dot === -1) result[path] = value;
    else {
      const outer = path.slice(0, dot);
      const others = inner.get(outer) ?? [];
      inner.set(outer, others);
      others.push([path.slice(dot + 1), value]);
    }
  }
  for (const [outer, others] of inner) result[outer] = objectWith(others);
  return result;
}

/** The value of an object at a path, or undefined. */
export function valueAt(object: object, path: string): unknown {
  return path.split(".").reduce<unknown>(
    (found, step) =>
      typeof found === "object" && found !== null ? Reflect.get(found, step) : undefined,
    object,
  );
}

/** The object that {@link objectWith} makes of flat properties. */
export type Nested<Flat> =
  & { readonly [P in keyof Flat as P extends `${string}.${string}` ? never : P]: Flat[P] }
  & {
    readonly [O in OuterOf<keyof Flat>]: {
      readonly [P in keyof Flat as P extends `${O}.${infer Inner}` ? Inner : never]: Flat[P];
    };
  };

type OuterOf<P> = P extends `${infer Outer}.${string}` ? Outer : never;
