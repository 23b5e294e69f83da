/**
 * kstops as a library: sessions in tmux and in containers, with the models, the errors and the pure
 * validators.
 *
 * Everything is asynchronous, nothing is printed, and what goes wrong is thrown as one of the error
 * classes below, whose base is {@link OpsError}.
 *
 * @example
 * ```ts
 * import { SessionExistsError, SessionManager } from "@kstops/kstops";
 *
 * const session = new SessionManager("bot", { backend: "tmux" });
 * try {
 *   await session.start("python app.py");
 * } catch (error) {
 *   if (error instanceof SessionExistsError) console.error("It is there already: stop it first");
 *   else throw error;
 * }
 * ```
 *
 * @module
 */
export type { AttachEnd } from "./backends/backend.ts";
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
  SessionNotRunningError,
  SessionStartError,
  SessionStopError,
  SessionWaitError,
  TmuxNotFoundError,
  toEnvelope,
  UsageError,
  WaitTimeoutError,
} from "./errors.ts";
export {
  autoDetectBackend,
  type FromConfigOptions,
  type ManagerOptions,
  SessionManager,
} from "./library/manager.ts";
export { openOperationStore, type OperationStoreOptions } from "./library/operations.ts";
export {
  ContainerRunner,
  type ContainerRunnerOptions,
  TmuxRunner,
  type TmuxRunnerOptions,
} from "./library/runners.ts";
export type { SessionConfig, SessionOptions } from "./library/session_config.ts";
export type {
  AttachSessionOptions,
  LogsOptions,
  Recorder,
  SendOptions,
  StopSessionOptions,
  Voice,
  WaitOptions,
} from "./library/work.ts";
export {
  BACKENDS,
  type BackendType,
  type ContainerDefinition,
  type Definition,
  type Engine,
  OPERATION_STATES,
  type OperationState,
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
export type { OperationEvent, OperationFilter } from "./operations/ledger.ts";
export type { Actor, Operation } from "./operations/machine.ts";
export type { SubscribeOptions } from "./operations/follow.ts";
export { OperationStore } from "./operations/store.ts";
export { splitCommand, validateCommand } from "./validate/command.ts";
export { validateEnv } from "./validate/env.ts";
export { validateImageName } from "./validate/image.ts";
export { validateSessionName } from "./validate/name.ts";
export { validatePorts } from "./validate/ports.ts";
export { validateSocketName } from "./validate/socket_name.ts";
export { validateVolumes } from "./validate/volumes.ts";
