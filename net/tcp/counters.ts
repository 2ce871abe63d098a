/** What an endpoint has done since it was made: plain numbers that only grow, but for the two that say what is open now. */
export interface TcpCounters {
  segmentsIn: number;
  segmentsOut: number;
  /** Payload octets handed to streams. */
  octetsIn: number;
  /** Payload octets sent, retransmissions included. */
  octetsOut: number;
  /** Segments sent again, whatever the reason. */
  retransmits: number;
  /** Times that duplicate acknowledgments led to a recovery (RFC 5681, RFC 6675). */
  fastRetransmits: number;
  /** Times that the retransmission timer expired. */
  retransmissionTimeouts: number;
  zeroWindowProbes: number;
  keepaliveProbes: number;
  challengeAcks: number;
  outOfOrder: number;
  resetsIn: number;
  resetsOut: number;
  flowsOpened: number;
  flowsOpen: number;
  flowsInTimeWait: number;
  /** Opens given up because they had not succeeded in time. */
  handshakeTimeouts: number;
  /** Flows reset because nothing went through them. */
  idleTimeouts: number;
  /** SYNs answered with a RST because a bound on flows was reached. */
  flowsRefused: number;
  /** SYNs and other segments to a port where nobody listens and no flow is. */
  unknownFlows: number;
  /** Streams reset because their writer ignored the high-water mark. */
  sendQueueOverflows: number;
  dropped: {
    /** The header or an option of it is cut short. */
    malformed: number;
    checksum: number;
    /** Outside of the window, or old by its timestamp (PAWS). */
    unacceptable: number;
    /** Acknowledges what was never sent, or nothing at all. */
    badAcknowledgment: number;
    /** No timestamp although they were agreed on (RFC 7323, section 3.2). */
    noTimestamp: number;
    /** Half-open flows given up to make room for another: a SYN flood. */
    halfOpenFull: number;
    outOfOrderFull: number;
    timeWaitFull: number;
    reentrantFull: number;
  };
}

export function createCounters(): TcpCounters {
  return {
    segmentsIn: 0,
    segmentsOut: 0,
    octetsIn: 0,
    octetsOut: 0,
    retransmits: 0,
    fastRetransmits: 0,
    retransmissionTimeouts: 0,
    zeroWindowProbes: 0,
    keepaliveProbes: 0,
    challengeAcks: 0,
    outOfOrder: 0,
    resetsIn: 0,
    resetsOut: 0,
    flowsOpened: 0,
    flowsOpen: 0,
    flowsInTimeWait: 0,
    handshakeTimeouts: 0,
    idleTimeouts: 0,
    flowsRefused: 0,
    unknownFlows: 0,
    sendQueueOverflows: 0,
    dropped: {
      malformed: 0,
      checksum: 0,
      unacceptable: 0,
      badAcknowledgment: 0,
      noTimestamp: 0,
      halfOpenFull: 0,
      outOfOrderFull: 0,
      timeWaitFull: 0,
      reentrantFull: 0,
    },
  };
}
