/**
 * ukeyd: what a platform's page needs to work with the ukeyd agent on the person's computer.
 *
 * The page never sees a PIN and can't send one: the agent asks for it in a dialog of its own.
 */

/** What the agent can do. `check` is a dry run of `renew`. */
export type Kind = "check" | "renew" | "extend-seal" | "reset-pin" | "change-pin";

export type Language = "zh-CN" | "en";

/**
 * Codes that the SDK itself gives: for what stands between the page and the agent.
 *
 * | code | what happened |
 * | --- | --- |
 * | `insecure-page` | the page is not a secure context (http): browsers allow no local access there |
 * | `framed` | the page is inside a frame; see {@link UkeydOptions.allowFramed} |
 * | `permission-pending` | the browser asks "access other apps on this device?" and nobody has answered |
 * | `permission-denied` | the person, or the administrator, has forbidden it for this site |
 * | `blocked-by-csp` | the page's own Content-Security-Policy does not list the agent's addresses |
 * | `not-installed` | nothing answers: the agent is not installed or does not run |
 * | `too-old` | the agent speaks an older interface, or is older than {@link UkeydOptions.minVersion} |
 * | `foreign-program` | the agent was not found, and another program answers on one of its ports |
 * | `origin-refused` | the agent does not list this site |
 * | `agent-untrusted` | the browser does not trust the agent's certificate yet, so that the connection is plain http on this computer; never thrown, see {@link Ukeyd.notice} |
 * | `agent-lost` | the agent answered before and does not any more; an operation goes on without the page, see {@link Ukeyd.resume} |
 * | `closed` | {@link Ukeyd.close} was called, or the signal was aborted before the operation was started |
 */
export type SdkCode =
  | "insecure-page"
  | "framed"
  | "permission-pending"
  | "permission-denied"
  | "blocked-by-csp"
  | "not-installed"
  | "too-old"
  | "foreign-program"
  | "origin-refused"
  | "agent-untrusted"
  | "agent-lost"
  | "closed";

/**
 * Codes that come from the agent as they are, with the agent's own texts. These are the ones that a page
 * is likely to act on; all stand in docs/api/errors.md.
 */
export type AgentCode =
  | "pcsc-no-service"
  | "pcsc-no-permission"
  | "no-reader"
  | "no-key"
  | "several-keys"
  | "wrong-key"
  | "key-removed"
  | "pin-locked"
  | "prompt-cancelled"
  | "prompt-timeout"
  | "prompt-busy"
  | "page-gone"
  | "dialogs-paused"
  | "tickets-paused"
  | "operation-busy"
  | "operation-unknown"
  | "operation-too-late"
  | "operation-not-resumable"
  | "interrupted"
  | "cancelled"
  | "platform-unreachable"
  | "platform-timeout"
  | "ticket-used"
  | "ticket-expired"
  | "order-not-approved"
  | "renew-first"
  | "seal-already-extended"
  | "seal-missing"
  | "written-not-confirmed"
  /* any other */
  | (string & {});

/** RFC 9457, as the agent sends it; texts are in the language that was asked for. */
export interface Problem {
  code: AgentCode;
  title: string;
  detail?: string;
  remedy?: string;
  status?: number;
}

/** Everything that goes wrong is one of these. `message` is `title`. */
export class UkeydError extends Error {
  readonly name: "UkeydError";
  /** Stable. */
  readonly code: SdkCode | AgentCode;
  /** What happened, for the person. */
  readonly title: string;
  /** Facts for support, such as addresses that were tried; may be empty. */
  readonly detail: string;
  /** What the person can do; may be empty. */
  readonly remedy: string;
  /** The operation that ended this way, when there is one. */
  readonly operation?: Operation;
  /** The agent's {@link Problem}, or what the browser threw. */
  readonly cause?: unknown;
}

/** `GET /v1/status`. */
export interface Status {
  agent: "ukeyd";
  version: string;
  api: number;
  pcsc: "ok" | "no-reader" | "no-service" | "no-permission";
  /** How many keys are plugged in. */
  keys: number;
  busy: boolean;
}

export interface Certificate {
  container: string;
  usage: "sign" | "encrypt" | "both" | "ca" | "other";
  subject: string;
  common_name: string;
  organisation: string;
  serial: string;
  issuer: string;
  /** RFC 3339, UTC. */
  not_before: string;
  not_after: string;
  algorithm: string;
  sha256: string;
  due: "not-yet" | "now" | "expired" | "too-late" | "clock-wrong";
  expired: boolean;
  days_left: number;
  pem: string;
}

