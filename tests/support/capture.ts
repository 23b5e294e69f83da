import { type Capture, CAPTURE_PROGRAM, captureParameters } from "../../src/logs/capture.ts";

/** The shell script that keeps the output of one run, as tmux gives it to a shell. */
export function captureScript(capture: Capture): string {
  return captureParameters(capture) + CAPTURE_PROGRAM;
}
