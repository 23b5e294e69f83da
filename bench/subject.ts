/** A measured command and its comparison. */
import type { Step } from "./measure.ts";

/** A command to measure. */
export interface Subject {
  readonly command: string;
  readonly step: Step;
  readonly against: readonly Against[];
  /** The most child processes it may have; null: there is no target. */
  readonly children: number | null;
  /** A fixed wait in it, which is subtracted. */
  readonly waitMs?: number;
  /** Whether it is more than a call of kstops, so that only its time means something. */
  readonly onlyTime?: boolean;
  /** Whether its preparation takes so long that fewer pairs must do. */
  readonly slow?: true;
}

/** What it is compared with. */
export interface Against {
  readonly what: string;
  readonly step: Step;
  /** The highest allowed ratio; missing: no target. */
  readonly atMost?: number;
}
