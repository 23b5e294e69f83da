/** `kstops config schema`: the JSON Schema of config files, for editors. */
import { jsonSchema } from "../../../config/schema.ts";
import type { Reply } from "../../command.ts";

/** The schema, which is JSON with and without `--json`. */
export function schema(): Reply {
  const data = jsonSchema();
  return { data, text: () => `${JSON.stringify(data, null, 2)}\n` };
}
