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

describe("a list that is not known", () => {
  it("is found on its line", () => {
    expect(() => parseConfiguration(`\n[[exports]]\nname = "a"\n`, "netroot.toml")).toThrow(
      "netroot.toml, line 2: exports is not known here. Did you mean export?",
    );
  });
});
