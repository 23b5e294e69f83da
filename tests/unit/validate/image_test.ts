import { equal, throws } from "node:assert/strict";
import { MAX_TAG_LENGTH, validateImageName } from "../../../src/validate/image.ts";

const SHA256 = `sha256:${"0a".repeat(32)}`;

const ACCEPTED: Record<string, string> = {
  "a path alone": "alpine",
  "a tag": "python:3.10-slim",
  "a tag in upper case": "app:RC_1",
  "a tag of 128 characters": `app:${"t".repeat(MAX_TAG_LENGTH)}`,
  "a sha256 digest": `app@${SHA256}`,
  "a sha384 digest": `app@sha384:${"b".repeat(96)}`,
  "a sha512 digest": `app@sha512:${"c".repeat(128)}`,
  "a tag and a digest": `app:1@${SHA256}`,
  "a registry": "ghcr.io/owner/app:v1",
  "a registry with a port": "localhost:5000/app",
  "a registry in upper case": "GHCR.io/app",
  "a registry that is one word in upper case": "Registry/app",
  "a registry with an IPv4 address": "127.0.0.1:5000/app",
  "a registry with an IPv6 address": "[::1]:5000/app",
  "a registry with a dash inside a label": "my-registry.example.com/app",
  "a first path component that is no host name": "my_registry/app",
  "every separator inside a path": "a.b_c__d-e---f/g",
  "256 characters": `${"a/".repeat(127)}aa`,
  "what looks like a digest but is a path": "a".repeat(64),
};

const REFUSED: Record<string, string> = {
  "empty": "",
  "257 characters": `${"a/".repeat(128)}a`,
  "a flag": "-alpine",
  "upper case in the path": "Python",
  "upper case after the registry": "docker.io/Library/python",
  "an empty tag": "app:",
  "a tag of 129 characters": `app:${"t".repeat(MAX_TAG_LENGTH + 1)}`,
  "a tag that starts with a dot": "app:.1",
  "a tag that starts with a dash": "app:-1",
  "a plus in the tag": "app:1.0+build",
  "two tags": "app:1:2",
  "an empty digest": "app@",
  "an unknown digest algorithm": `app@md5:${"0".repeat(32)}`,
  "a digest algorithm in upper case": `app@SHA256:${"0".repeat(64)}`,
  "a digest that is a property of every JavaScript object": "app@constructor:0",
  "a digest without an algorithm": `app@${"0".repeat(64)}`,
  "a sha256 digest of 63 digits": `app@sha256:${"0".repeat(63)}`,
  "a sha256 digest of 65 digits": `app@sha256:${"0".repeat(65)}`,
  "a digest in upper case": `app@sha256:${"A".repeat(64)}`,
  "two digests": `app@${SHA256}@${SHA256}`,
  "a digest alone": `@${SHA256}`,
  "an absolute path": "/app",
  "a relative path": "./app",
  "a path upwards": "../../etc/passwd",
  "a trailing slash": "app/",
  "two slashes": "a//b",
  "three underscores": "a___b",
  "two separators of different kinds": "a-.b",
  "a leading separator": "_a",
  "a trailing separator": "a.",
  "a registry label that starts with a dash": "-a.example.com/app",
  "a registry label that ends with a dash": "a-.example.com/app",
  "an empty registry port": "localhost:/app",
  "a registry port that is no number": "localhost:x/app",
  "a registry without a path": "localhost:5000/",
  "a transport of podman": "docker://alpine",
  "an archive": "oci-archive:/tmp/a.tar",
  "a URL": "https://ghcr.io/app",
  "a user": "user@host/app",
  "a variable": "${IMAGE}",
  "a flag after the image": "alpine --privileged",
  "shell syntax": "alpine;reboot",
  "a final newline": "alpine:3\n",
  "NUL": "alpine\0",
  "letters that are not ASCII": "日本/app",
  "the long s, which a case-insensitive match takes for s": "app:te\u017ft",
};

for (const [what, image] of Object.entries(ACCEPTED)) {
  Deno.test(`validateImageName() accepts ${what}`, () => equal(validateImageName(image), image));
}

for (const [what, image] of Object.entries(REFUSED)) {
  Deno.test(`validateImageName() refuses ${what}`, () => {
    throws(() => validateImageName(image), { name: "SessionConfigError", code: "value_invalid" });
  });
}

const MESSAGES: Record<string, string> = {
  "Python": 'Cannot use "Python" as an image: "Python" has upper-case letters',
  "app:": 'Cannot use "app:" as an image: the tag after : is empty',
  "app:1+2": 'Cannot use "app:1+2" as an image: "1+2" is not a tag',
  "app@md5:0": 'Cannot use "app@md5:0" as an image: ' +
    "the digest after @ is none of sha256, sha384, sha512",
  "app@sha256:0": 'Cannot use "app@sha256:0" as an image: ' +
    "the digest after @ does not have 64 lower-case hexadecimal digits",
  "a//b": 'Cannot use "a//b" as an image: a part of its path is empty',
  "a b/c": 'Cannot use "a b/c" as an image: "a b" is neither a registry nor part of a path',
  "docker://x": 'Cannot use "docker://x" as an image: it has "://"',
  "x\t": 'Cannot use "x\\t" as an image: it has a tab',
};

for (const [image, message] of Object.entries(MESSAGES)) {
  Deno.test(`validateImageName() says: ${message}`, () => {
    throws(() => validateImageName(image), { message });
  });
}

Deno.test("validateImageName() refuses what is not text", () => {
  throws(() => validateImageName(3 as unknown as string), {
    code: "value_invalid",
    message: "Cannot use a number as an image: it must be text",
  });
});
