import { deepEqual } from "node:assert/strict";
import { openAtEnd, parseKubernetes } from "../../../../src/backends/container/podman_lines.ts";

const AT = "2026-01-02T03:04:05.123456789+00:00";
const LATER = "2026-01-02T03:04:06.5+00:00";
const FILE = [
  `${AT} stdout F one\r`,
  `${AT} stderr F  two words `,
  `${AT} stdout P a long `,
  `${LATER} stdout F line`,
  `${LATER} stdout F `,
  `${LATER} stderr P not ended`,
  `${LATER} std`,
].join("\n");

/** What is read of a file, as texts. */
function read(text: string, how: Parameters<typeof parseKubernetes>[1]): readonly string[] {
  const { stdout, stderr } = parseKubernetes(new TextEncoder().encode(text), how);
  return [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
}

Deno.test("podman's file is read as podman shows it", () => {
  deepEqual(read(FILE, { isWhole: true }), [
    "one\r\na long line\n\n",
    " two words \nnot ended",
  ]);
});

Deno.test("lines of podman's file have their times before them, parts of lines none", () => {
  deepEqual(read(FILE, { isWhole: true, timestamps: true }), [
    `${AT} one\r\n${AT} a long line\n${LATER} \n`,
    `${AT}  two words \n${LATER} not ended`,
  ]);
});

Deno.test("of podman's file comes what was printed since a time", () => {
  const since = new Date("2026-01-02T03:04:06Z");
  deepEqual(read(FILE, { isWhole: true, since }), ["line\n\n", "not ended"]);
});

Deno.test("of podman's file without its beginning only whole lines are read", () => {
  deepEqual(read(FILE.slice(10), { isWhole: false }), [
    "a long line\n\n",
    " two words \nnot ended",
  ]);
});

Deno.test("a line of podman's file that began in one before it is left out, of its stream alone", () => {
  const rest = [
    `${AT} stdout P of a line, `,
    `${AT} stderr F another`,
    `${AT} stdout F its end`,
    `${LATER} stdout F whole`,
    "",
  ].join("\n");
  deepEqual(read(rest, { isWhole: true, cut: ["stdout"] }), ["whole\n", "another\n"]);
  const since = new Date("2026-01-02T03:04:06Z");
  deepEqual(read(rest, { isWhole: true, cut: ["stdout"], since }), ["whole\n", ""]);
});

Deno.test("which streams go on in the next one of podman's files is seen", () => {
  const open = (...lines: string[]): readonly string[] =>
    openAtEnd(new TextEncoder().encode(lines.map((line) => `${AT} ${line}\n`).join("")));
  deepEqual(open(), []);
  deepEqual(open("stdout F one", "stderr F two"), []);
  deepEqual(open("stdout P one", "stderr F two"), ["stdout"]);
  deepEqual(open("stdout P one", "stderr P two", "stdout F "), ["stderr"]);
});
