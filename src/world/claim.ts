/**
 * Who may own a directory that kstops writes into. Pure: {@link Files.claimDirectory} has the
 * facts.
 */

/**
 * The user who called sudo, from the variable `SUDO_UID`; null: there was no sudo, or root called
 * it.
 */
export function sudoCaller(variable: string | undefined): number | null {
  return /^[1-9][0-9]*$/.test(variable ?? "") ? Number(variable) : null;
}

/** The facts about a missing directory. */
interface MissingDirectory {
  /** The user of this process; null when the system has no users. */
  readonly ownUid: number | null;
  /** The caller of sudo, see {@link sudoCaller}. */
  readonly sudoUid: number | null;
  /** The owner of the nearest existing directory above. */
  readonly aboveUid: number;
}

/**
 * Why a missing directory must not be made, or null. Under sudo none is made among the files of the
 * caller, who could not use it afterwards.
 */
export function whyNotMade({ ownUid, sudoUid, aboveUid }: MissingDirectory): string | null {
  return ownUid === 0 && aboveUid === sudoUid ? FOREIGN : null;
}

/** The facts about an existing directory. */
interface Directory {
  /** The user of this process; null when the system has no users. */
  readonly ownUid: number | null;
  /** The owners of the directory and of the link that leads to it. */
  readonly uids: readonly (number | null)[];
  /** Permission bits of the directory. */
  readonly mode: number;
}

/** Why kstops must not write into a directory; null when it may, since this user or root owns it. */
export function whyUnsafe({ ownUid, uids, mode }: Directory): string | null {
  const isForeign = ownUid !== null && uids.some((uid) => uid !== ownUid && uid !== 0);
  if (isForeign) return FOREIGN;
  return (mode & 0o002) === 0 ? null : "everybody may write there";
}

const FOREIGN = "it belongs to somebody else";
