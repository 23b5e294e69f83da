/**
 * `install.sh`, on archives as a release has them, in the shells that there are: with a stand-in for
 * the program, and, where KSTOPS_BIN names it, with the program itself.
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { writeExecutable } from "../support/executable.ts";
import { userPages } from "../support/pages.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const SCRIPT = `${ROOT}install.sh`;
const TARGET = Deno.build.target;
const ARCHIVE = `kstops-${config.version}-${TARGET}.tar.gz`;
const STAND_IN = `#!/bin/sh\n[ "$1" = --version ] && echo "kstops ${config.version}"\n`;

const INSTALLED = [
  "bin/kstops",
  "share/bash-completion/completions/kstops",
  "share/fish/vendor_completions.d/kstops.fish",
  "share/man/man1/kstops.1",
  "share/zsh/site-functions/_kstops",
];

/** A directory of one test: `release` is what is installed from, `prefix` and `tmp` are empty. */
interface Place {
  readonly directory: string;
  readonly release: string;
  readonly prefix: string;
  /** Runs the script, or some other text, as a user would. */
  readonly install: (...args: readonly string[]) => Promise<Outcome>;
  readonly installWith: (options: Options, ...args: readonly string[]) => Promise<Outcome>;
}

interface Options {
  readonly shell?: readonly string[];
  readonly script?: string;
  /** Variables over those that lead to the place. */
  readonly env?: Readonly<Record<string, string>>;
}

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(
  [program = "", ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Outcome> {
  const decoder = new TextDecoder();
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    env: { ...env },
    clearEnv: true,
    stdin: "null",
  }).output();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

const PATH = Deno.env.get("PATH") ?? "";

/** Packs a program as a release does, into a directory. */
async function pack(program: string, directory: string): Promise<void> {
  const archive = [`${ROOT}tools/archive`, Deno.execPath(), program, TARGET, directory];
  // A time that is to come, as where the clock of who installs is behind.
  const env = { PATH, HOME: Deno.env.get("HOME") ?? "/", SOURCE_DATE_EPOCH: "4000000000" };
  const { code, stderr } = await run(["sh", ...archive], env);
  equal(code, 0, stderr);
}

async function writeSums(directory: string): Promise<void> {
  const sums = await run(["sh", "-c", 'cd "$1" && sha256sum -- *.tar.gz', "sh", directory], {
    PATH,
  });
  await Deno.writeTextFile(`${directory}/SHA256SUMS`, sums.stdout);
}

async function withDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "kstops install " });
  try {
    await body(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

let packed: Promise<Uint8Array> | null = null;

/** The archive of the stand-in, made once. */
function packedStandIn(): Promise<Uint8Array> {
  const make = async (): Promise<Uint8Array> => {
    let bytes = new Uint8Array();
    await withDirectory(async (directory) => {
      await writeExecutable(`${directory}/stand-in`, STAND_IN);
      await pack(`${directory}/stand-in`, directory);
      bytes = await Deno.readFile(`${directory}/${ARCHIVE}`);
    });
    return bytes;
  };
  return packed ??= make();
}

async function withPlace(body: (place: Place) => Promise<void>): Promise<void> {
  const archive = await packedStandIn();
  await withDirectory(async (directory) => {
    const [release, prefix] = [`${directory}/a release`, `${directory}/a prefix`];
    const temporary = `${directory}/tmp`;
    for (const path of [release, temporary]) await Deno.mkdir(path);
    await Deno.writeFile(`${release}/${ARCHIVE}`, archive);
    await writeSums(release);
    const installWith: Place["installWith"] = async (options, ...args) => {
      const { shell = ["sh"], script = SCRIPT, env = {} } = options;
      const outcome = await run([...shell, script, ...args], {
        PATH,
        HOME: `${directory}/home`,
        TMPDIR: temporary,
        PREFIX: prefix,
        KSTOPS_INSTALL_FROM: release,
        ...env,
      });
      deepEqual(await filesBelow(temporary), [], "something was left in the temporary directory");
      return outcome;
    };
    const install: Place["install"] = (...args) => installWith({}, ...args);
    await body({ directory, release, prefix, install, installWith });
  });
}

/** Every file below a directory, sorted; none where there is no directory. */
async function filesBelow(directory: string): Promise<readonly string[]> {
  const find = ["find", directory, "!", "-type", "d", "-printf", "%P\n"];
  const { stdout } = await run(find, { PATH });
  return stdout.split("\n").filter((line) => line !== "").sort();
}

/** A directory with links to some programs and no others. */
async function linkPrograms(directory: string, programs: readonly string[]): Promise<string> {
  await Deno.mkdir(directory);
  for (const program of programs) {
    const { stdout } = await run(["sh", "-c", 'command -v "$1"', "sh", program], { PATH });
    await Deno.symlink(stdout.trim(), `${directory}/${program}`);
  }
  return directory;
}

const NEEDED = "sh uname mktemp cp cat tar gzip sha256sum mkdir chmod mv rm dirname".split(" ");

const SHELLS: Readonly<Record<string, readonly string[]>> = {
  "sh": ["sh"],
  "dash": ["dash"],
  "busybox sh": ["busybox", "sh"],
  "bash --posix": ["bash", "--posix"],
};

function isInstalled(program: string): boolean {
  const args = ["-c", 'command -v "$1"', "sh", program];
  return new Deno.Command("sh", { args, stdout: "null" }).outputSync().success;
}

interface Needs {
  readonly programs?: readonly string[];
  readonly isIgnored?: boolean;
}

/** A test on Linux, where releases are made. What it needs beyond that must be there in CI. */
function installTest(
  name: string,
  { programs = [], isIgnored = false }: Needs,
  fn: (place: Place) => Promise<void>,
): void {
  const isMissing = !Deno.env.get("KSTOPS_CI") && !programs.every(isInstalled);
  const ignore = Deno.build.os !== "linux" || isIgnored || isMissing;
  Deno.test({ name: `install.sh ${name}`, ignore, fn: () => withPlace(fn) });
}

for (const [name, shell] of Object.entries(SHELLS)) {
  installTest(`installs what is in the archive (${name})`, { programs: shell.slice(0, 1) }, async (
    { prefix, release, installWith },
  ) => {
    const { code, stdout, stderr } = await installWith({ shell });
    deepEqual([code, stderr], [0, ""]);
    deepEqual(await filesBelow(prefix), INSTALLED);
    deepEqual(stdout.split("\n"), [
      `Downloading ${release}/SHA256SUMS`,
      `Downloading ${release}/${ARCHIVE}`,
      `Checking the sum of ${ARCHIVE}`,
      `Installing ${prefix}/share/man/man1/kstops.1`,
      `Installing ${prefix}/share/bash-completion/completions/kstops`,
      `Installing ${prefix}/share/zsh/site-functions/_kstops`,
      `Installing ${prefix}/share/fish/vendor_completions.d/kstops.fish`,
      `Installing ${prefix}/bin/kstops`,
      `Installed kstops ${config.version}`,
      `Note: ${prefix}/bin is not on your PATH. In ~/.profile, or what your shell reads:`,
      `  export PATH="${prefix}/bin:$PATH"`,
      "",
    ]);
    const said = await run([`${prefix}/bin/kstops`, "--version"], { PATH });
    equal(said.stdout, `kstops ${config.version}\n`);
  });
}

installTest("installs below --prefix, and into the home without any", {}, async (place) => {
  const { directory, installWith } = place;
  await installWith({}, `--prefix=${directory}/here/`);
  await installWith({}, "--prefix", `${directory}/there`, "--version", `v${config.version}`);
  await installWith({ env: { PREFIX: "" } });
  for (const prefix of ["here", "there", "home/.local"]) {
    deepEqual(await filesBelow(`${directory}/${prefix}`), INSTALLED, prefix);
  }
});

installTest("changes nothing with --dry-run, and says what it would do", {}, async (place) => {
  const { directory, prefix, installWith } = place;
  const before = await filesBelow(directory);
  const env = { KSTOPS_INSTALL_FROM: "" };
  const { code, stdout, stderr } = await installWith({ env }, "--dry-run", "--version", "9.8.7");
  deepEqual([code, stderr], [0, ""]);
  match(stdout, /^Would download https:.*\/download\/v9\.8\.7\/SHA256SUMS$/m);
  match(stdout, new RegExp(`^Would download https:.*/kstops-9\\.8\\.7-${TARGET}\\.tar\\.gz$`, "m"));
  ok(stdout.includes(`Would install ${prefix}/bin/kstops\n`));
  const latest = await installWith({ env }, "--dry-run");
  match(latest.stdout, /^Would download https:.*\/releases\/latest\/download\/SHA256SUMS$/m);
  deepEqual(await filesBelow(directory), before);
});

installTest("says nothing of the PATH where it is on it, and what comes first there", {}, async (
  { directory, prefix, installWith },
) => {
  const quiet = await installWith({ env: { PATH: `${prefix}/bin:${PATH}` } });
  match(quiet.stdout, /\nInstalled kstops [\d.]+\n$/);
  const other = `${directory}/other`;
  await Deno.mkdir(other);
  await writeExecutable(`${other}/kstops`, "");
  const noted = await installWith({ env: { PATH: `${other}:${prefix}/bin:${PATH}` } });
  ok(noted.stdout.endsWith(`Note: on your PATH, ${other}/kstops comes first.\n`));
});

for (const client of ["curl", "wget"]) {
  installTest(`downloads with ${client} alone`, { programs: [client] }, async (place) => {
    const { directory, release, prefix, installWith } = place;
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      async (request) => {
        const file = await Deno.readFile(release + new URL(request.url).pathname).catch(() => null);
        return new Response(file, { status: file === null ? 404 : 200 });
      },
    );
    try {
      const env = {
        PATH: await linkPrograms(`${directory}/bin`, [...NEEDED, client]),
        KSTOPS_INSTALL_FROM: `http://127.0.0.1:${server.addr.port}/`,
      };
      const { code, stderr } = await installWith({ env });
      deepEqual([code, stderr], [0, ""]);
      deepEqual(await filesBelow(prefix), INSTALLED);
      await Deno.remove(`${release}/${ARCHIVE}`);
      const missing = await installWith({ env });
      equal(missing.code, 1);
      match(missing.stderr, /^install\.sh: cannot download http:.*tar\.gz$/m);
    } finally {
      await server.shutdown();
    }
  });
}

installTest("takes a file:// address", {}, async ({ release, prefix, installWith }) => {
  const { code } = await installWith({ env: { KSTOPS_INSTALL_FROM: `file://${release}` } });
  equal(code, 0);
  deepEqual(await filesBelow(prefix), INSTALLED);
});

installTest("replaces the program in one step, and leaves the one that runs alone", {}, async (
  { release, prefix, install, directory },
) => {
  equal((await install()).code, 0);
  const before = await Deno.open(`${prefix}/bin/kstops`);
  const newer = `${STAND_IN}# newer\n`;
  await writeExecutable(`${directory}/newer`, newer);
  await pack(`${directory}/newer`, release);
  await writeSums(release);
  equal((await install()).code, 0);
  equal(await Deno.readTextFile(`${prefix}/bin/kstops`), newer);
  equal(await new Response(before.readable).text(), STAND_IN);
  deepEqual(await filesBelow(prefix), INSTALLED);
});

const BINARY = Deno.env.get("KSTOPS_BIN");

installTest("installs the program itself, also over one that runs", {
  isIgnored: BINARY === undefined,
}, async ({ release, prefix, install, directory }) => {
  await pack(await Deno.realPath(BINARY ?? ""), release);
  await writeSums(release);
  equal((await install()).code, 0);
  const program = `${prefix}/bin/kstops`;
  const env = { PATH, HOME: `${directory}/home` };
  const running = new Deno.Command(program, {
    args: ["operations", "watch"],
    env,
    clearEnv: true,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    equal((await install()).code, 0);
    const { version, target } = JSON.parse(
      (await run([program, "--version", "--json"], env)).stdout,
    );
    deepEqual([version, target], [config.version, TARGET]);
    // What is packed as a file is what the program prints.
    const zsh = await run([program, "completions", "zsh"], env);
    equal(await Deno.readTextFile(`${prefix}/share/zsh/site-functions/_kstops`), zsh.stdout);
  } finally {
    running.kill("SIGKILL");
    await running.status;
  }
});

/** A block of the README's section about installing, by how it begins. */
/** What an archive has to be read. */
const PAPERS = [
  ...["CHANGELOG.md", "LICENSE", "config/example.yml", ...userPages().map(({ path }) => path)],
  ...Array.from(Deno.readDirSync(`${ROOT}config`), ({ name }) => `config/${name}`)
    .filter((path) => path.endsWith(".schema.json")),
].toSorted();

async function pageBlock(page: string, beginning: string): Promise<string> {
  const text = await Deno.readTextFile(ROOT + page);
  const blocks = Array.from(text.matchAll(/^```sh\n(.*?)^```$/gms), ([, block = ""]) => block);
  const found = blocks.find((block) => block.startsWith(beginning));
  ok(found, `${page} has no block that begins with ${beginning}`);
  return found.replaceAll("x86_64-unknown-linux-gnu", TARGET);
}

installTest(
  "and docs/install.md's way by hand come to the same, which its last block takes away",
  {},
  async (
    { directory, release, installWith },
  ) => {
    const home = `${directory}/home`;
    const inHome = async (script: string): Promise<void> => {
      const { code, stderr } = await run(["sh", "-euc", `cd "$0"\n${script}`, release], {
        PATH,
        HOME: home,
      });
      equal(code, 0, stderr);
    };
    const away = await pageBlock("docs/install.md", "rm ~/.local/bin/kstops");
    await installWith({ env: { PREFIX: "" } });
    await inHome(away);
    deepEqual(await filesBelow(home), []);
    await inHome(await pageBlock("docs/install.md", "sha256sum --check"));
    const papers = (await filesBelow(`${home}/.local`)).filter((path) => !INSTALLED.includes(path));
    deepEqual(papers, PAPERS.map((path) => `share/doc/kstops/${path}`));
    await inHome(away);
    deepEqual(await filesBelow(home), []);
  },
);

Deno.test("the pages download the script from where the script downloads the rest", async () => {
  const [, repository] = /^REPOSITORY=(.*)$/m.exec(await Deno.readTextFile(SCRIPT)) ?? [];
  for (const page of ["README.md", "docs/install.md"]) {
    const block = await pageBlock(page, "curl ");
    equal(block, `curl -fsSL ${repository}/releases/latest/download/install.sh | sh\n`);
  }
});

// --- refused -------------------------------------------------------------------------------------

/** A machine that calls itself something else. */
async function pretend(directory: string, system: string, machine: string): Promise<string> {
  await Deno.mkdir(`${directory}/fake`);
  const script = `#!/bin/sh\n[ "$1" = -m ] && echo ${machine} || echo ${system}\n`;
  await writeExecutable(`${directory}/fake/uname`, script);
  return `${directory}/fake:${PATH}`;
}

const OTHER_MACHINE = Deno.build.arch === "x86_64" ? "aarch64" : "x86_64";

interface Refusal {
  /** Spoils the place; gives the variables to run the script with. */
  readonly spoil: (place: Place) => Promise<Readonly<Record<string, string>> | void>;
  readonly says: RegExp;
}

const REFUSED: Readonly<Record<string, Refusal>> = {
  "an archive with another sum": {
    spoil: ({ release }) => Deno.writeTextFile(`${release}/${ARCHIVE}`, "x", { append: true }),
    says:
      /^install\.sh: kstops-.* is not what SHA256SUMS says: its sum is [0-9a-f]{64}, and should/,
  },
  "an archive that was cut off": {
    spoil: ({ release }) => Deno.truncate(`${release}/${ARCHIVE}`, 1000),
    says: /is not what SHA256SUMS says/,
  },
  "an archive that was cut off before it was summed": {
    spoil: async ({ release }) => {
      await Deno.truncate(`${release}/${ARCHIVE}`, 1000);
      await writeSums(release);
    },
    says: /cannot unpack kstops-/,
  },
  "an archive without the program": {
    spoil: async ({ release, directory }) => {
      await Deno.mkdir(`${directory}/nothing`);
      const tar = ["tar", "-czf", `${release}/${ARCHIVE}`, "-C", directory, "nothing"];
      equal((await run(tar, { PATH })).code, 0);
      await writeSums(release);
    },
    says: /has no kstops in it/,
  },
  "a program that does not run here": {
    spoil: async ({ release, directory }) => {
      const script = "#!/bin/sh\necho no such loader >&2\nexit 127\n";
      await writeExecutable(`${directory}/broken`, script);
      await pack(`${directory}/broken`, release);
      await writeSums(release);
    },
    says: /^install\.sh: kstops does not run on this system: no such loader$/m,
  },
  "a program that is another version": {
    spoil: async ({ release, directory }) => {
      await Deno.writeTextFile(`${directory}/old`, "#!/bin/sh\necho kstops 0.0.1\n", {
        mode: 0o755,
      });
      await pack(`${directory}/old`, release);
      await writeSums(release);
    },
    says: /is not kstops \d.*: it says "kstops 0\.0\.1"/,
  },
  "a list of sums without this machine": {
    spoil: ({ release }) =>
      Deno.writeTextFile(`${release}/SHA256SUMS`, "00  kstops-1.0.0-other.tar.gz\n"),
    says: /SHA256SUMS has no kstops for /,
  },
  "a list of sums with two versions": {
    spoil: ({ release }) =>
      Deno.writeTextFile(`${release}/SHA256SUMS`, `00  kstops-9.9.9-${TARGET}.tar.gz\n`, {
        append: true,
      }),
    says: /has more than one kstops for .*\nhint: choose: --version VERSION$/m,
  },
  "no list of sums": {
    spoil: ({ release }) => Deno.remove(`${release}/SHA256SUMS`),
    says: /^install\.sh: there is no .*\/SHA256SUMS$/m,
  },
  "no archive": {
    spoil: ({ release }) => Deno.remove(`${release}/${ARCHIVE}`),
    says: /^install\.sh: there is no .*\.tar\.gz$/m,
  },
  "neither curl nor wget": {
    spoil: async ({ directory }) => ({
      PATH: await linkPrograms(`${directory}/bin`, NEEDED),
      KSTOPS_INSTALL_FROM: "https://192.0.2.1",
    }),
    says: /neither curl nor wget/,
  },
  "nothing to make sums with": {
    spoil: async ({ directory }) => ({
      PATH: await linkPrograms(`${directory}/bin`, NEEDED.filter((each) => each !== "sha256sum")),
    }),
    says: /neither sha256sum nor shasum/,
  },
  "a file where a directory has to be": {
    spoil: async ({ directory }) => {
      await Deno.writeTextFile(`${directory}/file`, "");
      return { PREFIX: `${directory}/file` };
    },
    says: /cannot make the directory .*\/file\/bin: .*\nhint: choose another one: --prefix DIR$/m,
  },
  "no home": {
    spoil: () => Promise.resolve({ HOME: "", PREFIX: "" }),
    says: /^install\.sh: there is no HOME/,
  },
  "a system without glibc": {
    spoil: async ({ directory }) => ({ PATH: await pretend(directory, "Linux", OTHER_MACHINE) }),
    says: /this system has no glibc .*\nhint: Alpine/,
  },
  "another system": {
    spoil: async ({ directory }) => ({ PATH: await pretend(directory, "FreeBSD", "amd64") }),
    says: /there is no kstops for FreeBSD\n/,
  },
  "another machine": {
    spoil: async ({ directory }) => ({ PATH: await pretend(directory, "Linux", "riscv64") }),
    says: /there is no kstops for Linux on riscv64\n/,
  },
  "Windows": {
    spoil: async ({ directory }) => ({
      PATH: await pretend(directory, "MINGW64_NT-10.0", "x86_64"),
    }),
    says: /hint: run this in WSL/,
  },
  "a Mac that the release has nothing for": {
    spoil: async ({ directory }) => ({ PATH: await pretend(directory, "Darwin", "arm64") }),
    says: /has no kstops for aarch64-apple-darwin/,
  },
};

for (const [what, { spoil, says }] of Object.entries(REFUSED)) {
  installTest(`refuses ${what}, and leaves nothing behind`, {}, async (place) => {
    const env = await spoil(place) ?? {};
    const { code, stderr } = await place.installWith({ env });
    equal(code, 1, stderr);
    match(stderr, says);
    deepEqual(await filesBelow(place.prefix), []);
  });
}

const MISUSED: readonly (readonly string[])[] = [
  ["--frob"],
  ["astro"],
  ["--prefix"],
  ["--prefix="],
  ["--version"],
  ["--version", "1.0/../.."],
  ["--version="],
];
for (const args of MISUSED) {
  installTest(`refuses the arguments ${args.join(" ")}`, {}, async ({ prefix, install }) => {
    const { code, stdout, stderr } = await install(...args);
    deepEqual([code, stdout], [2, ""]);
    match(stderr, /^install\.sh: .*\nhint: install\.sh --help\n$/);
    deepEqual(await filesBelow(prefix), []);
  });
}

installTest("does nothing when it was cut off on its way", {}, async (place) => {
  const { directory, prefix, installWith } = place;
  const whole = await Deno.readTextFile(SCRIPT);
  const end = whole.trimEnd().length;
  const cuts = [
    ...Array.from({ length: 20 }, (_, index) => Math.floor(end * index / 20)),
    ...Array.from({ length: 20 }, (_, index) => end - 1 - index),
  ];
  const script = `${directory}/cut.sh`;
  for (const cut of cuts) {
    await Deno.writeTextFile(script, whole.slice(0, cut));
    equal((await installWith({ script })).stdout, "", `cut off at ${cut}`);
  }
  deepEqual(await filesBelow(prefix), []);
});

Deno.test({
  name: "an archive is the same, byte by byte, whenever and wherever it is made",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withDirectory(async (directory) => {
      const program = `${directory}/program`;
      await Deno.writeTextFile(program, STAND_IN, { mode: 0o700 });
      await Deno.utime(program, 1, 1);
      await pack(program, directory);
      deepEqual(await Deno.readFile(`${directory}/${ARCHIVE}`), await packedStandIn());
    }),
});
