/** What a program said that looked at a session. Pure. */

/** Why an exit code is no yes; null: it is one. */
export function whyNot(code: number): string | null {
  if (code === 0) return null;
  if (code === 127) return "its command was not found";
  if (code === 126) return "its command cannot be executed";
  return `its command ended with exit code ${code}`;
}

/** Why a program is no yes that had to be killed. */
export function whyLate(timeoutMs: number): string {
  return `its command did not end within ${Math.ceil(timeoutMs / 100) / 10} s`;
}
