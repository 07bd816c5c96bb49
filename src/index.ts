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
export type {
  Channel,
  Datagram,
  Descriptor,
  DescriptorState,
  Listener,
  Message,
  Messages,
  ReceivedDatagram,
  Signals,
  WriteOptions,
} from "./descriptor.ts";
export type { DatagramAddress, DatagramSource, IpFamily } from "./datagram-address.ts";
export type { BindOptions } from "./datagram-options.ts";
export type { SignalName } from "./signal-names.ts";
export type { Handler, Registration } from "./registration.ts";
export type { Timer } from "./timers.ts";

export {
  DIAGNOSTICS_NAMES,
  type DescriptorMessage,
  type DiagnosticsMessages,
  type DiagnosticsName,
  type DropMessage,
  type OverflowMessage,
  type RefuseMessage,
  type SlowHandlerMessage,
  type SpinningHandlerMessage,
} from "./diagnostics.ts";

export { createReactor } from "./node/create-reactor.ts";
export { createTlsContext } from "./node/tls-context.ts";
export type {
  ConnectTlsOptions,
  Handshake,
  HandshakeEnd,
  Pem,
  Securer,
  StartTlsOptions,
  TlsClientOptions,
  TlsContext,
  TlsIdentity,
  TlsInfo,
  TlsServerOptions,
} from "./tls.ts";
export type { Reactor } from "./reactor.ts";
export type {
  BinderOptions,
  ConnectorOptions,
  ListenerOptions,
  RawSource,
  RawStream,
  ReactorOptions,
  RegisterOptions,
} from "./reactor/options.ts";
export type { ReactorStats } from "./reactor/stats.ts";
export type { PollResult } from "./reactor/poll.ts";
export type { Turn, TurnWatcher } from "./reactor/turn-watchers.ts";
export type { SelectResult } from "./reactor/select.ts";
export type { WaitOptions } from "./reactor/wait.ts";
export type { ErrorListener } from "./reactor/reporter.ts";
export type { Explanation, Reason } from "./reactor/explain.ts";
export type { CloseOptions, CloseResult, CutOff } from "./reactor/shutdown.ts";

export { CLOSE_REASONS, type CloseReason, type TimeUp } from "./server/close-reason.ts";
export { serve } from "./server/serve.ts";
export { connect, type ConnectionToOptions } from "./server/connect.ts";
export { ConnectionClosedError } from "./server/connection-errors.ts";
export type {
  AsyncConnection,
  AsyncSendOptions,
  AsyncServer,
  AsyncTlsOptions,
  EachOptions,
  ReadLineOptions,
} from "./server/async-connection.ts";
export { broadcast, type BroadcastOptions } from "./server/broadcast.ts";
export type { Server, ServerCloseResult, ServerStats } from "./server/server.ts";
export type {
  AnyConnection,
  Connection,
  ConnectionState,
  ConnectionTlsOptions,
  InputFilter,
  SendOptions,
} from "./server/connection.ts";
export {
  DEFAULT_SERVER_LIMITS,
  OUTPUT_POLICIES,
  type BlockList,
  type Callbacks,
  type ConnectionOptions,
  type OutputPolicy,
  type ServeAddress,
  type ServeOptions,
  type ServerLimits,
  type TurnedAway,
} from "./server/options.ts";
export { FrameInput } from "./server/frame-input.ts";
export {
  FrameError,
  nextFrame,
  RefusedFrame,
  type FrameErrorCode,
  type Framer,
} from "./server/framer.ts";
export { delimited, type DelimitedOptions, type OverLong } from "./server/delimited.ts";
export { lines, type LinesOptions } from "./server/lines.ts";
export { fixed } from "./server/fixed.ts";
export {
  lengthPrefixed,
  type LengthPrefixed,
  type LengthPrefixedOptions,
} from "./server/length-prefixed.ts";
export { raw } from "./server/raw.ts";
export { TokenBucket, type TokenBucketOptions } from "./server/token-bucket.ts";

export {
  calcsize,
  iterUnpack,
  pack,
  packInto,
  struct,
  unpack,
  unpackFrom,
  type Struct,
} from "./bytes/struct.ts";
export { StructError, type StructErrorCode, type StructErrorPlace } from "./bytes/struct-error.ts";
export type { Packed, StructFormat, StructValue, Unpacked } from "./bytes/struct-types.ts";

export type { Clock } from "./clock.ts";
export type {
  Adopted,
  ConnectOptions,
  DatagramSink,
  DatagramTransport,
  ListenOptions,
  ListenSink,
  ListenTransport,
  MessageSink,
  MessageTransport,
  Network,
  NetworkCapabilities,
  Severable,
  Transport,
  TransportSink,
} from "./network.ts";
