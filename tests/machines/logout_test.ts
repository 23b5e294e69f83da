import { equal, match } from "node:assert/strict";
import { machineTest, SCRIPT } from "./machine.ts";

Deno.test("the script of machines says what it can do", async () => {
  const { code, stderr } = await new Deno.Command(SCRIPT, { stderr: "piped" }).output();
  equal(code, 2);
  match(new TextDecoder().decode(stderr), /^\.ci\/machine lay DIR/);
});

/** Whether each login of ada's is over: a session in which something lives stays, and is closing. */
const LOGGED_OUT =
  "for each in $(loginctl list-sessions --no-legend | awk '/ada/ { print $1 }'); do " +
  '[ "$(loginctl show-session -p State --value "$each")" = closing ] || exit 1; done';
/** The group of the tmux server of ada's sessions. */
const GROUP = "grep -h '^0::' /proc/$(pgrep -u ada -o 'tmux: server')/cgroup";

machineTest("a session outlives the logout, with and without lingering", async (machine) => {
  const { ada, root, until } = machine;
  await ada("kstops start web -- sleep 100000");
  match(await root(GROUP), /session-[^/]*\.scope/);
  await until(LOGGED_OUT);
  equal(typeof await machine.pid("web"), "number");
  await ada("kstops stop web");

  // logind kills what is left of a login: only a scope below a manager that goes on survives.
  await root("mkdir -p /etc/systemd/logind.conf.d");
  await root("printf '[Login]\\nKillUserProcesses=yes\\n' >/etc/systemd/logind.conf.d/k.conf");
  await root("systemctl restart systemd-logind");
  match(
    await ada(
      "kstops doctor --json | jq -r '.findings[] | select(.check == \"logout.tmux\") | .fix' || true",
    ),
    /loginctl enable-linger ada/,
  );
  await ada("loginctl enable-linger ada");
  await ada("kstops start web -- sleep 100000");
  match(await root(GROUP), /user@\d+\.service\/app\.slice\/run-[^/]*\.scope/);
  match(await ada("kstops doctor"), /survives a logout/);
  await until(LOGGED_OUT);
  const pid = await machine.pid("web");
  equal(typeof pid, "number");
  // A second session joins the server; its variables are those of a login, not of a unit.
  await ada("kstops start more -- sleep 100000");
  equal((await ada("tmux show-environment -g")).includes("INVOCATION_ID"), false);
  await ada("systemctl --user daemon-reexec");
  await until(LOGGED_OUT);
  equal(await machine.pid("web"), pid);

  // Without the variable that leads to the manager, and without a manager at all.
  await ada("kstops stop web more");
  await ada("env -u XDG_RUNTIME_DIR kstops start web -- sleep 100000");
  match(await root(GROUP), /run-[^/]*\.scope/);
  await ada("kstops stop web");
  await ada("env PATH=/opt/none:$PATH sh -c 'kstops start web -- sleep 100000'");
  await ada("kstops stop web");
});
