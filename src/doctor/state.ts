/** Findings about the state directory and about what was left behind. Pure. */
import { shellWord } from "../shell.ts";
import type { FileFacts } from "../world/world.ts";
import {
  type Answer,
  counted,
  type Finding,
  namesText,
  ok,
  skipped,
  wrong,
} from "../model/finding.ts";

/** The facts about the state directory; null: the environment names none. */
export type StateFacts = {
  /** Absolute path. */
  readonly path: string;
  /** The same without symbolic links; null when it does not exist. */
  readonly realPath: string | null;
  /** Null: it does not exist. */
  readonly facts: FileFacts | null;
  readonly uid: number | null;
  /** The result of writing and removing a file, in the directory or where it would be made. */
  readonly write: { readonly directory: string; readonly trouble: string | null };
  /** Null: there is no database yet. */
  readonly database: DatabaseFacts | null;
  /** Null: nothing is kept yet. */
  readonly logs: Answer<LogsFacts> | null;
  readonly space: Answer<SpaceFacts>;
  /** Null: its file system does not count inodes. */
  readonly inodes: Answer<SpaceFacts | null>;
} | null;

/** The facts about the recorded operations. */
export interface DatabaseFacts {
  readonly path: string;
  readonly bytes: number;
  /** Null: the examined part is sound. */
  readonly trouble: { readonly kind: "corrupt" | "other"; readonly reason: string } | null;
  /** Whether all of it was examined: that takes too long for a large one. */
  readonly isChecked: boolean;
  /** The IDs of operations that no process works on any more. */
  readonly abandoned: readonly string[];
}

/** The output that is kept. */
export interface LogsFacts {
  readonly bytes: number;
  readonly sessions: number;
}

/** A file system, in KiB or in inodes. */
export interface SpaceFacts {
  readonly total: number;
  readonly free: number;
  readonly mountPoint: string;
}

/** Findings about the directory, its content, and the room that is left. */
export function stateFindings(facts: StateFacts): readonly Finding[] {
  if (facts === null) {
    return [wrong("failure", "state.directory", {
      message: "neither KSTOPS_STATE_DIR nor HOME is set: no output and no operation can be kept",
      fix: "set HOME, or KSTOPS_STATE_DIR to a directory of your own",
      details: { path: null },
    })];
  }
  return [
    directoryFinding(facts),
    ...facts.database === null ? [] : databaseFindings(facts.database),
    ...facts.logs === null ? [] : [logsFinding(facts.logs)],
    spaceFinding(facts.space),
    inodesFinding(facts.inodes),
  ];
}

