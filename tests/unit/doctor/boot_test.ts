import { deepEqual } from "node:assert/strict";
import { type BootFacts, bootFindings } from "../../../src/doctor/boot.ts";
import { told } from "../../support/told.ts";

type Enabled = NonNullable<BootFacts["enabled"]>;

const UNIT = "/home/ada/.config/systemd/user/kstops.service";
const ENABLED: Enabled = {
  where: UNIT,
  whose: "ours",
  config: "/srv/kstops.yml",
  program: "/usr/local/bin/kstops",
  isExecutable: true,
  lostDirectories: [],
  stopSeconds: 20,
  isCurrent: true,
  isActive: true,
};
const FACTS: BootFacts = {
  manager: "systemd-user",
  enabled: ENABLED,
  user: "ada",
  linger: true,
  config: "/srv/kstops.yml",
  longestStop: 10,
  lostPrograms: [],
  needed: [],
  starts: ["web"],
  names: [],
  cronRuns: null,
};
const enabled = (more: Partial<Enabled>) => ({ enabled: { ...ENABLED, ...more } });

const CASES: Readonly<Record<string, { facts: Partial<BootFacts>; says: string }>> = {
  "nothing": {
    facts: { enabled: null },
    says: "skipped boot.enabled: nothing starts the sessions when the machine boots -> " +
      "run: kstops boot enable",
  },
  "that all is well": {
    facts: {},
    says: `ok boot.enabled: ${UNIT} starts the sessions of /srv/kstops.yml`,
  },
  "a file that was edited": {
    facts: enabled({ whose: "edited" }),
    says: `warning boot.enabled: ${UNIT} was edited: kstops neither changes nor removes it -> ` +
      "remove it yourself, then enable the boot again",
  },
  "another config": {
    facts: enabled({ config: "/srv/other.yml" }),
    says: `warning boot.enabled: ${UNIT} starts the sessions of /srv/other.yml, not of ` +
      "/srv/kstops.yml -> run: kstops boot enable: then those of this config; or include the other " +
      "one in it",
  },
  "what is out of date": {
    facts: enabled({ isCurrent: false }),
    says: `warning boot.enabled: ${UNIT} says something else than it would say now -> ` +
      "run: kstops boot enable",
  },
  "an executable that is gone": {
    facts: enabled({ isExecutable: false }),
    says: "failure boot.executable: /usr/local/bin/kstops is gone, or cannot be executed -> " +
      "run: kstops boot enable",
  },
  "a PATH that no longer fits": {
    facts: enabled({ lostDirectories: ["/home/ada/.nvm/v20/bin"] }),
    says: "warning boot.path: its PATH has directories that are gone: /home/ada/.nvm/v20/bin -> " +
      "run: kstops boot enable",
  },
  "a program that the PATH does not have": {
    facts: { lostPrograms: [{ name: "web", program: "node" }] },
    says: `failure boot.program: "web" would not start: "node" is not in the PATH of ${UNIT} -> ` +
      "run: kstops boot enable, with a PATH that has it; or give its whole path in the config",
  },
  "a variable that will not be there": {
    facts: { needed: [{ name: "web", variables: ["TOKEN"] }] },
    says:
      'failure boot.environment: "web" needs TOKEN of your environment -> put them into a file, ' +
      "and name that with env_file",
  },
  "a user who does not linger": {
    facts: { linger: false },
    says: "failure boot.linger: ada does not linger: the sessions start only at a login -> " +
      "run: loginctl enable-linger ada",
  },
  "a unit that was stopped": {
    facts: enabled({ isActive: false }),
    says: `warning boot.active: ${UNIT} is not active: nobody would ask the sessions to end at a ` +
      "shutdown -> run: systemctl --user start kstops.service",
  },
  "a unit that gives too little time": {
    facts: { longestStop: 60 },
    says: "warning boot.time: the sessions may take 60 s to end, and the unit gives 20 s -> " +
      "run: kstops boot enable",
  },
  "more time than a user's manager gives": {
    facts: { longestStop: 120 },
    says:
      "warning boot.time: the sessions may take 120 s to end, and the service manager of a user " +
      "gives 110 s at most -> lower stop_timeout, or run: kstops boot disable, then: kstops boot " +
      "enable --system",
  },
  "a cron that does not run": {
    facts: { manager: "crontab", cronRuns: false },
    says: "failure boot.cron: cron does not run, so it starts nothing -> install cron, or start it",
  },
  "that nothing would start": {
    facts: { starts: [] },
    says:
      "warning boot.sessions: no session would start: none has a restart policy -> give sessions " +
      "restart: unless-stopped, or name them: kstops boot enable NAME",
  },
};

for (const [what, { facts, says }] of Object.entries(CASES)) {
  Deno.test(`the status of the boot sees ${what}`, () => {
    const found = told(bootFindings({ ...FACTS, ...facts }));
    deepEqual(found.filter((each) => each === says), [says], found.join("\n"));
  });
}
