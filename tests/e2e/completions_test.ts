/** Completions in the real shells, on a real pty. */
import { deepEqual, doesNotMatch, equal, match } from "node:assert/strict";
import * as fc from "fast-check";
import { typed } from "../../src/cli/completions/words.ts";
import { hasProgram, withPty } from "../support/pty.ts";
import { ignoreWithoutTmux, type TmuxSandbox, withTmux } from "../support/tmux.ts";
import { programUnderTest, writeProgram } from "../support/transcript.ts";

interface Shell {
  readonly argv: readonly string[];
  /** What is typed first, so that the completions are there. */
  readonly setUp: readonly string[];
  /** Makes `kstops` show what it is called with: `<a><b>`. */
  readonly show: string;
  /** The keys that show what there is to choose from. */
  readonly listKeys: readonly string[];
}

const BASH: Omit<Shell, "setUp"> = {
  argv: ["bash", "--norc", "--noprofile", "-i"],
  show: `kstops() { printf '<%s>' "$@"; echo; }`,
  listKeys: ["Tab", "Tab"],
};
const ZSH: Omit<Shell, "setUp"> = {
  argv: ["zsh", "-f", "-i"],
  show: `kstops() { printf '<%s>' "$@"; echo; }`,
  listKeys: ["Tab"],
};
const FISH: Omit<Shell, "setUp"> = {
  argv: ["fish", "--no-config", "--private", "-i"],
  show: "function kstops; printf '<%s>' $argv; echo; end; function fish_prompt; echo '$ '; end",
  listKeys: ["Tab"],
};

/** Each shell, in the ways in which completions get into it. */
const SHELLS: Readonly<Record<string, Shell>> = {
  "bash (sourced twice)": {
    ...BASH,
    setUp: ["source <(kstops completions bash)", "source <(kstops completions bash)"],
  },
  "bash (in its posix mode, with set -u)": {
    ...BASH,
    setUp: ["set -u; set -o posix", "source <(kstops completions bash)"],
  },
  "zsh (sourced twice)": {
    ...ZSH,
    setUp: ["source <(kstops completions zsh)", "source <(kstops completions zsh)"],
  },
  "zsh (as a file, with set -u)": {
    ...ZSH,
    setUp: [
      "mkdir ~/functions; kstops completions zsh > ~/functions/_kstops",
      "fpath=(~/functions $fpath); autoload -Uz compinit; compinit -i -D; setopt nounset",
    ],
  },
  "fish (sourced twice)": {
    ...FISH,
    setUp: ["kstops completions fish | source", "kstops completions fish | source"],
  },
  "fish (as a file)": {
    ...FISH,
    setUp: [
      "mkdir ~/completions; kstops completions fish > ~/completions/kstops.fish",
      "set -p fish_complete_path ~/completions",
    ],
  },
};

/** What the sessions of `tmux -L hostile` are called; each begins with another letter. */
const HOSTILE = [
  "a$(touch pwned)`touch pwned`",
  "b;touch pwned&c|d>e<f",
  `c'd"e f`,
  "d*?[e]{f,g}(h)",
  "e!!~#^%=@i",
  "f\\",
  "gü ñ 日本",
  // tmux writes the control characters of a name as escapes.
  "h\ntouch pwned",
];
/** What the only session of a socket of its own is called: it begins in a hostile way. */
const HOSTILE_FIRST = ["$(touch pwned)", "-rf", "~root", "!ls", "'", ";touch pwned", "#x"];

/** A shell on a pty, in a directory with a config and among sessions. */
interface Session {
  /** Types a line, presses Tab and Enter; gives what `kstops` was called with, as `<a><b>`. */
  readonly complete: (line: string) => Promise<string>;
  /** Types a line, asks for what there is to choose from, and waits until it is shown. */
  readonly choices: (line: string, shown: RegExp) => Promise<string>;
}

