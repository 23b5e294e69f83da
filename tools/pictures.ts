/**
 * Draws the pictures of the README: what the program shows on a real terminal, each for a dark and
 * for a light page. `--check` draws nothing, and fails when a file differs.
 *
 * The terminal is a tmux. Pids, ids and times, which differ each time, are replaced by fixed ones,
 * and foreign containers are removed from the list. Pictures with containers need engines:
 * `.ci/engines up`.
 */
import { stripVTControlCharacters } from "node:util";
import { writeExecutable } from "../tests/support/executable.ts";
import { withPty } from "../tests/support/pty.ts";
import { type Sandbox, withTmux } from "../tests/support/tmux.ts";
import { type Program, programUnderTest, writeProgram } from "../tests/support/transcript.ts";
import { terminalSvg, THEMES } from "./terminal_svg.ts";

/** A picture: a command, and the situation when it is typed. */
export interface Picture {
  /** Its files are `NAME-dark.svg` and `NAME-light.svg`. */
  readonly name: string;
  /** The typed command in the picture. */
  readonly command: string;
  /** The command that is really typed, if it contains an id that differs each time. */
  readonly typed?: string;
  /** Texts in the directory where it is typed; names in `bin/` are programs. */
  readonly files: Readonly<Record<string, string>>;
  /** Shell commands that create what it shows. */
  readonly before?: string;
  /** Shell commands that remove what outlives the tmux. */
  readonly after?: string;
  /** Whether it needs podman and docker. */
  readonly containers?: true;
  /** Replaces everything else on the screen that differs each time. */
  readonly settle?: (lines: readonly string[]) => readonly string[];
}

const ID = "5d1f6c0e-9a47-4c83-b1de-2f60a7c8e914";
const IMAGE = "localhost/astro-bot:2.1";

const ASTRO_BOT = `#!/bin/sh
echo "connected to the exchange"
exec sleep 1000
`;

/** A program that crashes as many do. */
const IMPORT_PRICES = `#!/bin/sh
cat <<'END'
read 1200 rows
Traceback (most recent call last):
  File "import_prices.py", line 12, in <module>
    price = prices[currency]
KeyError: 'EUR'
END
exit 1
`;

/** All pictures. */
export const PICTURES: readonly Picture[] = [
  {
    name: "list",
    command: "kstops list",
    containers: true,
    files: {
      "bin/astro-bot": ASTRO_BOT,
      "bin/import-prices": IMPORT_PRICES,
      "kstops.yml": `ops:
  sessions:
    astro: { command: astro-bot --market eu }
    import: { command: import-prices }
    mail: { comand: mailer }
    migrate: { command: "true" }
    report: { command: nightly-report --weekly }
    shop: { backend: container, image: "${IMAGE}", command: sleep 1000, ports: ["127.0.0.1::8080"] }
    stage: { backend: container, image: "${IMAGE}", command: sleep 1000, runtime: docker }
`,
    },
    before: `
      podman tag $KSTOPS_TEST_IMAGE ${IMAGE} && docker tag $KSTOPS_TEST_IMAGE ${IMAGE}
      kstops start --all; kstops stop report; kstops stop stage --keep --force
      tmux -L default new-session -d -s notes 'exec sleep 1000'
    `,
    after: `
      kstops stop --all --force
      podman untag ${IMAGE} ${IMAGE}; docker rmi ${IMAGE}
    `,
    settle: settledList,
  },
  {
    name: "why",
    command: "kstops why import",
    files: {
      "bin/import-prices": IMPORT_PRICES,
      "kstops.yml": "ops: { sessions: { import: { command: import-prices } } }\n",
    },
    before: "kstops start import; kstops start import",
  },
  {
    name: "mistake",
    command: "kstops config validate",
    files: {
      "kstops.yml": `ops:
  sessions:
    astro:
      comand: python -m astro.bot
      backend: docker
`,
    },
  },
  {
    name: "operation",
    command: `kstops operations show ${ID.slice(0, 8)}`,
    typed: "kstops operations show $(kstops operations list | cut -f 1)",
    files: { "bin/import-prices": IMPORT_PRICES },
    before: "kstops start import -- import-prices",
  },
  {
    name: "doctor",
    command: "kstops doctor",
    files: {
      "bin/astro-bot": ASTRO_BOT,
      "kstops.yml": `ops:
  sessions:
    astro: { command: astro-bot --market eu }
    shop: { backend: container, image: "${IMAGE}" }
`,
    },
    before: `
      kstops start astro
      tmux -L old new-session -d -s gone 'sleep 300'
      kill -9 $(tmux -L old display-message -p '#{pid}')
    `,
    settle: settledReport,
  },
];

