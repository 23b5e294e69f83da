/** Names of container images. */
import {
  controlProblem,
  lengthProblem,
  type Problem,
  refusal,
  requireText,
  shorten,
  shown,
} from "./refusal.ts";
import { quote } from "../errors.ts";

/** Longest name of an image, tag and digest included, in code points. */
const MAX_IMAGE_LENGTH = 256;
/** Longest tag of an image, in code points. */
export const MAX_TAG_LENGTH = 128;

/** Hexadecimal digits of a digest, by algorithm (OCI image-spec descriptor.md; sha384 as docker has it). */
const DIGEST_DIGITS: ReadonlyMap<string, number> = new Map([
  ["sha256", 64],
  ["sha384", 96],
  ["sha512", 128],
]);

// The grammar of distribution/reference v0.6.0 regexp.go, applied part by part: to at most 256
// characters, and with patterns that match in only one way.
const LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?";
const DOMAIN = new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*|\\[[0-9A-Fa-f:]+\\])(?::[0-9]+)?$`);
const PATH_COMPONENT = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

const PATH_HINT = "use lower-case letters and digits, with single ., _, __ or - only between them";

/**
 * An image as the OCI reference grammar has it: `[domain[:port]/]path[:tag][@digest]`, at most 256
 * characters, the tag at most 128; digests are sha256, sha384 or sha512 in lower case.
 *
 * ```ts
 * validateImageName("localhost:5000/astro-bot:latest"); // the same
 * ```
 *
 * @returns the image, unchanged
 * @throws {SessionConfigError} `value_invalid`
 */
export function validateImageName(image: string): string {
  requireText(image, "an image");
  const problem = imageProblem(image);
  if (problem !== null) throw refusal(`${shown(image)} as an image`, problem);
  return image;
}

function imageProblem(image: string): Problem | null {
  if (image === "") return { reason: "it is empty", hint: "name an image, such as alpine:3" };
  const tooLong = lengthProblem(image, { limit: MAX_IMAGE_LENGTH });
  if (tooLong !== null) return { reason: tooLong, hint: "use a shorter name" };
  const control = controlProblem(image);
  if (control !== null) return control;
  if (image.startsWith("-")) {
    return { reason: "it starts with -, like a flag", hint: "name an image, such as alpine:3" };
  }
  if (image.includes("://")) {
    return { reason: 'it has "://"', hint: "write the image without a transport or URL scheme" };
  }

  const at = image.indexOf("@");
  if (at !== -1) {
    const problem = digestProblem(image.slice(at + 1));
    if (problem !== null) return problem;
  }
  const tagged = at === -1 ? image : image.slice(0, at);
  // A colon before the last slash belongs to the port of the registry.
  const colon = tagged.indexOf(":", tagged.lastIndexOf("/") + 1);
  if (colon !== -1) {
    const problem = tagProblem(tagged.slice(colon + 1));
    if (problem !== null) return problem;
  }
  return pathProblem(colon === -1 ? tagged : tagged.slice(0, colon));
}

function digestProblem(digest: string): Problem | null {
  const hint = "write sha256: and 64 lower-case hexadecimal digits after the @";
  const colon = digest.indexOf(":");
  const digits = DIGEST_DIGITS.get(digest.slice(0, Math.max(colon, 0)));
  if (digits === undefined) {
    const known = [...DIGEST_DIGITS.keys()].join(", ");
    return { reason: `the digest after @ is none of ${known}`, hint };
  }
  const hash = digest.slice(colon + 1);
  if (hash.length === digits && /^[0-9a-f]*$/.test(hash)) return null;
  return {
    reason: `the digest after @ does not have ${digits} lower-case hexadecimal digits`,
    hint,
  };
}

function tagProblem(tag: string): Problem | null {
  const hint = "a tag has letters, digits, _, . and -, and does not start with . or -";
  if (tag === "") return { reason: "the tag after : is empty", hint };
  const tooLong = lengthProblem(tag, { limit: MAX_TAG_LENGTH, subject: "its tag" });
  if (tooLong !== null) return { reason: tooLong, hint: "use a shorter tag" };
  if (!TAG.test(tag)) return { reason: `${quote(shorten(tag))} is not a tag`, hint };
  return null;
}

function pathProblem(path: string): Problem | null {
  const components = path.split("/");
  if (components.includes("")) {
    return { reason: "a part of its path is empty", hint: "write exactly one / between parts" };
  }
  const [first = ""] = components;
  const hasDomain = components.length > 1 && DOMAIN.test(first);
  const wrong = components.find((component, index) =>
    !(index === 0 && hasDomain) && !PATH_COMPONENT.test(component)
  );
  if (wrong === undefined) return null;
  const part = quote(shorten(wrong));
  if (/[A-Z]/.test(wrong) && PATH_COMPONENT.test(wrong.toLowerCase())) {
    return { reason: `${part} has upper-case letters`, hint: "write the path in lower case" };
  }
  if (wrong === first && components.length > 1) {
    return { reason: `${part} is neither a registry nor part of a path`, hint: PATH_HINT };
  }
  return { reason: `${part} cannot be part of its path`, hint: PATH_HINT };
}
