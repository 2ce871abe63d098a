import type { MachineState } from "./machine/machine-state.ts";

/**
 * `window.netroot`: a small handle for tests and for pages that embed this one. The terminal draws its text where a script
 * cannot read it; this can.
 */
export interface NetrootHandle {
  /** The serial console's text since power-on, escape sequences included; the newest 2 Mi characters. */
  consoleText(): string;
  /** The VGA text screen, a line a row. */
  screenText(): string;
  /** Types into the serial console; "\n" is the Enter key. */
  type(text: string): void;
  /** What the page knows of the machine now. */
  readonly state: MachineState;
}

declare global {
  interface Window {
    netroot?: NetrootHandle;
  }
}
