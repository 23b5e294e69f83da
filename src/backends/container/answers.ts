/** What docker's daemon answered of its containers, as facts. Pure. */
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

/** What the answers of docker's daemon come to. */
type Described =
  | { readonly containers: readonly Container[] }
  /** It does not tell; null: its answers are not whole. */
  | { readonly refusal: Failure | null };

/**
 * Reads what docker's daemon answered. A container that has gone since the list is missing; one that it
 * does not describe, or not so that it could be read, is there all the same.
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

/** Its name there; empty: it could not be understood. */
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

/** `{"message": "..."}`; what stands between us and the daemon has words of its own. */
function refusalIn({ status, body }: Response): Failure {
  try {
    return parseFailure(wordOf(fieldsOf(JSON.parse(body))["message"]));
  } catch {
    return { kind: "other", reason: `it answered with the HTTP status ${status}` };
  }
}
