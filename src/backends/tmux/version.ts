/** Which releases of tmux are enough. Pure. */

/** The oldest tmux that has all that is used here: `new-session -e` came last. */
export const OLDEST_TMUX = "3.2";

/** Whether a version such as `3.3a` or `next-3.4` is older than {@link OLDEST_TMUX}. */
export function isTooOld(version: string): boolean {
  const found = /^(?:next-)?(\d+)\.(\d+)/.exec(version.replace(/^tmux /, ""));
  if (found === null) return false;
  const [major, minor] = [Number(found[1]), Number(found[2])];
  return major < 3 || (major === 3 && minor < 2);
}
