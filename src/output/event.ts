/** What happened to sessions, as JSON and for people. */
import { escapeControls, type Json } from "../errors.ts";
import type { SessionEvent } from "../logs/events.ts";
import { time } from "../wire.ts";
import { type Colour, paint, type Screen } from "./screen.ts";

/** The JSON of an event. */
export function sessionEventToWire(event: SessionEvent): { [key: string]: Json } {
  const { session, run, execution, at, backend, engine, exitCode, signal, reason, late } = event;
  return {
    event: event.event,
    session,
    run,
    execution,
    at: time(at),
    backend,
    engine,
    exit_code: exitCode,
    signal,
    reason,
    late,
  };
}

/** An event as a line: `2026-01-02 03:04:05Z  astro  exited  exit code 3; starts again in 2 s`. */
export function sessionEventText(event: SessionEvent, screen: Screen): string {
  const { session, engine, execution, at } = event;
  const detail = detailOf(event);
  if (!screen.terminal) {
    const fields = [time(at), session, engine ?? "-", event.event, execution, detail ?? "-"];
    return `${fields.map((each) => escapeControls(String(each))).join("\t")}\n`;
  }
  const moment = `${at.toISOString().slice(0, 19).replace("T", " ")}Z`;
  const what = paint(event.event, COLOURS[event.event], screen);
  const more = detail === null ? "" : `  ${escapeControls(detail)}`;
  return `${paint(moment, "dim", screen)}  ${escapeControls(session)}  ${what}${more}\n`;
}

const COLOURS: Readonly<Record<SessionEvent["event"], Colour | null>> = {
  started: "green",
  exited: "yellow",
  restarted: "green",
  gave_up: "red",
  stopped: null,
};

function detailOf({ exitCode, signal, reason, late }: SessionEvent): string | null {
  const end = signal !== null
    ? `ended by ${signal}`
    : exitCode === null
    ? null
    : `exit code ${exitCode}`;
  const parts = [end, reason, late ? "told afterwards" : null].filter((each) => each !== null);
  return parts.length === 0 ? null : parts.join("; ");
}
