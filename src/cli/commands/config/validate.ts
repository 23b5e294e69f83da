/** `kstops config validate`: everything that is wrong with the config. */
import { problemReport, problemToWire } from "../../../config/config.ts";
import { configInvalid } from "../../../config/problems.ts";
import { validateConfig } from "../../../config/validate.ts";
import { escapeControls } from "../../../errors.ts";
import type { Context, Reply } from "../../command.ts";
import { requireConfig } from "./path.ts";

/** Reports the mistakes, or that there are none. */
export async function validate(context: Context): Promise<Reply> {
  const config = await requireConfig(context, "validate the config");
  const { problems, warnings } = await validateConfig(context.world, config);
  for (const warning of context.json ? [] : warnings) {
    context.write(`kstops: warning: ${problemReport(warning)}\n`);
  }
  if (problems.length > 0) throw configInvalid("use the config", problems);
  const { path, files, sessions } = config;
  return {
    data: {
      path,
      files,
      sessions: [...sessions.keys()],
      problems: [],
      warnings: warnings.map(problemToWire),
    },
    text: () => {
      const many = sessions.size === 1 ? "1 session" : `${sessions.size} sessions`;
      const said = warnings.length === 0
        ? ""
        : warnings.length === 1
        ? ", 1 warning"
        : `, ${warnings.length} warnings`;
      return `${escapeControls(path)}: ${many}, no mistakes${said}\n`;
    },
  };
}
