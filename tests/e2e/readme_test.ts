/** The examples of the README, replayed as transcripts: what they show is what happens. */
import { aloneOnEngines, ignoreWithoutEngines } from "../support/engines.ts";
import { ignoreWithoutTmux } from "../support/tmux.ts";
import { programUnderTest, replay, type ReplayOptions } from "../support/transcript.ts";

const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));

function blocks(section: string, language: string): string[] {
  const from = readme.indexOf(`\n## ${section}\n`);
  const text = readme.slice(from, readme.indexOf("\n## ", from + 1));
  const found = text.matchAll(new RegExp("^```" + language + "\n(.*?)^```$", "gms"));
  return Array.from(found, ([, block = ""]) => block);
}

/** Pids, times and ids are other ones each time. */
function withPlaceholders(text: string): string {
  return text
    .replaceAll(/pid \d+/g, "pid [0-9]+")
    .replaceAll(/^pid\t\d+$/gm, "pid\t[0-9]+")
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, "<TIME>")
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z/g, "<TIME>")
    .replaceAll(/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g, "<ID>")
    .replaceAll(/\tada\t/g, "\t<ANY>\t")
    // tmux knows times to the second, so the shortest run may have seen two of them.
    .replaceAll(/^(ran for +).*$/gm, "$1<ANY>")
    .replaceAll(/"id":"\$\d+"/g, '"id":"$[0-9]+"');
}

/** Replays the console blocks of a section, with its first YAML block as the config. */
async function replaySection(
  section: string,
  options: Partial<ReplayOptions> & { readonly before?: string; readonly atLeast: number },
): Promise<void> {
  const { before = "", atLeast, ...rest } = options;
  const [config = ""] = blocks(section, "yaml");
  const console = blocks(section, "console");
  if (console.length < atLeast) throw new Error(`the README has too few examples in ${section}`);
  const write = [
    "$ cat > kstops.yml <<'END'",
    ...`${config}END`.split("\n").map((line) => `> ${line}`),
    "",
  ];
  const transcript = [before, write.join("\n"), ...console.map(withPlaceholders)].join("");
  const path = await Deno.makeTempFile({ suffix: ".txt" });
  try {
    await Deno.writeTextFile(path, transcript);
    await replay(path, { program: await programUnderTest(), update: false, ...rest });
  } finally {
    await Deno.remove(path);
  }
}

Deno.test({
  name: "the examples of the README do what they show",
  ignore: ignoreWithoutTmux(),
  fn: () => replaySection("Ten examples", { atLeast: 10 }),
});

Deno.test({
  name: "the examples of the README with logs do what they show",
  ignore: ignoreWithoutTmux(),
  fn: () => replaySection("Logs, and how it ended", { atLeast: 2 }),
});

Deno.test({
  name: "the examples of the README with operations do what they show",
  ignore: ignoreWithoutTmux(),
  fn: () => replaySection("Operations", { atLeast: 1 }),
});

Deno.test({
  name: "the examples of the README with containers do what they show",
  ignore: ignoreWithoutTmux() || ignoreWithoutEngines(),
  fn: () =>
    aloneOnEngines(() =>
      replaySection("Containers", {
        atLeast: 1,
        runtime: "podman",
        // What the README pulls, under a name that the engine of the tests has.
        before: [
          "$ clean() { podman rm -f -t 0 web; podman rm -f -t 0 job; podman rm -f -t 0 db; }",
          "$ clean > /dev/null 2>&1; trap 'clean > /dev/null 2>&1' EXIT",
          "$ podman tag $KSTOPS_TEST_IMAGE docker.io/library/busybox:1",
          "",
        ].join("\n"),
      })
    ),
});