/** Wide enough that the length of the tests' directories breaks or cuts nothing. */
const TERMINAL = { columns: 140, rows: 40 };
/** The least width: pictures stand below each other, so most are as wide as the widest of them. */
const NARROWEST = 80;

/** The two files of a picture: their texts, by name. */
export async function draw(
  picture: Picture,
  program: Program,
): Promise<ReadonlyMap<string, string>> {
  const { name, command, settle = (lines) => lines } = picture;
  const screen = await screenOf(picture, program);
  const lines = [`$ ${command}`, ...settle(screen.map(settledLine))];
  return new Map(
    Object.entries(THEMES).map(([page, theme]) => [
      `${name}-${page}.svg`,
      terminalSvg(lines, { narrowest: NARROWEST, theme, title: `What ${command} shows` }),
    ]),
  );
}

/** What the command shows on a terminal, including colours. */
async function screenOf(picture: Picture, program: Program): Promise<readonly string[]> {
  const { command, typed = command, before, after, containers = false } = picture;
  let screen = "";
  await withTmux(async (t) => {
    await writeProgram(program, t);
    await writeFiles(picture, t);
    const env = { PATH: `${t.directory}/bin:${t.env["PATH"]}`, USER: "ada" };
    const run = async (script: string): Promise<void> => {
      const argv = ["sh", "-c", `cd "$WORK"\n${script}`];
      // Sessions that fail are part of the picture.
      await t.world.exec(argv, { env, timeoutMs: 60_000 });
    };
    try {
      if (before !== undefined) await run(before);
      await withPty(t, { ...TERMINAL, argv: ["sh", "-c", typed], env }, async (pty) => {
        await pty.ended();
        screen = (await pty.coloured()).replaceAll("ESC", "\x1b").replaceAll(t.work, "/srv/bots");
      });
    } finally {
      if (after !== undefined) await run(after);
    }
  }, { containers });
  return screen.trimEnd().split("\n");
}

async function writeFiles({ files }: Picture, { work, directory }: Sandbox): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    if (name.startsWith("bin/")) await writeExecutable(`${directory}/${name}`, text);
    else await Deno.writeTextFile(`${work}/${name}`, text, { mode: 0o600 });
  }
}

/** How long the steps of an operation take in pictures, in milliseconds. */
const STEPS: Readonly<Record<string, number>> = {
  pending: 1,
  validating: 1,
  planning: 3,
  applying: 161,
};
const STEP = new RegExp(`(${Object.keys(STEPS).join("|")})(\\S* +)\\d+ ms$`);

/** A line with fixed ids, times and processes. */
function settledLine(line: string): string {
  return line
    .replaceAll(/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g, ID)
    .replaceAll(/\d+ (s|min) ago \([^)]*\)/g, "3 h ago (2026-11-21T03:00:00Z)")
    .replaceAll(/(?<=, (?:first )?)\d+ (s|min) ago/g, "3 h ago")
    .replace(/(ran for\S* +)\S.*$/, "$1less than a second")
    .replace(/\d+ on \S+$/, "4711 on server")
    .replace(STEP, (_, step, gap) => `${step}${gap}${STEPS[step]} ms`);
}

const OWN = /^(?:kstops:|NAME|astro|import|mail|migrate|notes|report|shop|stage) /;

