import { describe, expect, it } from "vitest";
import { parseConfiguration } from "./configuration.ts";

const forward = (port: number) => `[[forward]]\nport = ${port}\nto = "127.0.0.1:80"\n`;

describe("a configuration that is well-formed and contradicts itself", () => {
  it("forwards no port twice", () => {
    expect(parseConfiguration(forward(80) + forward(81), "netroot.toml").forward).toHaveLength(2);
    expect(() => parseConfiguration(forward(80) + forward(81) + forward(80), "netroot.toml")).toThrow(
      "netroot.toml, line 8: [[forward]] number 3, port 80 is forwarded already, further up.",
    );
  });
});

describe("the boot table", () => {
  it("says what is given to whom, and is refused where no DHCP option could say it", () => {
    const parse = (text: string) => parseConfiguration(`[boot]\n${text}`, "netroot.toml").boot;
    const boot = { file: "pxelinux.0", ipxe: "http://10.86.0.1/menu.ipxe", config: "a", prefix: "/b/" };
    expect(parse(`file = "${boot.file}"\nipxe = "${boot.ipxe}"\nconfig = "a"\nprefix = "/b/"`)).toEqual(boot);
    expect(() => parse(`file = "${"x".repeat(128)}"`)).toThrow(
      "netroot.toml, line 2: boot.file is at most 127 characters long.",
    );
    expect(() => parse(`ipxe = "menü"`)).toThrow("boot.ipxe is made of plain ASCII characters.");
    expect(() => parse(`config = ""`)).toThrow(
      "boot.config is the path of a pxelinux configuration, and not empty.",
    );
    expect(() => parse(`fil = "a"`)).toThrow("boot.fil is not known here. Did you mean file?");
  });
});

describe("a list that is not known", () => {
  it("is found on its line", () => {
    expect(() => parseConfiguration(`\n[[exports]]\nname = "a"\n`, "netroot.toml")).toThrow(
      "netroot.toml, line 2: exports is not known here. Did you mean export?",
    );
  });
});