function directoryFinding(
  { path, realPath, facts, uid, write }: NonNullable<StateFacts>,
): Finding {
  const check = "state.directory";
  const details = {
    path,
    real_path: realPath,
    exists: facts !== null,
    mode: facts === null ? null : octal(facts.mode),
    uid: facts?.uid ?? null,
  };
  if (facts !== null && facts.kind !== "directory") {
    return wrong("failure", check, {
      message: `${path} is not a directory: no output and no operation can be kept`,
      fix: `run: mv ${shellWord(path)} ${shellWord(`${path}.old`)}`,
      details,
    });
  }
  if (write.trouble !== null) {
    return wrong("failure", check, {
      message: `${path} cannot be ${facts === null ? "made" : "written"}: ${write.trouble}`,
      fix: `set KSTOPS_STATE_DIR to a directory of your own, or make ${write.directory} one that ` +
        "you can write",
      details,
    });
  }
  if (facts === null) return ok(check, `${path} is not there yet, and can be made`, details);
  if (uid !== null && facts.uid !== uid) {
    return wrong("warning", check, {
      message: `${path} belongs to another user (uid ${facts.uid}), who can read what is kept`,
      fix: `run: sudo chown -R ${uid} ${shellWord(path)}`,
      details,
    });
  }
  if ((facts.mode & 0o077) !== 0) {
    const isOpen = (facts.mode & 0o002) !== 0;
    return wrong(isOpen ? "failure" : "warning", check, {
      message: `${path} is open to others (mode ${octal(facts.mode)})` +
        (isOpen ? ": operations are not recorded in it" : ""),
      fix: `run: chmod 700 ${shellWord(path)}`,
      details,
    });
  }
  const link = realPath === null || realPath === path ? "" : `, which is ${realPath}`;
  return ok(check, `${path}${link} can be written, by you alone`, details);
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

function databaseFindings(database: DatabaseFacts): readonly Finding[] {
  const { path, bytes, trouble, isChecked, abandoned } = database;
  const details = { path, bytes, checked: isChecked };
  const check = "state.operations";
  if (trouble !== null) {
    return [
      trouble.kind === "corrupt"
        ? wrong("warning", check, {
          message: `${path} is damaged: ${trouble.reason}`,
          fix:
            "nothing, unless you need its history: the next change moves it aside and begins a new one",
          details,
        })
        : wrong("failure", check, {
          message: `${path} cannot be used, so that no operation is recorded: ${trouble.reason}`,
          fix: `move it away: mv ${shellWord(path)} ${shellWord(`${path}.old`)}`,
          details,
        }),
    ];
  }
  const sound = isChecked ? "is sound" : "can be read";
  return [
    ok(check, `${path} ${sound} (${sizeText(bytes)})`, details),
    ...abandoned.length === 0 ? [] : [wrong("warning", "state.abandoned", {
      message: `${counted(abandoned.length, "operation")} ${
        abandoned.length === 1 ? "was" : "were"
      } abandoned by a kstops that is gone: ${namesText(abandoned)}`,
      fix: `see how far it came: kstops operations show ${abandoned[0]}; the next change ends it`,
      details: { operations: abandoned },
    })],
  ];
}

function logsFinding(logs: Answer<LogsFacts>): Finding {
  const check = "state.logs";
  if (logs.kind === "failed") {
    return skipped(check, `the amount of kept output is unknown: ${logs.reason}`);
  }
  const { bytes, sessions } = logs.value;
  return ok(check, `the output of ${counted(sessions, "session")} takes ${sizeText(bytes)}`, {
    bytes,
    sessions,
  });
}

/** Less is too little for anything. In KiB. */
const NO_SPACE = 10 * 1024;
/** Less will soon be used up. In KiB. */
const LITTLE_SPACE = 100 * 1024;
/** So much is enough, even if it is a small part of the disk. In KiB. */
const MUCH_SPACE = 5 * 1024 * 1024;
/** A smaller part is little, unless it is `MUCH_SPACE`. */
const LITTLE_PART = 0.05;

function spaceFinding(space: Answer<SpaceFacts>): Finding {
  const check = "state.disk";
  if (space.kind === "failed") {
    return skipped(check, `the free space of the disk is unknown: ${space.reason}`);
  }
  const { total, free, mountPoint } = space.value;
  const details = { mount_point: mountPoint, free_bytes: free * 1024, total_bytes: total * 1024 };
  const message = `${sizeText(free * 1024)} of ${sizeText(total * 1024)} are free on ${mountPoint}`;
  const isLittle = free < LITTLE_SPACE || (free < LITTLE_PART * total && free < MUCH_SPACE);
  if (!isLittle) return ok(check, message, details);
  return wrong(free < NO_SPACE ? "failure" : "warning", check, {
    message,
    fix: "make room there: output and operations cannot be kept on a full disk",
    details,
  });
}

/** Fewer are too few for anything. */
const NO_INODES = 100;

function inodesFinding(inodes: Answer<SpaceFacts | null>): Finding {
  const check = "state.inodes";
  if (inodes.kind === "failed" || inodes.value === null) {
    const reason = inodes.kind === "failed" ? inodes.reason : "its file system does not count them";
    return skipped(check, `the number of free inodes is unknown: ${reason}`);
  }
  const { total, free, mountPoint } = inodes.value;
  const details = { mount_point: mountPoint, free, total };
  const message = `${free} of ${total} inodes are free on ${mountPoint}`;
  if (free >= LITTLE_PART * total) return ok(check, message, details);
  return wrong(free < NO_INODES ? "failure" : "warning", check, {
    message,
    fix: "remove files there: each one takes an inode, however small it is",
    details,
  });
}

/** `1.5 MiB`. */
function sizeText(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  let [size, unit] = [bytes, 0];
  while (size >= 1024 && unit < units.length - 1) [size, unit] = [size / 1024, unit + 1];
  const digits = unit > 0 && size < 10 ? 1 : 0;
  return `${size.toFixed(digits)} ${units[unit]}`;
}

/**
 * What `df -P` prints about a file system, in its units; null: no numbers, as for one that does not
 * count inodes.
 */
export function spaceIn(text: string): SpaceFacts | null {
  const line = text.trim().split("\n").at(-1) ?? "";
  // The names of device and mount point may contain blanks.
  const found = /\s(\d+)\s+(\d+)\s+(-?\d+)\s+(?:\d+%|-)\s+(\/.*)$/.exec(line);
  if (found === null) return null;
  const [, total = "", , free = "", mountPoint = ""] = found;
  return Number(total) === 0
    ? null
    : { total: Number(total), free: Math.max(0, Number(free)), mountPoint };
}
