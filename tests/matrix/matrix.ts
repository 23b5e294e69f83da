/**
 * Runs the contract suite and the transcripts against the engines of several releases of Debian, and
 * prints what was seen as a table (as root on Debian 12, with what `.ci/run` installs; the first time
 * it lays the other releases, which takes some minutes each):
 *
 *     deno task matrix [--write] [--quick] [ROW...]
 *
 * A row is named by a part of its name; without one all are run. `--write` puts the table into
 * `docs/engines.md`. The transcripts are replayed on the source, and on the executable that KSTOPS_BIN
 * names, or else on dist/kstops where there is one; with `--quick` on the source alone. The status is 0
 * only when no test has failed.
 */
import { filesOf, type Seen, type Subject, SUBJECTS, type Suite, SUITES } from "./suites.ts";
import { summary } from "../support/run_tests.ts";
import { formatTable, type TableRow, tableRows, withRows } from "./table.ts";

const PAGE = new URL("../../docs/engines.md", import.meta.url);
const DEBIAN = pathOf("../../.ci/debian");

/** The engines of one subject in one place. */
interface Row {
  readonly name: string;
  readonly subject: Subject;
  readonly from: string;
  /** The version that the row is there for, where a suite cannot have another one in the end. */
  readonly version?: string;
  /** Runs a command where these engines are; the directories are to be seen there. */
  readonly command: (
    argv: readonly string[],
    directories: readonly string[],
  ) => Promise<Deno.Command>;
}

const ROWS: readonly Row[] = [
  { name: "tmux-here", subject: "tmux", from: "Debian 12", command: here },
  {
    ...{ name: "tmux-backports", subject: "tmux", from: "Debian 12 backports", version: "3.5a" },
    command: backports,
  },
  { name: "tmux-trixie", subject: "tmux", from: "Debian 13", command: inside("trixie") },
  { name: "tmux-sid", subject: "tmux", from: "Debian sid", command: inside("sid") },
  { name: "containers-here", subject: "containers", from: "Debian 12", command: here },
  {
    name: "containers-trixie",
    subject: "containers",
    from: "Debian 13",
    command: inside("trixie"),
  },
  { name: "containers-sid", subject: "containers", from: "Debian sid", command: inside("sid") },
];

function pathOf(relative: string): string {
  return decodeURIComponent(new URL(relative, import.meta.url).pathname);
}

/** The engines of this machine. */
function here([program = "", ...args]: readonly string[]): Promise<Deno.Command> {
  return Promise.resolve(new Deno.Command(program, { args, stdin: "null" }));
}

/** The same with a newer tmux, which stands first on PATH. */
async function backports([program = "", ...args]: readonly string[]): Promise<Deno.Command> {
  const directory = `${roots()}/tmux-backports`;
  await run([DEBIAN, "unpack", "bookworm-backports", "tmux", directory]);
  const env = { PATH: `${directory}/usr/bin:${Deno.env.get("PATH")}` };
  return new Deno.Command(program, { args, env, stdin: "null" });
}

/** The engines of another release of Debian. */
function inside(suite: string): Row["command"] {
  return async (argv, directories) => {
    await run([DEBIAN, "up", suite]);
    const shared = [...directories, dirname(await Deno.realPath(Deno.execPath())), await denoDir()];
    return new Deno.Command(DEBIAN, {
      args: ["run", suite, ...argv],
      env: {
        DENO_DIR: await denoDir(),
        KSTOPS_RELEASE_BIND: shared.join(":"),
        KSTOPS_RELEASE_ENV: "DENO_DIR NPM_CONFIG_REGISTRY",
      },
      stdin: "null",
    });
  };
}

function roots(): string {
  return Deno.env.get("KSTOPS_RELEASES_DIR") ?? "/tmp/kstops-releases";
}

