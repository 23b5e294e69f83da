/** A short walk, with each command and each event where it meets something: `deno task walk` is the long one. */
import { deepEqual, equal } from "node:assert/strict";
import { aloneOnEngines, ignoreWithoutEngines } from "../support/engines.ts";
import { ignoreWithoutTmux } from "../support/tmux.ts";
import { proveWalk } from "./walk.ts";
import {
  type Command,
  type Event,
  EVENTS,
  flagsOf,
  type Meaning,
  planSteps,
  type Session,
  type Step,
  stepWords,
  type Verb,
  VERBS,
} from "./walk_plan.ts";

const run = (verb: Verb, session: Session, more: Partial<Command> = {}): Step => ({
  kind: "command",
  session,
  verb,
  flags: null,
  killAfterMs: null,
  isTwice: false,
  ...more,
});
const edit = (session: Session, meaning: Meaning): Step => ({ kind: "edit", session, meaning });
const behind = (event: Event, session: Session): Step => ({ kind: "event", session, event });

const PLAN: readonly Step[] = [
  // Once through all places, by edits of the config and by flags.
  run("start", "plain"),
  edit("plain", "docker"),
  run("start", "plain"),
  run("restart", "plain"),
  run("start", "plain", { flags: "tmux:bots" }),
  run("stop", "plain", { flags: "podman" }),
  edit("plain", "podman"),
  run("restart", "plain", { isTwice: true }),
  edit("plain", "tmux:bots"),
  run("restart", "plain"),
  run("logs --previous", "plain"),
  run("stop", "plain"),
  run("logs", "plain"),
  // Renamed, it is the same one.
  run("start", "family", { flags: "docker" }),
  behind("rename", "family"),
  run("start", "family", { flags: "tmux" }),
  run("restart", "family", { flags: "docker" }),
  edit("family", "container"),
  run("restart", "family"),
  behind("remove", "family"),
  run("why", "family"),
  run("start", "family", { flags: "tmux" }),
  behind("kill program", "family"),
  run("start", "family"),
  run("stop --keep", "family"),
  behind("engine's own start", "family"),
  run("status", "family"),
  behind("engine's own stop", "family"),
  run("start", "family", { flags: "tmux:bots" }),
  // It outlives its terminal, and is not started a second time anywhere.
  run("start", "stubborn"),
  behind("kill pane", "stubborn"),
  edit("stubborn", "docker"),
  run("start", "stubborn"),
  run("restart", "stubborn"),
  run("stop --force", "stubborn"),
  run("start", "stubborn", { flags: "tmux" }),
  behind("kill server", "stubborn"),
  run("start", "stubborn", { flags: "podman" }),
  // More output than is kept.
  run("start", "chatty", { flags: "docker" }),
  run("restart", "chatty", { killAfterMs: 400 }),
  run("list", "chatty"),
];

Deno.test({
  name: "a session is one and the same, wherever and whatever is done to it",
  ignore: Deno.build.os !== "linux" || ignoreWithoutTmux() || ignoreWithoutEngines(),
  fn: () =>
    aloneOnEngines(async () => {
      const { faults, summary, story } = await proveWalk({
        plan: PLAN,
        title: "the test",
        minutes: 20,
        image: Deno.env.get("KSTOPS_TEST_IMAGE") ?? "",
        say: () => {},
      });
      equal(String(faults), "", `${story.join("\n")}\n${summary}`);
    }),
});

Deno.test("the short walk has every command and every event", () => {
  const verbs = PLAN.flatMap((step) => step.kind === "command" ? step.verb : []);
  const events = PLAN.flatMap((step) => step.kind === "event" ? step.event : []);
  deepEqual(new Set(verbs), new Set(VERBS));
  deepEqual(new Set(events), new Set(EVENTS));
});

Deno.test("a seed of the walk is a list of steps, always the same one", () => {
  deepEqual(planSteps(7, 50), planSteps(7, 50));
  deepEqual(planSteps(7, 50).slice(0, 20), planSteps(7, 20));
  equal(JSON.stringify(planSteps(7, 50)) === JSON.stringify(planSteps(8, 50)), false);
  const steps = planSteps(1, 500);
  const events = steps.flatMap((step) => step.kind === "event" ? step.event : []);
  const verbs = steps.flatMap((step) => step.kind === "command" ? step.verb : []);
  deepEqual(new Set(events), new Set(EVENTS));
  deepEqual(new Set(verbs), new Set(VERBS));
});

Deno.test("a step of the walk is told as it would be typed", () => {
  equal(
    stepWords(run("stop", "plain", { flags: "tmux:bots", isTwice: true })),
    "kstops stop plain --backend tmux --socket bots, twice at once",
  );
  equal(
    stepWords(run("start", "plain", { flags: "docker", killAfterMs: 7 })),
    "kstops start plain --backend container --runtime docker, killed after 7 ms",
  );
  equal(stepWords(run("list", "plain")), "kstops list");
  equal(stepWords(edit("plain", "podman")), "the config means podman for plain");
  equal(stepWords(behind("rename", "plain")), "rename of plain");
  deepEqual(flagsOf("container"), ["--backend", "container"]);
  deepEqual(flagsOf(null), []);
});
