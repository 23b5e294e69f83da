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
}

/** The imports and names of a file; throws where its text is no TypeScript. */
export function parseSyntax(file: string, source: string): Syntax {
  const imports: Import[] = [];
  const names = new Set<string>();
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
          }),
        },
      },
    },
    file,
    source,
  );
  return { imports, names };
}

/** The text of a plain string, or null. */
function textOf(node: Deno.lint.Node): string | null {
  return node.type === "Literal" && typeof node.value === "string" ? node.value : null;
}
