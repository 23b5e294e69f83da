/** Errors of one of several sessions. Pure. */
import { OpsError, quote } from "../errors.ts";

/**
 * An error of one of several sessions, which says whose it is, in its message and its details. One that
 * says so itself stays what it is, but for its details.
 */
export function aboutSession(
  error: OpsError,
  { verb, name }: { readonly verb: string; readonly name: string },
): OpsError {
  const { code, hint, message } = error;
  const isNamed = message.includes(quote(name));
  const extras = { hint, details: { session: name, ...error.details }, cause: error };
  if (isNamed) return new OpsError(code, message, extras);
  const reason = message.charAt(0).toLowerCase() + message.slice(1);
  return new OpsError(code, `Cannot ${verb} ${quote(name)}: ${reason}`, extras);
}
