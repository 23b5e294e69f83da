/** Replays the transcripts of this directory that need tmux only. */
import { transcripts, transcriptTest } from "../support/transcripts.ts";

for (const name of transcripts({ containers: false })) transcriptTest(name);
