import { describe, expect, it } from "vitest";
import {
  imageSection,
  movedSection,
  parseServerConfig,
  privateConfig,
  serializeServerConfig,
} from "./nbd-server-config.ts";

const WRITTEN = `# For the real nbd-server.
[generic]
    user = nbd
    group = nbd
    port = 10809
    listenaddr = 0.0.0.0
    unixsock = /run/nbd.sock
    max_threads = 8
    allowlist = true

[kisroot]
    exportname = /srv/exports/kisroot.squashfs
    readonly = true
[my disk]
exportname=/srv/a\\\\b\\s
`;

describe("nbd-server's configuration", () => {
  it("is read: names and files", () => {
    const { sections } = parseServerConfig(WRITTEN);
    expect(sections.map(({ name, path }) => [name, path])).toEqual([
      ["kisroot", "/srv/exports/kisroot.squashfs"],
      ["my disk", "/srv/a\\b "],
    ]);
  });

  it("is made private: it listens where we say, and all else holds", () => {
    expect(serializeServerConfig(privateConfig(parseServerConfig(WRITTEN), 4711, true))).toBe(`[generic]
    port = 4711
    listenaddr = 127.0.0.1
    user = nbd
    group = nbd
    max_threads = 8
    allowlist = true

[kisroot]
    exportname = /srv/exports/kisroot.squashfs
    readonly = true

[my disk]
    exportname=/srv/a\\\\b\\s
`);
  });

  it("gives up no rights that are not there", () => {
    const { generic } = privateConfig(parseServerConfig(WRITTEN), 4711, false);
    expect(generic.filter((line) => /^(user|group)\b/.test(line))).toEqual([]);
  });

  it("is read back as it was written, with any path", () => {
    for (const path of [
      "/a",
      "/with space",
      "/ends in one ",
      "/back\\slash\\s",
      "/100%s",
      "/ünï = code # x",
    ]) {
      const section = imageSection("disk", path, true);
      if (typeof section === "string") throw new Error(section);
      const text = serializeServerConfig({ generic: [], sections: [section] });
      expect(parseServerConfig(text).sections[0]?.path).toBe(path);
      const moved = serializeServerConfig({ generic: [], sections: [movedSection(section, `/new${path}`)] });
      expect(parseServerConfig(moved).sections[0]?.path).toBe(`/new${path}`);
    }
  });

  it("knows no name that would break it", () => {
    for (const name of ["generic", "a]b", "[a", "a\nb"])
      expect(imageSection(name, "/x", true)).toBeTypeOf("string");
    expect(imageSection("a", "/x\ny", true)).toBeTypeOf("string");
  });

  it("is read-only only where that is said", () => {
    expect(imageSection("a", "/x", true)).toMatchObject({
      lines: expect.arrayContaining(["readonly = true"]),
    });
    expect(imageSection("a", "/x", false)).toMatchObject({
      lines: expect.not.arrayContaining(["readonly = true"]),
    });
  });
});
