// The numbers of the NBD protocol. Sections are those of "The NBD protocol" (doc/proto.md of the nbd project).

/** The port that IANA assigned; nbd-client's and kiwi-overlay's default. */
export const NBD_PORT = 10809;

// "Newstyle negotiation"
export const NBD_MAGIC = 0x4e42444d41474943n; // "NBDMAGIC"
export const OPTION_MAGIC = 0x49484156454f5054n; // "IHAVEOPT"
export const OPTION_REPLY_MAGIC = 0x0003e889045565a9n;
export const REQUEST_MAGIC = 0x25609513;
export const SIMPLE_REPLY_MAGIC = 0x67446698;

/** "Handshake flags", sent by the server in 16 bits and answered by the client in 32. */
export const HandshakeFlag = { fixedNewstyle: 1, noZeroes: 2 } as const;

/** "Transmission flags" */
export const TransmissionFlag = {
  hasFlags: 1 << 0,
  readOnly: 1 << 1,
  sendFlush: 1 << 2,
  sendFua: 1 << 3,
  canMultiConn: 1 << 8,
} as const;

/** "Option types" */
export const Option = {
  exportName: 1,
  abort: 2,
  list: 3,
  startTls: 5,
  info: 6,
  go: 7,
  structuredReply: 8,
} as const;

/** "Option reply types"; errors have bit 31 set. */
export const OptionReply = {
  ack: 1,
  server: 2,
  info: 3,
  errUnsupported: 0x80000001,
  errPolicy: 0x80000002,
  errInvalid: 0x80000003,
  errUnknown: 0x80000006,
  errTooBig: 0x80000009,
} as const;

/** "NBD_INFO" types of an info reply. */
export const Info = { export: 0, name: 1, description: 2, blockSize: 3 } as const;

/** "Request types" */
export const Command = {
  read: 0,
  write: 1,
  disconnect: 2,
  flush: 3,
  trim: 4,
  cache: 5,
  writeZeroes: 6,
} as const;

/** "Command flags" */
export const CommandFlag = { fua: 1 } as const;

/** "Error values": the errno numbers that a reply may carry. */
export const NbdError = {
  EPERM: 1,
  EIO: 5,
  ENOMEM: 12,
  EINVAL: 22,
  ENOSPC: 28,
  EOVERFLOW: 75,
  ENOTSUP: 95,
  ESHUTDOWN: 108,
} as const;

/** An export name has at most this many bytes ("Values"). */
export const MAX_NAME_BYTES = 4096;
/** The largest option that we read; what is longer is refused and skipped. */
export const MAX_OPTION_BYTES = 16 * 1024;
/** The largest payload of a request: the default maximum block size ("Block size constraints"). */
export const MAX_PAYLOAD_BYTES = 32 * 1024 * 1024;
