import { RateLimit } from "../net/rate-limit.ts";
import { LOG_LEVELS, type Logger, type LogLevel } from "./log.ts";

export const DEFAULT_LOG_LINES_PER_SECOND = 20;
export const DEFAULT_LOG_LINES_OF_ALL_PER_SECOND = 200;
/** When lines were left out and no other one follows, it is said after so long. */
const SAY_AFTER_MS = 1000;

export interface LogLimitCounters {
  /** Lines that were not written because there were too many. */
  leftOut: number;
}

export interface LogLimitOptions {
  readonly linesPerSecond: number;
  /** Of this log and all its children together. How many of one were left out is said besides. */
  readonly linesOfAllPerSecond: number;
  readonly counters: LogLimitCounters;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
}

/**
 * The same log for a source that others can make talk: so many lines a second, with as many at once, and then how many were
 * left out. Each child has a limit of its own, so that one client does not silence another; many of them share a wider one.
 */
export function limitLog(logger: Logger, options: LogLimitOptions): Logger {
  const { linesOfAllPerSecond, now = () => performance.now() } = options;
  return limitOne(logger, options, new RateLimit(linesOfAllPerSecond, linesOfAllPerSecond, now()));
}

function limitOne(logger: Logger, options: LogLimitOptions, ofAll: RateLimit): Logger {
  const { linesPerSecond, counters, now = () => performance.now() } = options;
  const rate = new RateLimit(linesPerSecond, linesPerSecond, now());
  let leftOut = 0;
  let worst: LogLevel = "debug";
  let timer: NodeJS.Timeout | undefined;

  const sayLeftOut = () => {
    clearTimeout(timer);
    timer = undefined;
    if (leftOut === 0) return;
    logger[worst](`and ${leftOut} more ${leftOut === 1 ? "line" : "lines"}`);
    leftOut = 0;
    worst = "debug";
  };
  const at = (level: LogLevel) => (message: string) => {
    if (rate.take(now()) && ofAll.take(now())) {
      sayLeftOut();
      logger[level](message);
      return;
    }
    leftOut++;
    counters.leftOut++;
    if (LOG_LEVELS.indexOf(level) > LOG_LEVELS.indexOf(worst)) worst = level;
    timer ??= setTimeout(sayLeftOut, SAY_AFTER_MS).unref();
  };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (subject, fields) => limitOne(logger.child(subject, fields), options, ofAll),
  };
}
