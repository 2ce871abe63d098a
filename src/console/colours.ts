import type { ITheme } from "@xterm/xterm";

/** Sixteen colours of which each is readable on the console's ground. */
export const CONSOLE_THEME: ITheme = {
  background: "#0a0f10",
  foreground: "#d9e3df",
  cursor: "#4fd1a1",
  cursorAccent: "#0a0f10",
  selectionBackground: "#2a5a4c",
  selectionInactiveBackground: "#21423a",
  black: "#2b3637",
  red: "#f0776c",
  green: "#5fd39a",
  yellow: "#e5b454",
  blue: "#7aa7f7",
  magenta: "#cf8fe8",
  cyan: "#5cc8d8",
  white: "#cfd9d5",
  brightBlack: "#82938f",
  brightRed: "#ff9c92",
  brightGreen: "#8ae8b8",
  brightYellow: "#f7d07c",
  brightBlue: "#a3c4ff",
  brightMagenta: "#e2b5f5",
  brightCyan: "#8ee3ef",
  brightWhite: "#ffffff",
};