/** A list with only the rows of this picture, with fixed pids and times, as narrow as possible. */
function settledList(lines: readonly string[]): readonly string[] {
  const own = lines.filter((line) => OWN.test(stripVTControlCharacters(line))).map((line) =>
    line
      .replace(/\d+ (?:s|min) ago/, (each) => "3 h ago".padEnd(each.length))
      .replace(/127\.0\.0\.1:\d+/, "127.0.0.1:8081")
  );
  const head = own.findIndex((line) => line.includes("NAME"));
  const rows = settledPids(own.slice(head).map(lettersOf));
  const isGap = (column: number) => rows.every((row) => (row[column] ?? " ").endsWith(" "));
  return [
    ...own.slice(0, head),
    ...rows.map((row) =>
      row.filter((_, column) => ![column, column - 1, column - 2].every(isGap)).join("")
    ),
  ];
}

/** Single letters, each with the colour that begins there. */
function lettersOf(line: string): readonly string[] {
  // deno-lint-ignore no-control-regex
  const letters: readonly string[] = line.match(/(?:\x1b\[[\d;]*m)*(?:[^\x1b]|$)/g) ?? [];
  return letters.filter((letter) => letter !== "");
}

/** Wider than any pid: those of the machine have sometimes four digits and sometimes five. */
const PID_COLUMNS = 12;

/** Rows with other pids; the first of them is the head. */
function settledPids(rows: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const head = stripVTControlCharacters((rows[0] ?? []).join(""));
  const from = head.indexOf("PID");
  const to = from + (/^PID +/.exec(head.slice(from))?.[0].length ?? 0);
  let pid = 4710;
  return rows.map((row) => {
    const cell = row.slice(from, to);
    const digits = cell.filter((letter) => /\d$/.test(letter));
    const [first = ""] = digits;
    const settled = digits.length === 0
      ? cell
      : [...first.slice(0, -1) + `${++pid}`, ...cell.slice(digits.length)];
    const whole = lettersOf(settled.join(""));
    const blanks = Array.from({ length: PID_COLUMNS - whole.length }, () => " ");
    return [...row.slice(0, from), ...whole, ...blanks, ...row.slice(to)];
  });
}

/** A report of the doctor without what belongs to this machine: places, sizes, speed and logins. */
function settledReport(lines: readonly string[]): readonly string[] {
  return lines.join("\n")
    .replace(/[^\n]*Logout.*?\n\s*\n/s, "")
    .replace(/(no program outlives its session)[^\n]*(?:\n {4,}[^\n]*)*/, "$1")
    .replace(/tmux [\w.]+ \(\S+\)/, "tmux 3.3a (/usr/bin/tmux)")
    .replaceAll(/in \d+ ms/g, "in 2 ms")
    .replaceAll(/\S*\/tmux-\d+\//g, "/tmp/tmux-1000/")
    .replaceAll(/\/tmp\/k-\w+\/home/g, "/home/ada")
    .replace(/sound \(\d+ \w+\)/, "sound (209 KiB)")
    .replace(/takes \d+ \w+/, "takes 12 KiB")
    .replace(/\S+ \w+ of \S+ \w+ are free on \S+/, "18 GiB of 40 GiB are free on /")
    .replace(/\d+ of \d+ inodes are free on \S+/, "2412310 of 2621440 inodes are free on /")
    .split("\n");
}

/** Where the pictures are. */
export const DIRECTORY = new URL("../.github/pictures/", import.meta.url);

async function main(): Promise<void> {
  const program = await programUnderTest();
  const drawn = await Promise.all(PICTURES.map((picture) => draw(picture, program)));
  await Deno.mkdir(DIRECTORY, { recursive: true });
  for (const [file, text] of drawn.flatMap((files) => [...files])) {
    const url = new URL(file, DIRECTORY);
    if (!Deno.args.includes("--check")) {
      await Deno.writeTextFile(url, text);
    } else if (await Deno.readTextFile(url).catch(() => "") !== text) {
      console.error(`${file} differs from what the program shows: run deno task pictures`);
      Deno.exitCode = 1;
    }
  }
}

if (import.meta.main) await main();
