import { describe, expect, it } from "vitest";
import type { MachineEvent } from "./interface.ts";
import { TextScreen } from "./text-screen.ts";

const GREY = 0xaaaaaa;
const BLACK = 0;

function write(screen: TextScreen, row: number, text: string): void {
  [...text].forEach((character, column) => {
    screen.put(row, column, character.charCodeAt(0), GREY, BLACK);
  });
}

function rowsOf(events: readonly MachineEvent[]): Record<number, string> {
  const rows: Record<number, string> = {};
  for (const event of events) {
    if (event.type !== "screen-rows") continue;
    for (const { row, characters } of event.rows) {
      rows[row] = String.fromCharCode(...characters).replace(/\0+$/, "");
    }
  }
  return rows;
}

describe("the text screen", () => {
  it("tells the rows that changed, once", () => {
    const screen = new TextScreen();
    write(screen, 3, "SeaBIOS");
    write(screen, 5, "Booting");
    expect(rowsOf(screen.takeChanges())).toEqual({ 3: "SeaBIOS", 5: "Booting" });
    expect(screen.changed).toBe(false);
    expect(screen.takeChanges()).toEqual([]);
  });

  it("does not tell a row that was written over with the same", () => {
    const screen = new TextScreen();
    write(screen, 0, "same");
    screen.takeChanges();
    write(screen, 0, "same");
    expect(screen.changed).toBe(false);
  });

  it("tells a change of colour", () => {
    const screen = new TextScreen();
    write(screen, 0, "x");
    screen.takeChanges();
    screen.put(0, 0, "x".charCodeAt(0), 0xff0000, 0x0000aa);
    const [event] = screen.takeChanges();
    expect(event).toMatchObject({ type: "screen-rows", rows: [{ row: 0 }] });
    if (event?.type === "screen-rows") {
      expect(event.rows[0]!.foreground[0]).toBe(0xff0000);
      expect(event.rows[0]!.background[0]).toBe(0x0000aa);
    }
  });

  it("hands over arrays that it does not write to again", () => {
    const screen = new TextScreen();
    write(screen, 0, "before");
    const before = screen.takeChanges();
    write(screen, 0, "after.");
    expect(rowsOf(before)).toEqual({ 0: "before" });
  });

  it("tells where the cursor is, and whether", () => {
    const screen = new TextScreen();
    screen.moveCursor(4, 2);
    screen.showCursor(false);
    expect(screen.takeChanges()).toEqual([{ type: "cursor", row: 4, column: 2, visible: false }]);
    screen.moveCursor(4, 2);
    expect(screen.changed).toBe(false);
  });

  it("begins anew when its size changes, and ignores what lies outside", () => {
    const screen = new TextScreen();
    write(screen, 0, "old");
    screen.resize(40, 12);
    screen.put(12, 0, 65, GREY, BLACK);
    screen.put(0, 40, 65, GREY, BLACK);
    const events = screen.takeChanges();
    expect(events[0]).toEqual({ type: "screen-size", columns: 40, rows: 12, graphical: false });
    expect(Object.values(rowsOf(events))).toEqual(Array(12).fill(""));
  });

  it("says when it turns graphical and when it turns back", () => {
    const screen = new TextScreen();
    screen.setMode(true);
    expect(screen.takeChanges()).toEqual([{ type: "screen-size", columns: 80, rows: 25, graphical: true }]);
    screen.setMode(false);
    expect(screen.takeChanges()[0]).toMatchObject({ type: "screen-size", graphical: false });
  });

  it("tells everything to an observer that comes late", () => {
    const screen = new TextScreen();
    write(screen, 1, "here");
    screen.takeChanges();
    const events = screen.takeAll();
    expect(events.map(({ type }) => type)).toEqual(["screen-size", "screen-rows", "cursor"]);
    expect(rowsOf(events)[1]).toBe("here");
    expect(Object.keys(rowsOf(events))).toHaveLength(25);
  });
});
