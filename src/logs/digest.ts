/** A short name for one of a few texts of our own: FNV-1a in 32 bits, as hexadecimal digits. */
export function nameOfText(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
  }
  return hash.toString(16).padStart(8, "0");
}

/** The first bytes of the SHA-256 of a text, as hexadecimal digits. */
export async function shortDigest(text: string, bytes: number): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(digest).subarray(0, bytes)]
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
