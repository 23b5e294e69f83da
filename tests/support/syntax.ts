/** The imports and names of a source file, as the parser of Deno's linter sees them. */

/** An import or re-export of a file. */
export interface Import {
  /** The imported path, or null when it is not a plain string. */
  readonly specifier: string | null;
  /** Whether it disappears with the types. */
  readonly typeOnly: boolean;
  /** Whether it is an `import()`, which loads nothing before it runs. */
  readonly lazy: boolean;
}

/** The parts of a file that the rules of the architecture examine. */
export interface Syntax {
  readonly imports: readonly Import[];
  /** Every identifier, including properties. */
  readonly names: ReadonlySet<string>;
  /**
   * The texts that something is compared with: by `===` and the like, `case`, `includes()`,
   * `has()`.
   */
  readonly compared: ReadonlySet<string>;
}

/** The imports and names of a file. Throws when its text is not TypeScript. */
export function parseSyntax(file: string, source: string): Syntax {
  const imports: Import[] = [];
  const names = new Set<string>();
  const compared = new Set<string>();
  const compare = (...nodes: readonly (Deno.lint.Node | null)[]) => {
    for (const node of nodes) compared.add(node === null ? "" : textOf(node) ?? "");
  };
  const add = (specifier: string | null, { typeOnly = false, lazy = false }) => {
    imports.push({ specifier, typeOnly, lazy });
  };
  Deno.lint.runPlugin(
    {
      name: "syntax",
      rules: {
        all: {
          create: () => ({
            ImportDeclaration: ({ source, importKind, specifiers }) => {
              const typeOnly = importKind === "type" || specifiers.length > 0 &&
                  specifiers.every((each) =>
                    each.type === "ImportSpecifier" && each.importKind === "type"
                  );
              add(source.value, { typeOnly });
            },
            ExportAllDeclaration: ({ source, exportKind }) => {
              add(source.value, { typeOnly: exportKind === "type" });
            },
            ExportNamedDeclaration: ({ source, exportKind, specifiers }) => {
              if (source === null) return;
              const typeOnly = exportKind === "type" || specifiers.length > 0 &&
                  specifiers.every((each) => each.exportKind === "type");
              add(source.value, { typeOnly });
            },
            ImportExpression: ({ source }) => add(textOf(source), { lazy: true }),
            TSImportType: ({ argument }) => {
              const text = argument.type === "TSLiteralType" ? textOf(argument.literal) : null;
              add(text, { typeOnly: true });
            },
            TSExternalModuleReference: ({ expression }) => add(textOf(expression), {}),
            Identifier: ({ name }) => void names.add(name),
            BinaryExpression: ({ operator, left, right }) => {
              if (/^[!=]==?$/.test(operator)) compare(left, right);
            },
            SwitchCase: ({ test }) => compare(test),
            CallExpression: ({ callee, arguments: [first = null] }) => {
              const { property } = callee.type === "MemberExpression" ? callee : { property: null };
              const isAsked = property?.type === "Identifier" &&
                ["includes", "has", "startsWith"].includes(property.name);
              if (isAsked) compare(first);
            },
          }),
        },
      },
    },
    file,
    source,
  );
  return { imports, names, compared };
}

/** The text of a plain string, or null. */
function textOf(node: Deno.lint.Node): string | null {
  return node.type === "Literal" && typeof node.value === "string" ? node.value : null;
}
