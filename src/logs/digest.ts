/** The first bytes of the SHA-256 of a text, as hexadecimal digits. */
export async function shortDigest(text: string, bytes: number): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(digest).subarray(0, bytes)]
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
