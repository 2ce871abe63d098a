import { describe, expect, it } from "vitest";
import { formatTarget, parseNbdUrl } from "./nbd-url.ts";

describe("an NBD address", () => {
  it.each([
    ["nbd://lab.example.org:10810/kisroot", "lab.example.org:10810", "kisroot"],
    ["nbd://127.0.0.1/kisroot", "127.0.0.1:10809", "kisroot"],
    ["nbd://[::1]:9/a", "::1:9", "a"],
    ["nbd://host", "host:10809", ""],
    ["nbd://host/", "host:10809", ""],
    ["nbd://host/a%20b/c%C3%BC", "host:10809", "a b/cü"],
    ["nbd+unix:///kisroot?socket=/run/nbd.sock", "/run/nbd.sock", "kisroot"],
    ["nbd+unix:///?socket=%2Frun%2Fa%20b", "/run/a b", ""],
  ])("%s names %s, export %j", (text, server, exportName) => {
    const url = parseNbdUrl(text);
    expect([formatTarget(url.target), url.exportName]).toEqual([server, exportName]);
  });

  it.each([
    ["kisroot", '"kisroot" is not an NBD address. It should look like nbd://host:10809/name.'],
    ["nbd://host:99999/x", "is not an NBD address"],
    ["nbd://host/%zz", "is not an NBD address"],
    ["nbd:///kisroot", "names no host"],
    ["nbd+unix:///kisroot", "names no socket. It should end in ?socket=/path/to/socket."],
    ["nbds://host/kisroot", "is neither nbd:// nor nbd+unix://"],
    ["http://host/kisroot", "is neither nbd:// nor nbd+unix://"],
  ])("%s is refused: %s", (text, why) => {
    expect(() => parseNbdUrl(text)).toThrow(why);
  });
});
