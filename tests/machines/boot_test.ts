import { deepEqual, equal, match } from "node:assert/strict";
import { type Machine, machineTest } from "./machine.ts";

/** Ends only when it is asked to, says so, and takes its time for that. */
const GRACEFUL =
  `sh -c 'trap "sleep 1; echo asked >>$HOME/asked; exit 0" INT; while :; do sleep 0.1; done'`;

const CONFIG = `ops:
  project: demo
  sessions:
    always: {command: [sleep, "200001"], restart: always}
    unless: {command: [sleep, "200002"], restart: unless-stopped, socket_name: other}
    stopped: {command: [sleep, "200003"], restart: unless-stopped}
    never: {command: [sleep, "200004"], restart: unless-stopped}
    plain: {command: [sleep, "200005"]}
    ended: {command: [sh, -c, "sleep 2"], restart: on-failure}
    graceful: {command: ${JSON.stringify(GRACEFUL)}, restart: on-failure}
    broken: {command: [nosuchprogram], restart: always}
`;

/** The sessions that run, by name. */
async function running({ ssh }: Machine): Promise<readonly string[]> {
  const { out } = await ssh("kstops list -q --state running");
  return out.split("\n").filter((name) => name !== "").toSorted();
}

const pidsOf = async (machine: Machine, names: readonly string[]) =>
  await Promise.all(names.map((name) => machine.pid(name)));

const BACK = ["always", "graceful", "unless"];
/** The boot has started what it starts: the last of the operations is over. */
const BOOTED = (user = "--user -M ada@") => `systemctl ${user} is-active kstops.service`;

machineTest("sessions come back after a reboot, as their policies say", async (machine) => {
  const { ada, ssh, root, until } = machine;
  await machine.write("/home/ada/kstops.yml", CONFIG);
  equal((await ssh("kstops boot status")).code, 1);
  const planned = await ada("kstops boot enable --dry-run");
  match(planned, /^write \/home\/ada\/\.config\/systemd\/user\/kstops\.service\n/);
  match(planned, /^run systemctl --user enable kstops\.service$/m);
  equal(await ada("find .config -name '*kstops*' 2>/dev/null | wc -l"), "0\n");
  match(await ada("kstops boot enable"), /^note: .*loginctl enable-linger ada$/m);
  match((await ssh("kstops boot status")).out, /^failure\tboot\.linger\t/m);
  await ada("loginctl enable-linger ada");
  const { out: said } = await ssh("kstops boot status");
  match(said, /^ok\tboot\.linger\t/m);
  match(said, /^failure\tboot\.program\t"broken" would not start/m);
  match(await ada("kstops doctor || true"), /^ok\tboot\.enabled\t/m);
  equal(await ada("systemd-analyze --user verify ~/.config/systemd/user/kstops.service 2>&1"), "");

  await ada("kstops start unless stopped plain ended graceful && kstops stop stopped");
  await until("su ada -c 'kstops list -q --state exited' | grep -q ended");
  await machine.reboot();
  await until("[ \"$(su ada -c 'kstops list -q --state running 2>/dev/null' | wc -l)\" = 3 ]");
  deepEqual(await running(machine), BACK);
  // The shutdown gave it its signal and its time.
  equal(await ada("cat asked"), "asked\n");
  match(
    await ada("kstops events graceful"),
    /\tstopped\t1\tthe machine went down\n.*\tstarted\t1\tafter a reboot\n$/,
  );
  match(
    await ada("kstops operations list --session unless"),
    /\tstart\tunless\tdone\t\S+\tada, after a reboot\t/,
  );
  match(await ada("kstops why unless"), /^last change +start done, .*, after a reboot/m);

  // Nothing ends with the unit, and nothing is started twice.
  const pids = await pidsOf(machine, BACK);
  await ada("systemctl --user restart kstops && systemctl --user stop kstops");
  match((await ssh("kstops boot status")).out, /^warning\tboot\.active\t/m);
  await ada("systemctl --user start kstops && systemctl --user daemon-reexec");
  await root(
    "cp /usr/local/bin/kstops /usr/local/bin/new && mv /usr/local/bin/new /usr/local/bin/kstops",
  );
  deepEqual(await pidsOf(machine, BACK), pids);
  match(await root("cat /proc/$(pgrep -u ada -o 'tmux: server')/cgroup"), /run-[^/]*\.scope/);

  // Nobody is asked when the power is cut, and what was stopped stays stopped.
  await ada("kstops stop unless");
  await ada("kstops start plain");
  await machine.crash();
  await until("[ \"$(su ada -c 'kstops list -q --state running 2>/dev/null' | wc -l)\" = 2 ]");
  deepEqual(await running(machine), ["always", "graceful"]);
  match(await ada("kstops why plain"), /^reason +the machine was rebooted while it ran$/m);

  // What was edited is neither overwritten nor removed.
  const unit = "/home/ada/.config/systemd/user/kstops.service";
  await root(`cp -p ${unit} /kept && echo '# mine' >>${unit}`);
  equal((await ssh("kstops boot enable")).code, 3);
  equal((await ssh("kstops boot disable")).code, 3);
  match((await ssh("kstops boot status")).out, /was edited/);
  await root(`cp -p /kept ${unit}`);
  // An executable that moved is known before the next boot.
  await root("mv /usr/local/bin/kstops /usr/bin/kstops");
  match(
    (await ssh("kstops boot status")).out,
    /^failure\tboot\.executable\t\/usr\/local\/bin\/kstops is gone/m,
  );
  await ada("kstops boot enable");
  equal((await ssh("kstops boot status")).out.includes("boot.executable"), false);

  await ada("kstops boot disable");
  equal(await ada("find .config -type f -o -type l | wc -l"), "0\n");
  equal(await ada("systemctl --user list-unit-files --no-legend 'kstops*' || true"), "");
  deepEqual(await running(machine), ["always", "graceful"]);
  equal(await ada("kstops boot disable"), "Nothing to do: what starts sessions is as wanted\n");
});

