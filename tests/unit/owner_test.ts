import { deepEqual, equal } from "node:assert/strict";
import { NOBODY, type Owner } from "../../src/model.ts";
import {
  isAnothers,
  isNobodys,
  isSameOwner,
  isStrange,
  mayBeSame,
  NO_CONFIG,
  ownerName,
  ownerWords,
  selfOf,
} from "../../src/owner.ts";

const BOTS: Owner = { project: "bots", configFile: "/srv/bots/kstops.yml" };
const FILE: Owner = { project: null, configFile: "/srv/bots/kstops.yml" };
const ELSEWHERE: Owner = { project: "bots", configFile: "/home/me/kstops.yml" };
const SHOP: Owner = { project: "shop", configFile: "/srv/shop/kstops.yml" };

const PAIRS: Record<string, readonly [Owner, Owner, { same: boolean; others: boolean }]> = {
  "the same project and file": [BOTS, BOTS, { same: true, others: false }],
  "the same project in another file": [BOTS, ELSEWHERE, { same: true, others: false }],
  "the same file, which has got a project": [FILE, BOTS, { same: true, others: false }],
  "another project in another file": [BOTS, SHOP, { same: false, others: true }],
  "another file without a project": [FILE, SHOP, { same: false, others: true }],
  "nobody's": [NOBODY, BOTS, { same: false, others: false }],
};

for (const [what, [owner, config, { same, others }]] of Object.entries(PAIRS)) {
  Deno.test(`whose a session is of ${what}`, () => {
    equal(isSameOwner(owner, config), same);
    equal(isSameOwner(config, owner), same);
    equal(isAnothers(owner, config), others);
    equal(isStrange(owner, { ...config, isUsable: true }), others);
    equal(mayBeSame(owner, config), !others);
  });
}

Deno.test("without a config that can be used nothing is strange, and yet not mine", () => {
  equal(isStrange(SHOP, NO_CONFIG), false);
  const broken = { ...BOTS, isUsable: false };
  equal(isStrange(SHOP, broken), false);
  equal(isAnothers(SHOP, broken), true);
});

Deno.test("what is nobody's is not the same as anything, not even as what is nobody's", () => {
  deepEqual([isNobodys(NOBODY), isNobodys(FILE)], [true, false]);
  equal(isSameOwner(NOBODY, NOBODY), false);
});

Deno.test("a config is an owner by its project and its file, if it can be used", () => {
  const settings = { project: "bots" };
  const config = { realPath: "/srv/bots/kstops.yml", settings, problems: [] };
  deepEqual(selfOf(config), { ...BOTS, isUsable: true });
  deepEqual(selfOf({ ...config, problems: [{}] }), { ...BOTS, isUsable: false });
  deepEqual(selfOf({ realPath: null, settings: { project: null }, problems: [] }), NO_CONFIG);
});

Deno.test("an owner is told by project and file, and named by what a flag takes", () => {
  deepEqual([BOTS, FILE].map(ownerWords), [
    'project "bots" (/srv/bots/kstops.yml)',
    "/srv/bots/kstops.yml",
  ]);
  deepEqual([BOTS, FILE].map(ownerName), ["bots", "/srv/bots/kstops.yml"]);
});