function dirname(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

/** Where this Deno keeps what it has fetched: in another root nothing is fetched. */
async function denoDir(): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), { args: ["info", "--json"] });
  const told: unknown = JSON.parse(new TextDecoder().decode((await command.output()).stdout));
  if (typeof told === "object" && told !== null && "denoDir" in told) return String(told.denoDir);
  throw new Error("deno does not say where it keeps what it has fetched");
}

async function run([program = "", ...args]: readonly string[]): Promise<void> {
  const { success } = await new Deno.Command(program, { args, stdin: "null" }).spawn().status;
  if (!success) throw new Error(`${program} ${args.join(" ")} failed`);
}

async function executable(): Promise<string | null> {
  const named = Deno.env.get("KSTOPS_BIN");
  if (named) return await Deno.realPath(named);
  return await Deno.realPath(pathOf("../../dist/kstops")).catch(() => null);
}

async function see(
  row: Row,
  { program, suites }: { readonly program: string | null; readonly suites: readonly Suite[] },
): Promise<Seen> {
  const directory = await Deno.makeTempDir({ dir: "/tmp", prefix: "k-matrix-" });
  try {
    const report = `${directory}/seen.json`;
    const argv = [
      ...[await Deno.realPath(Deno.execPath()), "run", "--quiet", "--allow-all"],
      ...[pathOf("./place.ts"), row.subject, report, suites.join()],
      ...(program === null ? [] : [program]),
    ];
    const directories = [directory, ...(program === null ? [] : [dirname(program)])];
    const { success } = await (await row.command(argv, directories)).spawn().status;
    if (!success) throw new Error("what was to be run could not be run");
    const seen: Seen = JSON.parse(await Deno.readTextFile(report));
    const { tmux } = seen.versions;
    if (row.version !== undefined && tmux !== row.version) {
      throw new Error(`this is tmux ${tmux}, not ${row.version}`);
    }
    return seen;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const FLAGS = ["--write", "--quick"];
const words = Deno.args.filter((word) => !FLAGS.includes(word));
const unknown = words.filter((word) => !ROWS.some(({ name }) => name.includes(word)));
if (unknown.length > 0) {
  console.error(`No row is named ${unknown.join(", ")}: ${ROWS.map(({ name }) => name).join(" ")}`);
  Deno.exit(2);
}
const chosen = ROWS.filter(({ name }) =>
  words.length === 0 || words.some((word) => name.includes(word))
);
const isQuick = Deno.args.includes("--quick");
const program = isQuick ? null : await executable();
if (program === null && !isQuick) {
  console.log("There is no executable (deno task compile): the source alone");
}
// All that the tests import is there before they run where nothing can be fetched.
const files = SUBJECTS.flatMap((subject) => SUITES.flatMap((suite) => filesOf(suite, subject)));
const imported = ["main.ts", "tests/matrix/place.ts", ...new Set(files)];
await run([
  Deno.execPath(),
  "cache",
  "--quiet",
  ...imported.map((file) => pathOf(`../../${file}`)),
]);

const suites = SUITES.filter((suite) => suite !== "executable" || program !== null);
const rows: TableRow[] = [];
const summaries: string[] = [];
for (const row of chosen) {
  console.log(`\n== ${row.name}`);
  try {
    const seen = await see(row, { program, suites });
    rows.push(...tableRows(seen, { from: row.from, day: new Date().toISOString().slice(0, 10) }));
    for (const [suite, outcome] of Object.entries(seen.outcomes)) {
      summaries.push(summary(`${row.name}, ${suite}`, outcome));
      if (outcome.failed.length > 0) Deno.exitCode = 1;
    }
  } catch (error) {
    summaries.push(`failed: ${row.name}: ${error instanceof Error ? error.message : error}`);
    Deno.exitCode = 1;
  }
}

console.log(`\n${formatTable(rows)}\n`);
console.log(summaries.join("\n"));
if (Deno.args.includes("--write")) {
  await Deno.writeTextFile(PAGE, withRows(await Deno.readTextFile(PAGE), rows));
  await run([Deno.execPath(), "fmt", "--quiet", decodeURIComponent(PAGE.pathname)]);
}