machineTest(
  "fifty sessions come back once each, also when the power fails in the middle",
  async (machine) => {
    const { ada, root, until } = machine;
    const names = Array.from({ length: 50 }, (_, index) => `s${index}`);
    const sessions = names.map((name, index) =>
      `    ${name}: {command: [sleep, "${300000 + index}"], restart: unless-stopped}\n`
    );
    await machine.write("/home/ada/kstops.yml", `ops:\n  sessions:\n${sessions.join("")}`);
    await ada("loginctl enable-linger ada; kstops boot enable; kstops start --all -q");
    await machine.crash();
    await until("pgrep -u ada -x sleep");
    await machine.crash();
    await until('[ "$(pgrep -u ada -x sleep | wc -l)" -ge 50 ]');
    await until(`journalctl -q _UID=$(id -u ada) | grep -c . >/dev/null; ${BOOTED()}`);
    equal(
      await root(
        "pgrep -u ada -x -a sleep | sort -k 3 | uniq -c -f 2 | wc -l; pgrep -u ada -x sleep | wc -l",
      ),
      "50\n50\n",
    );
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
  match(await ada("crontab -l"), /^17 3 .*\n@reboot .* boot start .*# kstops boot [0-9a-f]{16}\n$/);
  match((await ssh("kstops boot status")).out, /^ok\tboot\.enabled\tyour crontab starts/m);
  await ada("kstops start unless stopped -q && kstops stop stopped -q");
  await machine.crash();
  await until("[ \"$(su ada -c 'kstops list -q --state running 2>/dev/null' | wc -l)\" = 2 ]");
  deepEqual(await running(machine), ["always", "unless"]);
  match(await ada("kstops events unless"), /\tstarted\t1\tafter a reboot\n$/);
  await ada("kstops boot disable");
  equal(await ada("crontab -l"), "17 3 * * * true\n");
}, { init: "cron" });
