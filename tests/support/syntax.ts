/** What a source file imports and names, as the parser of Deno's linter sees it. */

/** An import or re-export of a file. */
export interface Import {
  /** What is imported, or null where it is no plain string. */
  readonly specifier: string | null;
  /** It is gone once the types are. */
  readonly typeOnly: boolean;
  /** It is an `import()`, which loads nothing before it runs. */
  readonly lazy: boolean;
}

/** What the rules of the architecture look at in a file. */
export interface Syntax {
  readonly imports: readonly Import[];
  /** Every identifier, of properties as well. */
  readonly names: ReadonlySet<string>;
  /** The texts that something is compared with: by `===` and the like, `case`, `includes()`, `has()`. */
  readonly compared: ReadonlySet<string>;
}

/** The imports and names of a file; throws where its text is no TypeScript. */
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
