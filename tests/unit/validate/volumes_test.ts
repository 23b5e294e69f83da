import { equal, throws } from "node:assert/strict";
import { MAX_VOLUMES } from "../../../src/model.ts";
import { validateVolumes } from "../../../src/validate/volumes.ts";

const ACCEPTED: Record<string, string> = {
  "an absolute source": "/srv/data:/data",
  "the root of the host": "/:/host",
  "a relative source": "./data:/data",
  "this directory": ".:/data",
  "a volume name": "cache_v-1.2:/cache",
  "a volume name of one character": "c:/cache",
  "a target alone": "/cache",
  "one option": "./data:/data:ro",
  "several options": "./data:/data:ro,Z,rslave",
  "two dots inside a segment": "./v1..2:/a..b/...",
  "a trailing slash": "./data/:/data/",
  "two slashes": "//srv//data://data",
  "spaces inside a path": "/my data:/the data",
  "characters that are special only to a shell": "/a;b|c&d:/$e",
  "letters that are not ASCII": "/données:/données",
  "the socket of docker": "/var/run/docker.sock:/var/run/docker.sock",
};

const REFUSED: Record<string, string> = {
  "empty": "",
  "a word": "data",
  "an empty source": ":/data",
  "an empty target": "/data:",
  "empty options": "/srv:/data:",
  "an empty option": "/srv:/data:ro,",
  "an unknown option": "/srv:/data:readonly",
  "an option in the wrong case": "/srv:/data:RO",
  "an option that is a property of every JavaScript object": "/srv:/data:constructor",
  "two lists of options": "/srv:/data:ro:z",
  "a relative target": "/srv:data",
  "a target of one dot": "/srv:.",
  "the root as target": "/srv:/",
  "the root as target, written longer": "/srv://./",
  "the root as target alone": "/",
  "a source above this directory": "../data:/data",
  "the parent directory as source": "..:/data",
  "a .. segment inside the source": "./a/../../etc:/data",
  "a .. segment at the end of the source": "/srv/..:/data",
  "a .. segment inside the target": "/srv:/data/../etc",
  "a .. segment in a target alone": "/data/..",
  "a home directory": "~/data:/data",
  "a variable": "${PWD}:/data",
  "a relative source without ./": "srv/data:/data",
  "a hidden directory without ./": ".data:/data",
  "a volume name with a leading dash": "-v:/data",
  "a volume name with a leading underscore": "_v:/data",
  "a volume name that is not ASCII": "caché:/data",
  "a Windows path": "C:\\data:/data",
  "a leading space": " /srv:/data",
  "a final newline": "/srv:/data\n",
  "a tab": "/srv\t:/data",
  "NUL": "/srv\0:/data",
  "a C1 control character": "/srv\x9b:/data",
  "half of a surrogate pair": "/srv\ud800:/data",
};

for (const [what, volume] of Object.entries(ACCEPTED)) {
  Deno.test(`validateVolumes() accepts ${what}`, () => {
    const list = [volume];
    equal(validateVolumes(list), list);
  });
}

for (const [what, volume] of Object.entries(REFUSED)) {
  Deno.test(`validateVolumes() refuses ${what}`, () => {
    throws(() => validateVolumes([volume]), { name: "SessionConfigError", code: "value_invalid" });
  });
}

const OPTIONS = [
  ..."ro rw z Z U nocopy cached delegated consistent exec noexec suid nosuid dev nodev".split(" "),
  ..."shared rshared slave rslave private rprivate O idmap".split(" "),
];

for (const option of OPTIONS) {
  Deno.test(`validateVolumes() accepts the option ${option}`, () => {
    validateVolumes([`/srv:/data:${option}`, `/srv:/data:rw,${option}`]);
  });
}

Deno.test("validateVolumes() accepts no volume and 20 volumes, and refuses 21", () => {
  validateVolumes([]);
  validateVolumes(Array(MAX_VOLUMES).fill("/data"));
  throws(() => validateVolumes(Array(MAX_VOLUMES + 1).fill("/data")), {
    code: "value_invalid",
    message: "Cannot use 21 volumes: at most 20 are allowed",
  });
});

const MESSAGES: Record<string, string> = {
  "~/a:/b": 'Cannot use "~/a:/b" as a volume: "~/a" is neither a path nor the name of a volume',
  "/a:b": 'Cannot use "/a:b" as a volume: its target "b" is not an absolute path',
  "/a:/": 'Cannot use "/a:/" as a volume: its target is the root of the container',
  "../a:/b": 'Cannot use "../a:/b" as a volume: "../a" has a ".." segment',
  "..:/b": 'Cannot use "..:/b" as a volume: ".." has a ".." segment',
  "/a:/b:rw,x": 'Cannot use "/a:/b:rw,x" as a volume: "x" is not an option',
  "a:b:c:d": 'Cannot use "a:b:c:d" as a volume: it has more than three parts',
};

for (const [volume, message] of Object.entries(MESSAGES)) {
  Deno.test(`validateVolumes() says: ${message}`, () => {
    throws(() => validateVolumes([volume]), { message });
  });
}

Deno.test("validateVolumes() tells which volume it refuses", () => {
  throws(() => validateVolumes(["/a:/b", "/c", "x"]), { details: { index: 2 } });
});

Deno.test("validateVolumes() refuses what is not a list of texts", () => {
  const refused: [unknown, string][] = [
    [undefined, "Cannot use undefined as volumes: it must be a list"],
    ["/a:/b", 'Cannot use "/a:/b" as volumes: it must be a list'],
    [{ length: 1, 0: "/a" }, "Cannot use an object as volumes: it must be a list"],
    [[null], "Cannot use null as a volume: it must be text"],
    [Array(1), "Cannot use undefined as a volume: it must be text"],
    [Array(4294967295), "Cannot use 4294967295 volumes: at most 20 are allowed"],
  ];
  for (const [list, message] of refused) {
    throws(() => validateVolumes(list as string[]), { code: "value_invalid", message });
  }
});
