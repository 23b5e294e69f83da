/** Expects failures. */
import { rejects } from "node:assert/strict";
import { OpsError } from "../../src/errors.ts";

/** The error of work that must fail, checked to be an error that kstops reports. */
export async function failure(work: Promise<unknown>): Promise<OpsError> {
  let error: unknown = null;
  await rejects(work.catch((thrown) => {
    error = thrown;
    throw thrown;
  }));
  if (!(error instanceof OpsError)) throw error;
  return error;
}
