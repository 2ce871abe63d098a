import type { ConfigBuilder } from "./builder.ts";
import { type Directive, NO_LABEL, NOTHING_INSTEAD, ofLabel, ofShownLabel } from "./directive.ts";
import { type Remark, slip, unused } from "./draft.ts";
import { type ConfigLine, splitKeyword, splitWord } from "./line.ts";
import { readDecimal } from "./number.ts";

/** What stands behind the second word of a MENU line. */
type MenuDirective = (builder: ConfigBuilder, line: ConfigLine, argument: string) => Remark;

const LOOKS = "it lays out PXELINUX's own screen, and this menu has another one";
const NO_PASSWORD = "this menu asks for no password: whoever can read it can read this file";

/** The words behind MENU (menu.txt), but INCLUDE, which reads another file. */
const MENU_DIRECTIVES: ReadonlyMap<string, MenuDirective> = new Map<string, MenuDirective>([
  ["LABEL", label],
  [
    "TITLE",
    (builder, _line, argument) => {
      builder.menu.title = argument;
      return undefined;
    },
  ],
  [
    "DEFAULT",
    (builder, line) => {
      const { label, menu, parent } = builder;
      if (label !== undefined) {
        label.isDefault = true;
        label.lines.push(line);
      } else if (parent !== undefined) parent.defaultItem = menu.parentItem;
      else return slip(NO_LABEL);
      return undefined;
    },
  ],
  ["HIDE", simple((draft) => (draft.hidden = true))],
  ["DISABLE", disable],
  ["DISABLED", disable],
  ["INDENT", indent],
  ["SEPARATOR", (builder) => void builder.addSeparator()],
  ["BEGIN", (builder, line, argument) => void builder.beginMenu(argument, line)],
  ["END", (builder) => (builder.endMenu() ? undefined : slip("there is no MENU BEGIN before it"))],
  [
    "GOTO",
    (builder, line, tag) =>
      ofLabel((draft) => {
        draft.menuAction = { kind: "goto-tag", tag, at: line };
        return undefined;
      })(builder, line),
  ],
  ["EXIT", exit],
  ["QUIT", simple((draft) => (draft.menuAction = { kind: "quit" }))],
  [
    "HELP",
    (builder, line, argument) =>
      ofLabel((draft) => {
        const { word } = splitWord(argument);
        if (word === "") return slip("it names no file");
        draft.menuAction = { kind: "help", file: word };
        return undefined;
      })(builder, line),
  ],
  [
    "START",
    (builder) => {
      builder.startMenu = builder.menuIndex;
      return undefined;
    },
  ],
  [
    "HIDDEN",
    ({ globals }) => {
      globals.menuHidden = true;
      return unused("the menu is always in sight here");
    },
  ],
  [
    "SHIFTKEY",
    ({ globals }) => {
      globals.menuShiftKey = true;
      return undefined;
    },
  ],
  [
    "ONERROR",
    ({ globals }, _line, argument) => {
      globals.onError = argument;
      return unused(NOTHING_INSTEAD);
    },
  ],
  ["PASSWD", password],
  [
    "MASTER",
    (_builder, _line, argument) =>
      splitKeyword(argument).keyword === "PASSWD"
        ? unused(NO_PASSWORD)
        : slip("MENU MASTER is followed by PASSWD"),
  ],
  ...["SAVE", "NOSAVE"].map((word): [string, MenuDirective] => [
    word,
    () => unused("a choice is not kept for the next boot"),
  ]),
  ...["IMMEDIATE", "NOIMMEDIATE", "HIDDENKEY"].map((word): [string, MenuDirective] => [
    word,
    () => unused("a key selects an entry here, and does not boot it"),
  ]),
  ...(
    "CLEAR RESOLUTION BACKGROUND COLOR COLOUR MSGCOLOR MSGCOLOUR AUTOBOOT TABMSG NOTABMSG PASSPROMPT " +
    "WIDTH MARGIN PASSWORDMARGIN PASSWDMARGIN ROWS TABMSGROW CMDLINEROW ENDROW PASSWORDROW PASSWDROW TIMEOUTROW " +
    "HELPMSGROW HELPMSGENDROW HIDDENROW HSHIFT VSHIFT"
  )
    .split(" ")
    .map((word): [string, MenuDirective] => [word, () => unused(LOOKS)]),
]);

export const menuDirective: Directive = (builder, line) => {
  const { keyword, argument } = splitKeyword(line.argument);
  const directive = MENU_DIRECTIVES.get(keyword);
  if (directive !== undefined) return directive(builder, line, argument);
  return slip(keyword === "" ? "there is nothing behind MENU" : `there is no MENU ${keyword}`);
};

function label(builder: ConfigBuilder, line: ConfigLine, argument: string): Remark {
  if (builder.label === undefined && builder.parent !== undefined) {
    builder.labelMenu(argument);
    return undefined;
  }
  return ofShownLabel((draft) => {
    draft.title = argument;
    return undefined;
  })(builder, line);
}

/** Outside a label it means the submenu's own line. */
function password(builder: ConfigBuilder, _line: ConfigLine, argument: string): Remark {
  if (builder.label !== undefined) builder.label.password = argument;
  else if (builder.parent !== undefined) builder.menu.password = argument;
  else return slip(NO_LABEL);
  return unused(NO_PASSWORD);
}

function disable(builder: ConfigBuilder, line: ConfigLine): Remark {
  return ofShownLabel((draft) => {
    draft.disabled = true;
    return undefined;
  })(builder, line);
}

function indent(builder: ConfigBuilder, line: ConfigLine, argument: string): Remark {
  return ofShownLabel((draft) => {
    const { value, whole } = readDecimal(argument);
    if (!whole || value < 0 || value > MOST_INDENT)
      return slip(`it takes a number of blanks from 0 to ${MOST_INDENT}`);
    draft.indent = value;
    return undefined;
  })(builder, line);
}

const MOST_INDENT = 80;

/** Without a tag it leads to the menu above, with one to the menu of that name. */
function exit(builder: ConfigBuilder, line: ConfigLine, tag: string): Remark {
  const { label, menu } = builder;
  if (label === undefined) return slip(NO_LABEL);
  if (menu.parent === undefined) return slip("there is no submenu to leave");
  label.menuAction = tag === "" ? { kind: "goto", menu: menu.parent } : { kind: "goto-tag", tag, at: line };
  label.lines.push(line);
  return undefined;
}

function simple(act: (draft: NonNullable<ConfigBuilder["label"]>) => void): MenuDirective {
  return (builder, line) =>
    ofLabel((draft) => {
      act(draft);
      return undefined;
    })(builder, line);
}
