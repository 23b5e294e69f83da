/** Whose a directory must be that kstops writes into. Pure: {@link Files.claimDirectory} has the facts. */

/** The user who called sudo, from the variable `SUDO_UID`; null: nobody did, or it was root. */
export function sudoCaller(variable: string | undefined): number | null {
  return /^[1-9][0-9]*$/.test(variable ?? "") ? Number(variable) : null;
}

/** What is known of a directory that is missing. */
interface MissingDirectory {
  /** The user of this process; null where the system has none. */
  readonly ownUid: number | null;
  /** Who called sudo, as of {@link sudoCaller}. */
  readonly sudoUid: number | null;
  /** The owner of the nearest directory above that is there. */
  readonly aboveUid: number;
}

/**
 * Why a missing directory is not made; null where it may be. Under sudo none is made among the files of
 * the caller, who could not use it afterwards.
 */
export function whyNotMade({ ownUid, sudoUid, aboveUid }: MissingDirectory): string | null {
  return ownUid === 0 && aboveUid === sudoUid ? FOREIGN : null;
}

/** What is known of a directory that is there. */
interface Directory {
  /** The user of this process; null where the system has none. */
  readonly ownUid: number | null;
  /** The owners of the directory and of the link that leads to it. */
  readonly uids: readonly (number | null)[];
  /** Permission bits of the directory. */
  readonly mode: number;
}

/** Why a directory is not written into; null where it may be: it is this user's or root's. */
export function whyUnsafe({ ownUid, uids, mode }: Directory): string | null {
  const isForeign = ownUid !== null && uids.some((uid) => uid !== ownUid && uid !== 0);
  if (isForeign) return FOREIGN;
  return (mode & 0o002) === 0 ? null : "everybody may write there";
}

const FOREIGN = "it belongs to somebody else";
