import { equal } from "node:assert/strict";
import { cgroupIn, needsScope } from "../../../src/boot/groups.ts";

const SESSION = "/user.slice/user-1000.slice/session-3.scope";
const MANAGER = "/user.slice/user-1000.slice/user@1000.service/app.slice";

Deno.test("cgroupIn() finds the group of systemd among those of version 1, and of version 2", () => {
  equal(cgroupIn(`12:pids:/x\n1:name=systemd:${SESSION}\n0::/y\n`), SESSION);
  equal(cgroupIn(`0::${MANAGER}\n`), MANAGER);
  equal(cgroupIn("1:name=systemd:/a:b\n"), "/a:b");
  equal(cgroupIn("12:pids:/x\n"), null);
  equal(cgroupIn(""), null);
});

Deno.test("cgroupIn() looks behind an empty group of systemd's own hierarchy", () => {
  equal(cgroupIn(`1:name=systemd:/\n0::${SESSION}\n`), SESSION);
  equal(cgroupIn("1:name=systemd:/\n0::/\n"), "/");
});

const GROUPS: Readonly<Record<string, boolean>> = {
  [SESSION]: true,
  [`${SESSION}/more`]: true,
  [`${MANAGER}/kstops.service`]: true,
  "/system.slice/kstops-ada.service": true,
  [`${MANAGER}/run-r1.scope`]: false,
  "/system.slice/cron.service": false,
  "/system.slice/kstopsy.service": false,
  "/": false,
};

for (const [group, wanted] of Object.entries(GROUPS)) {
  Deno.test(`a tmux server started in ${group} ${wanted ? "needs" : "needs no"} scope of its own`, () => {
    equal(needsScope(group), wanted);
  });
}
