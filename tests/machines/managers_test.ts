import { deepEqual, equal, match, ok } from "node:assert/strict";
import { machineTest } from "./machine.ts";
import { BOOTED, CONFIG, running } from "./sessions.ts";

machineTest(
  "fifty sessions come back once each and in their order, also when the power fails in the middle",
  async (machine) => {
    const { ada, root, until } = machine;
    const layer = 10;
    const names = Array.from({ length: 50 }, (_, index) => `s${index}`);
    const sessions = names.map((name, index) =>
      `    ${name}: {command: [sleep, "${300000 + index}"], restart: unless-stopped, ` +
      `depends_on: [${index < layer ? "" : names[index - layer]}]}\n`
    );
    await machine.write("/home/ada/kstops.yml", `ops:\n  sessions:\n${sessions.join("")}`);
    await ada("loginctl enable-linger ada; kstops boot enable; kstops start --all -q");
    await machine.crash();
    await until("pgrep -u ada -f '^sleep 3000'");
    await machine.crash();
    await until("[ \"$(pgrep -u ada -fc '^sleep 3000')\" -ge 50 ]");
    await until(BOOTED);
    const programs = (await root("pgrep -u ada -fa '^sleep 3000'")).trim().split("\n");
    const each = programs.map((line) => line.replace(/^\d+ /, ""));
    deepEqual(each.toSorted(), names.map((_, index) => `sleep ${300000 + index}`).toSorted());
    const rows: readonly { readonly name: string; readonly created_at: string }[] = JSON.parse(
      await ada("kstops list --json"),
    );
    const begun = new Map(rows.map(({ name, created_at }) => [name, created_at]));
    for (const [index, name] of names.entries()) {
      const needed = begun.get(names[index - layer] ?? "") ?? "";
      ok(needed <= (begun.get(name) ?? ""), `${name} came before what it needs`);
    }
  },
);

machineTest("a unit of the system starts sessions without lingering", async (machine) => {
  const { ada, ssh, root, until } = machine;
  await machine.write("/home/ada/kstops.yml", CONFIG);
  match(
    (await ssh("kstops boot enable --system")).err,
    /run: sudo kstops boot enable --system --config/,
  );
  const sudo = "env HOME=/root SUDO_USER=ada SUDO_UID=$(id -u ada) SUDO_GID=$(id -g ada) kstops";
  await root(`${sudo} boot enable --system --config /home/ada/kstops.yml always graceful`);
  equal(await root("systemd-analyze verify /etc/systemd/system/kstops-ada.service 2>&1"), "");
  await machine.reboot();
  equal(await ada("cat asked"), "asked\n");
  await until("[ \"$(su ada -c 'kstops list -q --state running 2>/dev/null' | wc -l)\" = 2 ]");
  const pid = await machine.pid("always");
  await root("systemctl restart kstops-ada");
  equal(await machine.pid("always"), pid);
  await root(`${sudo} boot disable --system`);
  equal(await root("ls /etc/systemd/system | grep -c kstops || true"), "0\n");
  equal(await machine.pid("always"), pid);
});

machineTest("cron starts sessions where there is no systemd", async (machine) => {
  const { ada, ssh, root, until } = machine;
  await machine.write("/home/ada/kstops.yml", CONFIG);
  await root("echo '17 3 * * * true' | crontab -u ada -");
  match((await ssh("kstops boot enable")).out, /^Ran crontab -\n/);
  match(await ada("crontab -l"), /^17 3 .*\n@reboot .* up --boot .*# kstops boot [0-9a-f]{16}\n$/);
  match((await ssh("kstops boot status")).out, /^ok\tboot\.enabled\tyour crontab starts/m);
  await ada("kstops start unless stopped -q && kstops stop stopped -q");
  await machine.crash();
  await until("[ \"$(su ada -c 'kstops list -q --state running 2>/dev/null' | wc -l)\" = 2 ]");
  deepEqual(await running(machine), ["always", "unless"]);
  match(await ada("kstops events unless"), /\tstarted\t1\tafter a reboot\n$/);
  await ada("kstops boot disable");
  equal(await ada("crontab -l"), "17 3 * * * true\n");
}, { init: "cron" });
