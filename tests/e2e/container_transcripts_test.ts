/** Replays the transcripts of this directory that are about containers, on podman and on docker. */
import { RUNTIMES } from "../../src/model.ts";
import { transcripts, transcriptTest } from "../support/transcripts.ts";

for (const name of transcripts({ containers: true })) {
  for (const runtime of RUNTIMES) transcriptTest(name, runtime);
}