export interface Seal {
  file: string;
  id: string;
  name: string;
  version: 1 | 4 | 5;
  valid_from: string;
  valid_until: string;
  /** Whether it names the key's present signing certificate; false after a renewal until `extend-seal`. */
  bound: boolean;
  /** Bytes. */
  size: number;
}

/** A key that the agent can work with. */
export interface SupportedToken {
  supported: true;
  reader: string;
  serial: string;
  label: string;
  manufacturer: string;
  model: string;
  /** Its family. */
  driver: "gmt0017" | "piv";
  /** `default`: the PIN is an initial one; `max`, `left`: null where the key does not say. */
  pin: { max: number | null; left: number | null; default: boolean };
  certificates: Certificate[];
  seals: Seal[];
}

export interface UnsupportedToken {
  supported: false;
  reader: string;
  error: Problem;
}

export type Token = SupportedToken | UnsupportedToken;

export type OperationState =
  | "running"
  /** The agent's own dialog is open: tell the person to look for it. */
  | "waiting-user"
  | "waiting-platform"
  | "done"
  | "failed"
  | "cancelled"
  /** Written to the key, and the platform has not acknowledged yet. The agent keeps trying. */
  | "unconfirmed";

export interface CheckResult {
  due: Certificate["due"];
  days_left: number;
  not_after: string;
  tries_left: number | null;
  pin_default: boolean;
  /** These three with a ticket only. */
  approved?: boolean;
  key?: "keep" | "replace";
  new_not_after?: string;
  findings: Problem[];
}

export interface RenewResult {
  replaced: boolean;
  /** Why the key pair was kept though the platform wants a new one: "key-cannot-replace". */
  kept_reason: string | null;
  container: string;
  not_after: string;
  old_not_after: string;
  sign_serial: string;
  encrypt_serial: string;
}

export interface ExtendSealResult {
  file: string;
  old_not_after: string;
  not_after: string;
}

export interface PinResult {
  /** The PIN is still the initial one. */
  pin_default: boolean;
}

/** How long it took, in microseconds, and how many commands the key got. */
export interface Effort {
  key_commands: number;
  key_us: number;
  platform_us: number;
  user_us: number;
  total_us: number;
}

export interface Results {
  check: CheckResult & Effort;
  renew: RenewResult & Effort;
  "extend-seal": ExtendSealResult & Effort;
  "reset-pin": PinResult & Effort;
  "change-pin": PinResult & Effort;
}

export interface Operation<K extends Kind = Kind> {
  /** Unguessable; keep it to watch the operation again after a reload. */
  id: string;
  kind: K;
  title: string;
  state: OperationState;
  /** Grows with every change. */
  version: number;
  step: { name: string; index: number; count: number; title: string };
  /** Null as long as it isn't known. */
  token: { serial: string | null; holder: string | null };
  order: string | null;
  /** Whether {@link Ukeyd.cancel} would be heard now. */
  cancellable: boolean;
  /** Whether it failed on the way and can be gone on with, without a new ticket: {@link Ukeyd.resume}. */
  resumable?: boolean;
  /** Whether anything on the key was changed. */
  key_changed: boolean;
  created: string;
  updated: string;
  /** What the person reads at the end, e.g. 续费成功、请您进行CA签章延期! */
  message: string | null;
  error: Problem | null;
  result: Results[K] | null;
}

export type FinishedOperation<K extends Kind = Kind> = Operation<K> & {
  state: "done";
  error: null;
  result: Results[K];
};

export type AgentEvent =
  | { event: "token.inserted"; reader: string }
  | { event: "token.removed"; reader: string }
  | { event: "operation.changed"; operation: Operation }
  | { event: "status.changed"; status: Status };

/** What to show before the browser asks its question, in the SDK's language. */
export interface PermissionQuestion {
  title: string;
  text: string;
}

export interface Timeouts {
  /** Milliseconds for one address to answer when the browser asks nothing. Default 1500. */
  probe?: number;
  /** For the person to answer the browser's question. Default 60000. */
  permission?: number;
  /** For the agent to come back while an operation is watched. Default 60000. */
  lost?: number;
}

