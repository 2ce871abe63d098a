import fc from "fast-check";
import { expect, test } from "vitest";
import { askedLine, lineOf } from "./asked-line.ts";

const ENTRY = "initrd=boot/initrd root=overlay:nbd=10.86.0.1:kisroot console=ttyS0";
const LAYER = "rd.root.overlay.write=/dev/sda";

test("an entry's line as it is, or with more behind it, says no more than that", () => {
  expect(askedLine(ENTRY, ENTRY, false)).toEqual({ append: "" });
  expect(askedLine(ENTRY, `${ENTRY} rd.kiwi.debug`, false)).toEqual({ append: "rd.kiwi.debug" });
  expect(askedLine(ENTRY, `${ENTRY} ${LAYER}`, true)).toEqual({ append: "" });
  expect(askedLine(ENTRY, `${ENTRY} rd.kiwi.debug ${LAYER}`, true)).toEqual({ append: "rd.kiwi.debug" });
});

test("a line that was changed in its middle, or emptied, is given whole", () => {
  const changed = ENTRY.replace("ttyS0", "ttyS1");
  expect(askedLine(ENTRY, changed, false)).toEqual({ append: "", cmdline: changed });
  expect(askedLine(ENTRY, `${ENTRY}x`, false)).toEqual({ append: "", cmdline: `${ENTRY}x` });
  expect(askedLine(ENTRY, "", false)).toEqual({ append: "", cmdline: "" });
  // Its writes are to go to a disk, but somebody took the word out of the line.
  expect(askedLine(ENTRY, ENTRY, true)).toEqual({ append: "", cmdline: ENTRY });
});

test("whatever the line is: what is said of it makes it again", () => {
  const word = fc.constantFrom("a", "b=1", LAYER, " ", "  ", "\n");
  const line = fc.array(word, { maxLength: 6 }).map((words) => words.join(" "));
  fc.assert(
    fc.property(line, line, fc.boolean(), fc.boolean(), (entry, edited, behind, onDisk) => {
      const whole = behind ? `${entry} ${edited}` : edited;
      expect(lineOf(entry, askedLine(entry, whole, onDisk), onDisk)).toBe(whole.trim());
    }),
  );
});
