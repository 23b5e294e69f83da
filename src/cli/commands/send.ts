/** `kstops send NAME TEXT...`: type into the terminal of a session. */
import { isKey, sendEach } from "../../actions/send.ts";
import type { ReachRequest } from "../../actions/reach.ts";
import type { Typed } from "../../backends/backend.ts";
import { quote, UsageError } from "../../errors.ts";
import { changeTools } from "../caller.ts";
import type { Context, Reply } from "../command.ts";
import { reachMeant } from "../reached.ts";

/** Flags of `send`. */
interface SendFlags extends ReachRequest {
  readonly name: string;
  readonly text: readonly string[];
  readonly enter: boolean;
  readonly key?: readonly string[] | undefined;
  readonly stdin?: true | undefined;
}

/** Types a text, keys, or what standard input has. */
export async function send(context: Context, flags: SendFlags): Promise<Reply> {
  const typed = await typedBy(context, flags);
  const tools = await changeTools(context);
  return await reachMeant(context, flags, {
    verb: "send to",
    reach: (names, request) => sendEach(tools, names, { ...request, typed }),
  });
}

/** @throws {UsageError} `usage`: there is nothing to type, or more than one thing */
async function typedBy({ world }: Context, flags: SendFlags): Promise<Typed> {
  const { name, text, enter, key, stdin } = flags;
  const given = [text.length > 0, key !== undefined, stdin === true].filter(Boolean).length;
  const refuse = (reason: string, hint: string): never => {
    throw new UsageError(`Cannot send to ${quote(name)}: ${reason}`, { hint });
  };
  if (given === 0) {
    refuse("a text is missing", `kstops send ${name} TEXT, or --key KEY, or --stdin`);
  }
  if (given > 1) refuse("a text, --key and --stdin do not go together", "use one of them");
  if (key !== undefined) {
    const wrong = key.find((each) => !isKey(each));
    if (wrong !== undefined) {
      refuse(`${quote(wrong)} is no key`, "keys are such as Enter, Escape, Up, F5, C-c or M-x");
    }
    return { kind: "keys", keys: key };
  }
  if (!stdin) {
    const words = text.join(" ");
    if (words === "" && !enter) refuse("the text is empty", "leave out --no-enter to send Enter");
    return { kind: "text", text: `${words}${enter ? "\r" : ""}`, isPaste: false };
  }
  const block = textOf(await world.terminal.readIn());
  if (block === null) return refuse("standard input is no text in UTF-8", "send text");
  if (block === "") refuse("standard input is empty", "write a text to it");
  return { kind: "text", text: block, isPaste: true };
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