function shellTest(
  title: string,
  name: string,
  body: (shell: Session, t: TmuxSandbox) => Promise<void>,
): void {
  const shell = SHELLS[name]!;
  const [program = ""] = shell.argv;
  Deno.test({
    name: `${name} ${title}`,
    ignore: ignoreWithoutTmux() || (!Deno.env.get("KSTOPS_CI") && !HAS[program]),
    fn: async () => {
      if (!HAS[program]) throw new Error(`This test needs ${program}, which is not installed`);
      await withTmux((t) => inShell(t, shell, body));
    },
  });
}

const HAS: Readonly<Record<string, boolean>> = {
  bash: await hasProgram("bash"),
  zsh: await hasProgram("zsh"),
  fish: await hasProgram("fish"),
};

async function inShell(
  t: TmuxSandbox,
  shell: Shell,
  body: (session: Session, t: TmuxSandbox) => Promise<void>,
): Promise<void> {
  await writeProgram(await programUnderTest(), t);
  const env = { PATH: `${t.directory}/bin:${t.env["PATH"]}`, PS1: "$ ", INPUTRC: "/dev/null" };
  await withPty(t, { argv: shell.argv, env, columns: 150 }, async (pty) => {
    const clear = async (): Promise<void> => {
      await pty.press("C-u", "C-l");
      await pty.shows(/^\$$/);
    };
    await pty.shows(/[$#%>]$/);
    for (const line of [...shell.setUp, `${shell.show}; echo rea''dy`]) {
      await pty.type(line);
      await pty.press("Enter");
    }
    const screen = await pty.shows(/^ready\n\$$/m);
    doesNotMatch(screen, /error|not found|warning|line \d/i);
    await body({
      complete: async (line) => {
        await clear();
        await pty.type(line);
        await pty.press("Tab", "Enter");
        const screen = await pty.shows(/^<.*>\n\$$/m);
        const [_typed, called = "", ...rest] = screen.split("\n");
        deepEqual(rest, ["$"], "something else was printed");
        return called;
      },
      choices: async (line, shown) => {
        await clear();
        await pty.type(line);
        await pty.press(...shell.listKeys);
        return await pty.shows(shown);
      },
    }, t);
    deepEqual(await filesNamed("pwned", t.directory), []);
  });
}

async function filesNamed(name: string, directory: string): Promise<string[]> {
  const { stdout } = await new Deno.Command("find", { args: [directory, "-name", name] }).output();
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
}

/** alpha and alpine run; beta is defined and runs; done has ended; astro is defined. */
async function makeSessions(t: TmuxSandbox): Promise<void> {
  await Deno.writeTextFile(
    `${t.work}/kstops.yml`,
    "ops: { sessions: { astro: { command: sleep 60 }, beta: { command: sleep 60 } } }\n",
  );
  for (const name of ["alpha", "alpine", "beta", "done"]) {
    await t.tmux("new-session", "-d", "-s", name, "sleep", "60");
  }
  await t.tmux("set-option", "-g", "remain-on-exit", "on");
  await t.tmux("respawn-pane", "-k", "-t", "=done:", "true");
  await t.tmux("-L", "bots", "new-session", "-d", "-s", "gamma", "sleep", "60");
  await t.waitFor(
    async () => await t.tmux("list-panes", "-t", "=done:", "-F", "#{pane_dead}") === "1",
    "the end of a session",
  );
  await Deno.writeTextFile(
    `${t.work}/images.yml`,
    "ops: { sessions: { bot: { backend: container, image: 'localhost:5000/bot:1' } } }\n",
  );
  await Deno.mkdir(`${t.work}/some dir`);
  await Deno.writeTextFile(`${t.work}/some file`, "");
}

async function makeHostileSessions(t: TmuxSandbox): Promise<void> {
  for (const name of HOSTILE) {
    await t.tmux("-L", "hostile", "new-session", "-d", "-s", name, "sleep", "60");
  }
  for (const [index, name] of HOSTILE_FIRST.entries()) {
    const create = ["new-session", "-d", `-s${name.replace(/;$/, "\\;")}`, "sleep", "60"];
    await t.tmux("-L", `only${index}`, ...create);
  }
}

const COMPLETED: Readonly<Record<string, string>> = {
  "kstops sta": "<sta>",
  "kstops star": "<start>",
  "kstops stop alph": "<stop><alpha>",
  "kstops stop alpha alp": "<stop><alpha><alpine>",
  "kstops start as": "<start><astro>",
  "kstops start be": "<start><be>",
  "kstops start do": "<start><done>",
  "kstops attach do": "<attach><do>",
  "kstops attach be": "<attach><beta>",
  "kstops logs do": "<logs><done>",
  "kstops stop --all al": "<stop><--all><al>",
  "kstops stop ga": "<stop><gamma>",
  "kstops stop -L bots al": "<stop><-L><bots><al>",
  "kstops start --bac": "<start><--backend>",
  "kstops start --backend t": "<start><--backend><tmux>",
  "kstops start --backend=t": "<start><--backend=tmux>",
  "kstops list --socket bo": "<list><--socket><bots>",
  "kstops list -Lbo": "<list><-Lbots>",
  "kstops completions fi": "<completions><fish>",
  "kstops start x --config images.yml -i loc":
    "<start><x><--config><images.yml><-i><localhost:5000/bot:1>",
  "kstops start x --config images.yml --image=localhost:50":
    "<start><x><--config><images.yml><--image=localhost:5000/bot:1>",
  "kstops config show --config images.yml b": "<config><show><--config><images.yml><bot>",
  "kstops config show al": "<config><show><al>",
  "kstops operations sho": "<operations><show>",
  "kstops list --state ru": "<list><--state><running>",
  "kstops why do": "<why><done>",
  "kstops start --env-file some\\ f": "<start><--env-file><some file>",
  "kstops start --env-file=some\\ f": "<start><--env-file=some file>",
  "kstops start -w some": "<start><-w><some dir>",
  "kstops start al -- some\\ f": "<start><al><--><some file>",
};

for (const name of Object.keys(SHELLS)) {
  shellTest("completes commands, flags, values, files and sessions", name, async (shell, t) => {
    await makeSessions(t);
    const screen = await shell.choices("kstops st", /status/);
    match(screen, /start/);
    match(screen, /stop/);
    const lines = Object.entries(COMPLETED);
    // In whatever way it got there, it is the same script.
    for (const [line, result] of name.includes("twice") ? lines : lines.slice(0, 5)) {
      // zsh takes the slash behind a directory away again.
      equal((await shell.complete(line)).replace("/>", ">"), result, line);
    }
    await Deno.remove(`${t.directory}/bin/kstops`);
    equal(await shell.complete("kstops stop xy"), "<stop><xy>", "without kstops");
  });
}

for (const name of Object.keys(SHELLS).filter((each) => each.includes("twice"))) {
  shellTest("inserts hostile names so that they mean just that", name, async (shell, t) => {
    await makeHostileSessions(t);
    // tmux escapes some characters of a name itself: what counts is what it reports.
    const names = await t.tmux("-L", "hostile", "list-sessions", "-F", "#{session_name}");
    equal(names.split("\n").length, HOSTILE.length);
    for (const session of names.split("\n")) {
      const line = `kstops stop -L hostile ${session.charAt(0)}`;
      equal(await shell.complete(line), `<stop><-L><hostile><${session}>`);
    }
    for (const [index, session] of HOSTILE_FIRST.entries()) {
      // fish would insert a home directory.
      const inserted = name.startsWith("fish") && session.startsWith("~") ? "" : `<${session}>`;
      const line = `kstops stop -L only${index} -- `;
      equal(await shell.complete(line), `<stop><-L><only${index}><-->${inserted}`);
    }
    await shell.choices("kstops status -L hostile ", /日本/);
    await shell.choices("kstops stop $(touch pwned) --col", /--color/);
  });
}

// The other shells quote by themselves.
shellTest("goes on in the quotes that were begun", "bash (sourced twice)", async (shell, t) => {
  await makeHostileSessions(t);
  const names = await t.tmux("-L", "hostile", "list-sessions", "-F", "#{session_name}");
  for (const quote of [`'`, `"`]) {
    for (const session of names.split("\n")) {
      const line = `kstops stop -L hostile ${quote}${session.charAt(0)}`;
      equal(await shell.complete(line), `<stop><-L><hostile><${session}>`, line);
    }
    for (const [index, session] of HOSTILE_FIRST.entries()) {
      const line = `kstops stop -L only${index} -- ${quote}`;
      equal(await shell.complete(line), `<stop><-L><only${index}><--><${session}>`, line);
    }
  }
});

Deno.test({
  name: "completions say nothing when tmux does not answer, and wait for it only a moment",
  ignore: ignoreWithoutTmux(),
  fn: () =>
    withTmux(async (t) => {
      await writeProgram(await programUnderTest(), t);
      await t.tmux("new-session", "-d", "-s", "alpha", "sleep", "60");
      await t.tmux("-L", "bots", "new-session", "-d", "-s", "beta", "sleep", "60");
      await Deno.writeTextFile(`${t.work}/kstops.yml`, "ops: [");
      const ask = async () =>
        await new Deno.Command(`${t.directory}/bin/kstops`, {
          args: ["__complete", "fish", "stop", ""],
          env: { ...t.env },
          clearEnv: true,
          cwd: t.work,
        }).output();
      const pid = Number(await t.tmux("display-message", "-p", "#{pid}"));
      Deno.kill(pid, "SIGSTOP");
      const { code, stdout, stderr } = await ask().finally(() => Deno.kill(pid, "SIGCONT"));
      const decoder = new TextDecoder();
      const answer = "words\t\tsession\nbeta\trunning, tmux, socket bots\n";
      deepEqual([code, decoder.decode(stdout), decoder.decode(stderr)], [0, answer, ""]);
    }),
});

const QUOTES = ["", "'", '"', "$'"] as const;

/** What bash's line editor makes of an answer: it adds the quotes that it does not see. */
function lineOf(answer: string, open: (typeof QUOTES)[number]): string {
  const quote = open.slice(-1);
  const begun = quote !== "" && answer.startsWith(quote) ? open.slice(0, -1) : open;
  return begun + answer + (quote !== "" && answer.endsWith(quote) ? "" : quote);
}

Deno.test({
  name: "bash reads back what completions write, whatever the name",
  ignore: !HAS["bash"] && !Deno.env.get("KSTOPS_CI"),
  fn: async () => {
    const names = fc.sample(
      fc.string({
        unit: fc.constantFrom(...`ab ~!#$%^&*()-_=+[]{}|;:'",<.>/?\`\\ü`),
        minLength: 1,
      }),
      { numRuns: 500, seed: 1 },
    );
    const words = names.flatMap((name) => QUOTES.map((open) => lineOf(typed(name, open), open)));
    const script = `PATH=/nonexistent; printf '%s\\n' ${words.join(" ")}`;
    // What would be wrong could also write files.
    const directory = await Deno.makeTempDir();
    const { stdout, stderr } = await new Deno.Command("bash", {
      args: ["-c", script],
      env: { LC_ALL: "C.UTF-8" },
      cwd: directory,
    }).output();
    await Deno.remove(directory, { recursive: true });
    const decoder = new TextDecoder();
    equal(decoder.decode(stderr), "");
    deepEqual(
      decoder.decode(stdout).split("\n").slice(0, -1),
      names.flatMap((name) => QUOTES.map(() => name)),
    );
  },
});
