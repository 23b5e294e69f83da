/** Findings of `doctor` in the shape that tests compare. */
import type { Finding } from "../../src/model/finding.ts";

/** A finding as `LEVEL CHECK: MESSAGE`, with ` -> FIX` where there is one. */
export function told(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ check, level, message, fix }) =>
    `${level} ${check}: ${message}${fix === null ? "" : ` -> ${fix}`}`
  );
}
