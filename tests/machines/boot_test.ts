import { deepEqual, equal, match, ok } from "node:assert/strict";
import { machineTest } from "./machine.ts";
import { BACK, CONFIG, DELAY_SECONDS, pidsOf, running } from "./sessions.ts";

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
  const since = new Map<string, number>(
    JSON.parse((await ssh("kstops list --json")).out)
      .map(({ name, created_at }: { name: string; created_at: string }) => [
        name,
        Date.parse(created_at),
      ]),
  );
  const later = (since.get("unless") ?? 0) - (since.get("always") ?? 0);
  ok(later >= (DELAY_SECONDS - 1) * 1000, `unless did not wait for always: ${later} ms`);
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
