import { deepEqual, equal, match } from "node:assert/strict";
import { markFile, markLine, whoseFile, whoseLine } from "../../../src/boot/mark.ts";
import {
  type BootPlan,
  crontabLine,
  launchdAgent,
  openrcScript,
  systemdUnit,
  unitWord,
} from "../../../src/boot/unit.ts";

const PLAN: BootPlan = {
  program: ["/usr/local/bin/kstops"],
  config: "/srv/my bots/50%.yml",
  names: ["web"],
  env: { PATH: "/usr/bin:/bin", XDG_STATE_HOME: "/srv/$state" },
  stopSeconds: 40,
  system: null,
};

Deno.test("the unit of a user stays active after a session that could not start", () => {
  equal(
    systemdUnit(PLAN),
    `[Unit]
Description=Sessions of kstops (/srv/my bots/50%%.yml)

[Service]
Type=oneshot
RemainAfterExit=yes
Environment=PATH=/usr/bin:/bin
Environment=XDG_STATE_HOME=/srv/$state
ExecStart=-/usr/local/bin/kstops --config "/srv/my bots/50%%.yml" up --boot web
ExecStop=-/usr/local/bin/kstops --config "/srv/my bots/50%%.yml" down --boot
TimeoutStartSec=infinity
TimeoutStopSec=40
KillMode=process

[Install]
WantedBy=default.target
`,
  );
});

Deno.test("the unit of the system has a user, and ends before that user's manager", () => {
  const text = systemdUnit({ ...PLAN, system: { user: "ada", uid: 1000 } });
  match(text, /^User=ada\nWorkingDirectory=~$/m);
  match(text, /^After=.* user@1000\.service /m);
  match(text, /^WantedBy=multi-user\.target$/m);
});

Deno.test("words of a unit come back as they are", () => {
  deepEqual(["a", "a b", 'a"b', "a\\b c", "50%", "$HOME"].map((word) => unitWord(word)), [
    ...["a", '"a b"', '"a\\"b"', '"a\\\\b c"', "50%%", "$$HOME"],
  ]);
  equal(unitWord("KEY=$HOME", false), "KEY=$HOME");
});

Deno.test("a line of a crontab is one command, without a bare percent sign", () => {
  equal(
    crontabLine(PLAN),
    "@reboot /usr/bin/env PATH=/usr/bin:/bin 'XDG_STATE_HOME=/srv/$state' /usr/local/bin/kstops " +
      "--config '/srv/my bots/50\\%.yml' up --boot web >/dev/null 2>&1",
  );
});

Deno.test("an agent of launchd leaves the tmux server alone, and is XML", () => {
  const text = launchdAgent({ ...PLAN, names: ["a&b<c"] });
  match(text, /<key>AbandonProcessGroup<\/key>\n {2}<true\/>/);
  match(text, /<string>a&amp;b&lt;c<\/string>/);
});

Deno.test("a script of OpenRC is a shell's, and asks sessions to end only as the machine does", async () => {
  const text = openrcScript({ ...PLAN, system: { user: "ada", uid: 1000 } });
  match(text, /RC_GOINGDOWN/);
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, text);
  const { code } = await new Deno.Command("sh", { args: ["-n", path] }).output();
  await Deno.remove(path);
  equal(code, 0);
});

Deno.test("a file is known as ours until somebody edits it", async () => {
  for (
    const form of [
      {},
      { head: "#!/sbin/openrc-run\n" },
      { head: "<?xml?>\n", open: "<!-- ", close: " -->" },
    ]
  ) {
    const text = await markFile("[Unit]\na=b\n", form);
    equal(text.startsWith(form.head ?? "# Made by kstops"), true);
    equal(await whoseFile(text), "ours");
    equal(await whoseFile(`${text}c=d\n`), "edited");
    equal(await whoseFile(text.replace("a=b", "a=c")), "edited");
  }
  equal(await whoseFile("[Unit]\na=b\n"), "others");
  equal(await whoseFile(""), "others");
});

Deno.test("a line of a crontab is known as ours until somebody edits it", async () => {
  const line = await markLine(crontabLine(PLAN));
  equal(await whoseLine(line), "ours");
  equal(await whoseLine(line.replace("web", "db")), "edited");
  equal(await whoseLine(crontabLine(PLAN)), "others");
});
