/** The public names, in reading order. */

export {
  READABLE,
  PRIORITY,
  WRITABLE,
  ERROR,
  HANGUP,
  INVALID,
  PEER_CLOSED,
  EDGE,
  ONESHOT,
  POLLIN,
  POLLPRI,
  POLLOUT,
  POLLERR,
  POLLHUP,
  POLLNVAL,
  POLLRDHUP,
  EPOLLIN,
  EPOLLPRI,
  EPOLLOUT,
  EPOLLERR,
  EPOLLHUP,
  EPOLLRDHUP,
  EPOLLET,
  EPOLLONESHOT,
  formatMask,
} from "./mask.ts";

export {
  AbortError,
  ERROR_CODES,
  IomuxError,
  IomuxRangeError,
  IomuxTypeError,
  type ErrorCode,
  type ErrorDetails,
} from "./errors.ts";
export { DEFAULT_LIMITS, type Limits } from "./limits.ts";

export {
  formatAddress,
  type Address,
  type CheckedAddress,
  type SocketAddress,
  type TcpAddress,
  type UnixAddress,
} from "./address.ts";
export type { Channel, Descriptor, DescriptorState, Listener, WriteOptions } from "./descriptor.ts";
export type { Handler, Registration } from "./registration.ts";
export type { Timer } from "./timers.ts";

export { createReactor } from "./node/create-reactor.ts";
export type { Reactor } from "./reactor.ts";
export type {
  ConnectorOptions,
  ListenerOptions,
  RawSource,
  ReactorOptions,
  ReactorStats,
  RegisterOptions,
} from "./reactor/options.ts";
export type { PollResult } from "./reactor/poll.ts";
export type { SelectResult } from "./reactor/select.ts";
export type { WaitOptions } from "./reactor/wait.ts";
export type { ErrorListener } from "./reactor/reporter.ts";
export type { Explanation, Reason } from "./reactor/explain.ts";
export type { CloseOptions, CloseResult, CutOff } from "./reactor/shutdown.ts";

export type { Clock } from "./clock.ts";
export type {
  Adopted,
  ConnectOptions,
  ListenOptions,
  ListenSink,
  ListenTransport,
  Network,
  NetworkCapabilities,
  Transport,
  TransportSink,
} from "./network.ts";
