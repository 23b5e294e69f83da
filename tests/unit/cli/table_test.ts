import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type Command, type Group, isGroup, longOf, propertyOf } from "../../../src/cli/grammar.ts";
import { flagsAt, type Place } from "../../../src/cli/scan.ts";
import { PROGRAM } from "../../../src/cli/table.ts";

/** Every entry of the table, the program itself included. */
function placesBelow({ names, entry }: Place): Place[] {
  const below = isGroup(entry) ? Object.entries(entry.commands) : [];
  return [
    { names, entry },
    ...below.flatMap(([name, each]) => placesBelow({ names: [...names, name], entry: each })),
  ];
}

const PLACES = placesBelow({ names: [], entry: PROGRAM });

/** A text that the help and a shell can show in one line. */
const LINE = /^[^\t\n]*[^\t\n.]$/;

for (const place of PLACES) {
  const { names, entry } = place;
  const path = ["kstops", ...names].join(" ");

  Deno.test(`${path} is explained, with all its flags, arguments and examples`, () => {
    match(entry.about, LINE);
    for (const { flag: { about } } of flagsAt(place, PROGRAM)) match(about, LINE);
    for (const { about } of argumentsOf(entry)) match(about, LINE);
    const examples = Object.entries(entry.examples ?? {});
    for (const text of examples.flat()) match(text, LINE);
    ok(examples.some(([line]) => line.includes(path)), "an example shows the command");
  });

  Deno.test(`${path} has each flag once, and none that no line can say`, () => {
    const flags = flagsAt(place, PROGRAM);
    const keys = flags.map(({ key }) => key);
    const words = flags.flatMap(({ key, flag }) => [longOf(key, flag), flag.short ?? []].flat());
    equal(new Set(keys).size, keys.length);
    equal(new Set(words).size, words.length);
    for (const key of keys) match(key, /^[a-z]+(-[a-z]+)*$/);
    for (const { flag: { short } } of flags) match(short ?? "x", /^[A-Za-z]$/);
  });

  Deno.test(`${path} gives its command each thing by a name of its own`, () => {
    const properties = [
      ...isGroup(entry) ? [] : [...Object.keys(entry.arguments), ...entry.argv ? ["argv"] : []],
      ...flagsAt(place, PROGRAM).map(({ key }) => propertyOf(key)),
    ];
    equal(new Set(properties).size, properties.length);
  });

  Deno.test(`${path} has arguments that can be told apart`, () => {
    const all = argumentsOf(entry);
    const required = all.map((argument) => argument.required === true);
    deepEqual(required, required.toSorted((a, b) => Number(b) - Number(a)));
    ok(all.slice(0, -1).every(({ variadic }) => !variadic), "only the last one takes all");
  });

  if (isGroup(entry)) {
    Deno.test(`${path} has each command once, and none is called help`, () => {
      const words = Object.entries(entry.commands)
        .flatMap(([name, { aliases = [] }]) => [name, ...aliases]);
      equal(new Set(words).size, words.length);
      ok(!words.includes("help"));
    });
  } else {
    Deno.test(`${path} has code that can be loaded`, async () => {
      equal(typeof await entry.load(), "function");
    });
  }
}

function argumentsOf(entry: Command | Group): Command["arguments"][string][] {
  return isGroup(entry) ? [] : Object.values(entry.arguments);
}
