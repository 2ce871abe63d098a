import type { ConfigBuilder } from "./builder.ts";
import { type LabelDraft, type Remark, slip } from "./draft.ts";
import type { ConfigLine } from "./line.ts";

/** Acts on a line, or says why it has no effect. */
export type Directive = (builder: ConfigBuilder, line: ConfigLine) => Remark;

export const NO_LABEL = "there is no LABEL before it";
export const NOTHING_INSTEAD = "a file that is missing is said here, and nothing is started instead";

/** A directive that is nothing without a label before it. */
export function ofLabel(act: (draft: LabelDraft, line: ConfigLine) => Remark): Directive {
  return ({ label }, line) => {
    if (label === undefined) return slip(NO_LABEL);
    const remark = act(label, line);
    if (remark === undefined) label.lines.push(line);
    return remark;
  };
}

/** The same for what a disabled entry has as well: it is seen, though it cannot be chosen. */
export function ofShownLabel(act: (draft: LabelDraft, line: ConfigLine) => Remark): Directive {
  return ({ label }, line) => {
    if (label === undefined) return slip(NO_LABEL);
    const remark = act(label, line);
    if (remark === undefined) label.shown.push(line);
    return remark;
  };
}
