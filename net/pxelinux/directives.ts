import type { ConfigBuilder } from "./builder.ts";
import { type Directive, NOTHING_INSTEAD, ofLabel } from "./directive.ts";
import { type Remark, slip, unused } from "./draft.ts";
import { BOOT_KEYWORDS } from "./image-kind.ts";
import { type ConfigLine, splitWord } from "./line.ts";
import { menuDirective } from "./menu-directives.ts";
import { readDecimal, readMask } from "./number.ts";

const MS_PER_TENTH = 100;

/** The keywords of syslinux.cfg, but INCLUDE, TEXT and ENDTEXT, which reach over more than their own line. */
export const DIRECTIVES: ReadonlyMap<string, Directive> = new Map<string, Directive>([
  ["LABEL", label],
  ...BOOT_KEYWORDS.map((keyword): [string, Directive] => [
    keyword,
    ofLabel((draft, at) => {
      const { argument } = at;
      if (argument === "" && keyword !== "LOCALBOOT") return slip("it names no file");
      draft.boot = { keyword, argument, at };
      return undefined;
    }),
  ]),
  [
    "INITRD",
    ofLabel((draft, at) => {
      if (at.argument === "") return slip("it names no file");
      draft.initrd = at.argument;
      draft.initrdAt = at;
      return undefined;
    }),
  ],
  ["APPEND", append],
  ["IPAPPEND", sysAppend],
  ["SYSAPPEND", sysAppend],
  ["DEFAULT", commandLine((builder, line) => Object.assign(builder.globals, { default: line }))],
  ["UI", commandLine((builder, line) => Object.assign(builder.globals, { ui: line }))],
  ["TIMEOUT", timeout],
  [
    "TOTALTIMEOUT",
    (builder, line) => decimal(line, (tenths) => setTime(builder.globals, "totalTimeoutMs", tenths)),
  ],
  [
    "ONTIMEOUT",
    commandLine(({ globals, menu }, { argument }) => {
      globals.onTimeout = argument;
      menu.onTimeout = argument;
    }),
  ],
  [
    "ONERROR",
    kept(
      commandLine(({ globals }, { argument }) => Object.assign(globals, { onError: argument })),
      NOTHING_INSTEAD,
    ),
  ],
  ["PROMPT", flag("prompt")],
  ["NOESCAPE", kept(flag("noEscape"), "no key held down changes what is started here")],
  ["ALLOWOPTIONS", flag("allowOptions")],
  ["IMPLICIT", flag("implicit")],
  [
    "SAY",
    ({ globals }, { argument }) => {
      globals.say.push(argument);
      return undefined;
    },
  ],
  [
    "DISPLAY",
    ({ globals }, { argument }) => {
      const { word } = splitWord(argument);
      if (word === "") return slip("it names no file");
      globals.display.push(word);
      return unused("text files are not shown here");
    },
  ],
  ...Array.from({ length: 13 }, (_, key): [string, Directive] => [
    `F${key}`,
    ({ globals }, { argument }) => {
      const { word } = splitWord(argument);
      if (word === "") return slip("it names no file");
      globals.helpFiles.set(key === 0 ? 10 : key, word);
      return unused("text files are not shown here");
    },
  ]),
  ["MENU", menuDirective],
  ["ENDTEXT", () => slip("there is no TEXT before it")],
  ...(
    [
      ["SERIAL", "the menu is not shown on a serial line here"],
      ["CONSOLE", "there is no screen of PXELINUX to switch off here"],
      ["FONT", "the menu is not drawn with fonts of its own here"],
      ["KBDMAP", "the keys are those of the browser here"],
      ["NOHALT", "there is no processor to keep awake here"],
      ["NOCOMPLETE", "there is no prompt to complete labels at"],
      ["PATH", "no modules are loaded here"],
      ["SENDCOOKIES", "no cookies are sent here"],
      ["PXERETRY", "there is no PXE stack to ask again here"],
    ] as const
  ).map(([keyword, why]): [string, Directive] => [keyword, () => unused(why)]),
]);

function label(builder: ConfigBuilder, line: ConfigLine): Remark {
  const { word, rest } = splitWord(line.argument);
  builder.beginLabel(word, line);
  return rest === "" ? undefined : slip(`a label is one word: it is ${word}`);
}

function append(builder: ConfigBuilder, line: ConfigLine): Remark {
  if (builder.label === undefined) {
    builder.append = line.argument;
    return undefined;
  }
  builder.label.append = line.argument;
  builder.label.initrdAt = line;
  builder.label.lines.push(line);
  return undefined;
}

function sysAppend(builder: ConfigBuilder, line: ConfigLine): Remark {
  const { value, whole } = readMask(line.argument);
  if (builder.label === undefined) builder.sysAppend = value;
  else {
    builder.label.sysAppend = value;
    builder.label.lines.push(line);
  }
  return whole ? undefined : notANumber(value);
}

/** The menu's own, and the prompt's. */
function timeout(builder: ConfigBuilder, line: ConfigLine): Remark {
  return decimal(line, (tenths) => {
    setTime(builder.menu, "timeoutMs", tenths);
    setTime(builder.globals, "promptTimeoutMs", tenths);
  });
}

/** 0 is no time-out at all. */
function setTime<Key extends string>(target: { [key in Key]?: number }, key: Key, tenths: number): void {
  if (tenths > 0) target[key] = (tenths * MS_PER_TENTH) as (typeof target)[Key];
  else delete target[key];
}

function flag(name: "prompt" | "noEscape" | "allowOptions" | "implicit"): Directive {
  return ({ globals }, line) =>
    decimal(line, (value) => {
      globals[name] = value !== 0;
    });
}

/** What is kept of a line for whoever wants it, and acted on by nobody here. */
function kept(act: Directive, why: string): Directive {
  return (builder, line) => act(builder, line) ?? unused(why);
}

function commandLine(take: (builder: ConfigBuilder, line: ConfigLine) => void): Directive {
  return (builder, line) => {
    if (line.argument === "") return slip("it names nothing to run");
    take(builder, line);
    return undefined;
  };
}

function decimal(line: ConfigLine, take: (value: number) => void): Remark {
  const { value, whole } = readDecimal(line.argument);
  take(value);
  return whole ? undefined : notANumber(value);
}

function notANumber(value: number): Remark {
  return slip(`its value is no number; PXELINUX takes it for ${value}`);
}
