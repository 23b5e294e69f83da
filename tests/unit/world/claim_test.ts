import { deepEqual, equal } from "node:assert/strict";
import { sudoCaller, whyNotMade, whyUnsafe } from "../../../src/world/claim.ts";

const FOREIGN = "it belongs to somebody else";

Deno.test("a missing directory is made, but not by root among the files of who called sudo", () => {
  equal(whyNotMade({ ownUid: 1000, sudoUid: null, aboveUid: 1000 }), null);
  equal(whyNotMade({ ownUid: 0, sudoUid: null, aboveUid: 1000 }), null);
  equal(whyNotMade({ ownUid: 0, sudoUid: 1000, aboveUid: 0 }), null);
  equal(whyNotMade({ ownUid: 0, sudoUid: 1000, aboveUid: 1000 }), FOREIGN);
  // Somebody who became an ordinary user by sudo works with files of their own.
  equal(whyNotMade({ ownUid: 1001, sudoUid: 1000, aboveUid: 1000 }), null);
});

Deno.test("who calls sudo as root, or as nobody knows who, is not somebody else", () => {
  const callers = [undefined, "", "0", "x", "-1", "1000"].map(sudoCaller);
  deepEqual(callers, [null, null, null, null, null, 1000]);
});

Deno.test("a directory is written into where it, and the link to it, are the user's or root's", () => {
  equal(whyUnsafe({ ownUid: 1000, uids: [1000, 1000], mode: 0o700 }), null);
  equal(whyUnsafe({ ownUid: 1000, uids: [0, 1000], mode: 0o755 }), null);
  equal(whyUnsafe({ ownUid: 1000, uids: [1001, 1000], mode: 0o700 }), FOREIGN);
  equal(whyUnsafe({ ownUid: 0, uids: [0, 1000], mode: 0o700 }), FOREIGN);
  equal(whyUnsafe({ ownUid: 1000, uids: [1000, 1000], mode: 0o1777 }), "everybody may write there");
  equal(whyUnsafe({ ownUid: null, uids: [null, 0], mode: 0o700 }), null);
});
