/** Parses what docker's daemon answers about its containers. Pure. */
import { type Answers, idIn } from "./dial.ts";
import { type Failure, parseFailure } from "./failure.ts";
import {
  type Fields,
  fieldsOf,
  GarbledAnswerError,
  isRow,
  listOf,
  understood,
  wordOf,
} from "./fields.ts";
import { type Container, inspected, NO_ROW, unreadable } from "./parse.ts";
import { HTTP_OK, type Response } from "./responses.ts";

/** The result of the daemon's answers. */
type Described =
  | { readonly containers: readonly Container[] }
  /** The daemon refused; null: its answers are incomplete. */
  | { readonly refusal: Failure | null };

/**
 * Parses the answers of docker's daemon. A container that has gone since the list is missing; one
 * without a readable description is still listed.
 *
 * @throws {GarbledAnswerError}
 */
export function parseAnswers({ ids, responses }: Answers): Described {
  const [list, ...described] = responses;
  if (list === undefined) return { refusal: null };
  if (list.status !== HTTP_OK) return { refusal: refusalIn(list) };
  if (ids === null) throw new GarbledAnswerError();
  if (described.length !== ids.length) return { refusal: null };
  const rows = understood(() => listOf(JSON.parse(list.body)));
  const nameless = rows.filter((row) => idIn(row) === null);
  const containers = ids.flatMap((id, index): readonly Container[] => {
    const { status, body } = described[index] ?? list;
    if (status === HTTP_NOT_FOUND) return [];
    const name = nameIn(rows.find((row) => idIn(row) === id));
    if (status !== HTTP_OK) {
      return [unreadable({ id, name, reason: refusalIn({ status, body }).reason })];
    }
    const row = rowIn(body);
    return [row === null ? unreadable({ id, name, reason: NO_ROW }) : inspected(row)];
  });
  return {
    containers: [
      ...containers,
      ...nameless.map((row) => unreadable({ name: nameIn(row), reason: NO_ROW })),
    ],
  };
}

/** Its name in the list; empty: it cannot be understood. */
function nameIn(row: unknown): string {
  const names = isRow(row) ? fieldsOf(row)["Names"] : null;
  const name: unknown = Array.isArray(names) ? names[0] : null;
  return typeof name === "string" ? name.replace(/^\//, "") : "";
}

function rowIn(body: string): Fields | null {
  try {
    return understood(() => fieldsOf(JSON.parse(body)));
  } catch (error) {
    if (error instanceof GarbledAnswerError) return null;
    throw error;
  }
}

const HTTP_NOT_FOUND = 404;

/** `{"message": "..."}`; a proxy before the daemon has other words. */
function refusalIn({ status, body }: Response): Failure {
  try {
    return parseFailure(wordOf(fieldsOf(JSON.parse(body))["message"]));
  } catch {
    return { kind: "other", reason: `it answered with the HTTP status ${status}` };
  }
}
