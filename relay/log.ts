/** One line a message, for the person who runs the relay. */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
  /** The same log, with `subject` ("client 3", "nbd-server") in front of each message, and `fields` in its JSON objects. */
  child(subject: string, fields?: LogFields): Logger;
}

/** Who a line is about, for programs: a number that stays the same while its text does not. */
export interface LogFields {
  /** Of the wire. */
  readonly client?: number;
  /** Of the UNIX socket. */
  readonly socketClient?: number;
}

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export const LOG_FORMATS = ["text", "json"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** Longer messages are cut: some of their words come from guests. */
const LONGEST_MESSAGE = 1000;

export interface LogOptions {
  /** The least level that is written. */
  readonly level?: LogLevel;
  /** `text`: a line for a person. `json`: an object a line, `{time, level, client?, subject, message}`; unless given, text. */
  readonly format?: LogFormat;
  /** Takes whole lines; standard error by default. */
  readonly write?: (line: string) => void;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** Writes `12:34:56 info  client 3: leased 10.86.0.100`. Control characters are replaced, so that one message stays one line. */
export function createLogger(options: LogOptions = {}): Logger {
  const {
    level = "info",
    format = "text",
    write = (line) => void process.stderr.write(line),
    now = () => Date.now(),
  } = options;
  const least = LOG_LEVELS.indexOf(level);
  const make = (subject: string, fields: LogFields): Logger => {
    const at = (name: LogLevel) => {
      if (LOG_LEVELS.indexOf(name) < least) return () => {};
      return (message: string) => {
        write(`${FORMATS[format](new Date(now()), name, subject, message, fields)}\n`);
      };
    };
    return {
      debug: at("debug"),
      info: at("info"),
      warn: at("warn"),
      error: at("error"),
      child: (name, more) => make(subject === "" ? name : `${subject}: ${name}`, { ...fields, ...more }),
    };
  };
  return make("", {});
}

const FORMATS: Readonly<
  Record<
    LogFormat,
    (time: Date, level: LogLevel, subject: string, message: string, fields: LogFields) => string
  >
> = {
  text: (time, level, subject, message) =>
    `${time.toTimeString().slice(0, 8)} ${level.padEnd(5)} ${oneLine(subject === "" ? message : `${subject}: ${message}`)}`,
  json: (time, level, subject, message, fields) =>
    JSON.stringify({
      time: time.toISOString(),
      level,
      ...fields,
      ...(subject !== "" && { subject }),
      message: oneLine(message),
    }),
};

/** Says nothing. */
export const silentLogger: Logger = createLogger({ write: () => {} });

function oneLine(message: string): string {
  const line = message.replace(/\p{Cc}+/gu, " ");
  return line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE)}…` : line;
}
