import type { MacAddress } from "../ethernet/mac.ts";
import type { Ipv4Address } from "../ipv4/address.ts";
import type { tftpErrorCode } from "./message.ts";

/** An open file, to be read from its beginning to its end. */
export interface TftpFile {
  readonly sizeBytes: number;
  /** Resolves with `length` bytes from `offset`; with fewer where the file has become shorter. They are not written to later. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Never rejects. */
  close(): Promise<void>;
}

/** Why a file is not sent. */
export interface TftpRefusal {
  readonly code: (typeof tftpErrorCode)[keyof typeof tftpErrorCode];
  /** A sentence for whoever reads the client's screen. */
  readonly message: string;
}

/** Who asks for a file. */
export interface TftpClient {
  readonly address: Ipv4Address;
  readonly mac: MacAddress;
}

/** Opens the file that a client names; the path is as the client wrote it. Never rejects. */
export type TftpOpen = (path: string, client: TftpClient) => Promise<TftpFile | TftpRefusal>;
