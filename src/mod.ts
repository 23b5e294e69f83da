/**
 * kstops as a library: the models, the errors and the pure validators.
 *
 * @example
 * ```ts
 * import { SessionConfigError, splitCommand, validateSessionName } from "@kstops/kstops";
 *
 * try {
 *   validateSessionName("my bot");
 * } catch (error) {
 *   if (error instanceof SessionConfigError) console.error(error.message);
 * }
 * splitCommand(`python -c 'print("hi")'`); // ["python", "-c", 'print("hi")']
 * ```
 *
 * @module
 */
export {
  BackendNotFoundError,
  BackendUnavailableError,
  ContainerRuntimeNotFoundError,
  type ErrorCode,
  type ErrorEnvelope,
  type ErrorExtras,
  type ErrorKind,
  ERRORS,
  InputRequiredError,
  type Json,
  OperationAbandonedError,
  OperationNotFoundError,
  OperationRunningError,
  OpsError,
  SessionAmbiguousError,
  SessionAttachError,
  SessionConfigError,
  SessionError,
  type SessionErrorExtras,
  SessionExistsError,
  SessionNotFoundError,
  SessionStartError,
  SessionStopError,
  TmuxNotFoundError,
  toEnvelope,
  UsageError,
} from "./errors.ts";
export {
  BACKENDS,
  type BackendType,
  type ContainerDefinition,
  type Definition,
  type Engine,
  type PortBinding,
  type Runtime,
  RUNTIMES,
  SESSION_STATES,
  type SessionState,
  type SessionStatus,
  STOP_SIGNALS,
  type StopSignal,
  type TmuxDefinition,
} from "./model.ts";
export { splitCommand, validateCommand } from "./validate/command.ts";
export { validateEnv } from "./validate/env.ts";
export { validateImageName } from "./validate/image.ts";
export { validateSessionName } from "./validate/name.ts";
export { validatePorts } from "./validate/ports.ts";
export { validateSocketName } from "./validate/socket_name.ts";
export { validateVolumes } from "./validate/volumes.ts";
