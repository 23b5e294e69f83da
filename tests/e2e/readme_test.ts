/** The examples of the README, replayed as one transcript: what they show is what happens. */
import { ignoreWithoutTmux } from "../support/tmux.ts";
import { programUnderTest, replay } from "../support/transcript.ts";

const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
const examples = readme.slice(readme.indexOf("## Ten examples"), readme.indexOf("## Good to know"));

function blocks(language: string): string[] {
  const found = examples.matchAll(new RegExp("^```" + language + "\n(.*?)^```$", "gms"));
  return Array.from(found, ([, text = ""]) => text);
}

/** Pids, times and ids are other ones each time. */
function withPlaceholders(text: string): string {
  return text
    .replaceAll(/pid \d+/g, "pid [0-9]+")
    .replaceAll(/^pid\t\d+$/gm, "pid\t[0-9]+")
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, "<TIME>")
    .replaceAll(/"id":"\$\d+"/g, '"id":"$[0-9]+"');
}

Deno.test({
  name: "the examples of the README do what they show",
  ignore: ignoreWithoutTmux(),
  fn: async () => {
    const [config = ""] = blocks("yaml");
    const [first, ...more] = blocks("console");
    if (first === undefined || more.length < 9) throw new Error("the README has no ten examples");
    const write = [
      "$ cat > kstops.yml <<'END'",
      ...`${config}END`.split("\n").map((l) => `> ${l}`),
    ];
    const transcript = [write.join("\n"), first, ...more].map(withPlaceholders).join("\n");
    const path = await Deno.makeTempFile({ suffix: ".txt" });
    try {
      await Deno.writeTextFile(path, transcript);
      await replay(path, { program: await programUnderTest(), update: false });
    } finally {
      await Deno.remove(path);
    }
  },
});