export interface UkeydOptions {
  /** Of all texts. Default `zh-CN`. */
  language?: Language;
  timeouts?: Timeouts;
  /** The oldest agent that the platform accepts, e.g. `"0.1.0"`. Default: any that speaks the interface. */
  minVersion?: string;
  /**
   * Work in a frame too. Then the page around must be known to be harmless (`frame-ancestors`), and the
   * frame needs `allow="loopback-network; local-network-access"`. Default false.
   */
  allowFramed?: boolean;
}

export interface WatchOptions<K extends Kind = Kind> {
  /** At every change of the operation, the first and the last included. */
  onprogress?: (operation: Operation<K>) => void;
  /**
   * Aborting asks the agent to cancel. The promise then rejects with what became of it: `cancelled`, or
   * it goes on when it was too late to cancel. Aborted before it was started: rejects with `closed`.
   */
  signal?: AbortSignal;
  /**
   * Don't reject with `written-not-confirmed`; wait until the platform has acknowledged, for hours if it
   * must be. For a page that wants to show how it ends. Default false.
   */
  untilConfirmed?: boolean;
}

export type RunOptions<K extends Kind = Kind> = WatchOptions<K> & {
  /** Serial of the key that is meant; needed when several are plugged in. */
  token?: string;
} & (K extends "renew" | "extend-seal" | "reset-pin"
    ? { /** One-time, from the platform. */ ticket: string }
    : K extends "check"
      ? { ticket?: string }
      : { ticket?: never });

export class Ukeyd {
  constructor(options?: UkeydOptions);

  /** May be changed at any time; counts for the next request. */
  language: Language;

  /**
   * Called before the first request when the browser is about to ask. When it returns a promise the SDK
   * waits for it, so that the page can have the person click first; when that rejects so does
   * {@link connect}. Take the hint away when connect() has settled.
   */
  onpermission?: ((question: PermissionQuestion) => void | Promise<void>) | null;

  /**
   * Set it before {@link connect} to hear of keys and of this site's operations. The SDK then keeps a
   * WebSocket open, and opens it again when it drops; each time it first gives a `status.changed`, so that
   * nothing is missed for long. Texts inside come in the browser's language; those of `onprogress` in the SDK's.
   */
  onevent?: ((event: AgentEvent) => void) | null;

  /** The agent's address in use, `https://127.0.0.1:27510`; null or undefined while there is none. */
  readonly address?: string | null;

  /**
   * Why the connection is plain http: `agent-untrusted` because the browser doesn't trust the agent's
   * certificate, `blocked-by-csp` because the page's policy lists the http addresses alone. Show it as a
   * hint, everything works. Null when the connection is https.
   */
  readonly notice?: UkeydError | null;

  /**
   * Finds the agent. Call it from a click: the browser may ask its question. Safe to call again: after a
   * failure, or to look again. Rejects with a {@link SdkCode}.
   */
  connect(): Promise<Status>;

  /** The same, for reading: all that follow connect when needed. */
  status(): Promise<Status>;

  /** Reads all plugged-in keys; takes seconds with slow ones. */
  tokens(): Promise<Token[]>;

  /**
   * Starts an operation and watches it to its end. Resolves when it is done; rejects with a
   * {@link UkeydError} when it failed, was cancelled, or was written and not confirmed.
   */
  run<K extends Kind>(
    kind: K,
    ...options: K extends "renew" | "extend-seal" | "reset-pin" ? [RunOptions<K>] : [RunOptions<K>?]
  ): Promise<FinishedOperation<K>>;

  /**
   * Goes on with an operation that this site started, e.g. before a reload: one that is `resumable` is taken up
   * again where it broke off, and the agent asks for the PIN anew; any other is watched. Ends like {@link run}.
   */
  resume<K extends Kind = Kind>(id: string, options?: WatchOptions<K>): Promise<FinishedOperation<K>>;

  /** This site's operations, newest first. */
  operations(): Promise<Operation[]>;

  /** Gives up an operation that is `resumable`, for good; one that is under way is cancelled. */
  abandon(id: string): Promise<Operation>;

  /** Asks the agent to stop an operation; rejects with `operation-too-late` when it no longer can. */
  cancel(id: string): Promise<Operation>;

  /**
   * For good: closes the WebSocket and rejects what is being watched with `closed`. Operations go on in the
   * agent.
   */
  close(): void;
}
