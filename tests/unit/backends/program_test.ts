import { deepEqual, equal, match } from "node:assert/strict";
import { findProgram } from "../../../src/backends/program.ts";
import { type FakeFile, withFakeWorld } from "../../support/fake_world.ts";

const PROGRAM: FakeFile = { mode: 0o755 };
const FILES: Record<string, FakeFile> = {
  "/bin/python": PROGRAM,
  "/usr/bin/python": PROGRAM,
  "/usr/bin/plain": { mode: 0o644 },
  "/usr/bin/folder": { kind: "directory" },
  "/opt/plain": PROGRAM,
  "/app/bot": PROGRAM,
  "/app/bin/bot": PROGRAM,
  "/app/notes": { mode: 0o644 },
};

/** Each program with where it is found; null: nowhere. */
const FOUND: Record<string, { program: string; path?: string; is: string | null }> = {
  "on PATH": { program: "python", is: "/bin/python" },
  "in the order of PATH": { program: "python", path: "/usr/bin:/bin", is: "/usr/bin/python" },
  "behind one that is not executable": {
    program: "plain",
    path: "/usr/bin:/opt",
    is: "/opt/plain",
  },
  "by its path": { program: "/usr/bin/python", is: "/usr/bin/python" },
  "by a path from the working directory": { program: "./bot", is: "/app/bot" },
  "by a path below the working directory": { program: "bin/bot", is: "/app/bin/bot" },
  "in the working directory, by an empty part of PATH": {
    program: "bot",
    path: "/bin:",
    is: "/app/bot",
  },
  "by a relative part of PATH": { program: "bot", path: "bin", is: "/app/bin/bot" },
  "nowhere without its path": { program: "bot", is: null },
  "nowhere when nothing has its name": { program: "pyhton", is: null },
};
for (const [where, { program, path = "/bin:/usr/bin", is }] of Object.entries(FOUND)) {
  Deno.test(`a program is found ${where}`, () =>
    withFakeWorld({ files: FILES }, async (world) => {
      const found = await findProgram(world, { program, path, workingDir: "/app" });
      equal(found.kind === "found" ? found.path : null, is);
    }));
}

const REASONS: Record<string, { program: string; reason: string; hint: RegExp }> = {
  "a name that is not there": {
    program: "pyhton",
    reason: 'the program "pyhton" is not on PATH',
    hint: /PATH/,
  },
  "a path that is not there": {
    program: "/opt/nothing",
    reason: 'there is no "/opt/nothing"',
    hint: /path/,
  },
  "a relative path that is not there": {
    program: "./nothing",
    reason: 'there is no "/app/nothing"',
    hint: /working directory/,
  },
  "a file that is not executable": {
    program: "./notes",
    reason: '"/app/notes" is not executable',
    hint: /chmod/,
  },
  "a directory": {
    program: "folder",
    reason: '"/usr/bin/folder" is a directory',
    hint: /program/,
  },
  "an assignment": {
    program: "DEBUG=1",
    reason: 'the program "DEBUG=1" is not on PATH',
    hint: /--env/,
  },
  "a part of the shell": {
    program: "cd",
    reason: 'the program "cd" is not on PATH',
    hint: /--shell/,
  },
  "a name with control characters": {
    program: "\x1b[31m",
    reason: 'the program "\\x1b[31m" is not on PATH',
    hint: /./,
  },
};
for (const [what, { program, reason, hint }] of Object.entries(REASONS)) {
  Deno.test(`for ${what} it is said why it cannot be executed, and what to do`, () =>
    withFakeWorld({ files: FILES }, async (world) => {
      const found = await findProgram(world, {
        program,
        path: "/bin:/usr/bin",
        workingDir: "/app",
      });
      deepEqual([found.kind, found.kind === "missing" && found.reason], ["missing", reason]);
      match(found.kind === "missing" ? found.hint : "", hint);
    }));
}
