import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BootServerLab, bootServerLab, must } from "./boot-server-lab.ts";

let lab: BootServerLab;
beforeAll(async () => {
  lab = await bootServerLab({ dns: { "menu.netroot.test": 0x0a560007 } });
  await lab.configure();
});
afterAll(() => lab?.close());

describe("dig, asking the boot server", () => {
  const dig = (...args: string[]) => must(lab.inside, "dig", ["@10.86.0.1", "+tries=1", ...args]);

  it("gets the names that exist", async () => {
    expect(await dig("+short", "boot.netroot.test")).toBe("10.86.0.1\n");
    expect(await dig("+short", "MENU.netroot.test")).toBe("10.86.0.7\n");
    expect(await dig("+short", "boot")).toBe("10.86.0.1\n");
  });

  it("finds nothing wrong with the answers", async () => {
    const answer = await dig("boot.netroot.test", "A");
    expect(answer).toContain("status: NOERROR");
    expect(answer).toMatch(/boot\.netroot\.test\.\s+60\s+IN\s+A\s+10\.86\.0\.1/);
    expect(answer).not.toMatch(/WARNING|malformed|bad/i);
    const noIpv6 = await dig("boot.netroot.test", "AAAA");
    expect(noIpv6).toMatch(/status: NOERROR.*\n.*ANSWER: 0/);
    expect(noIpv6).not.toMatch(/WARNING|malformed|bad/i);
  });

  it("is told at once that other names do not exist", async () => {
    expect(await dig("www.example.org")).toContain("status: NXDOMAIN");
    expect(await dig("-x", "10.86.0.1")).toContain("status: NXDOMAIN");
    expect(await dig("+opcode=notify", "netroot.test")).toContain("status: NOTIMP");
  });
});

describe("the C library's resolver, asking the boot server", () => {
  /** The resolver would wait for a minute before it gives up on a silent server: the time limit below tells. */
  async function resolve(name: string) {
    const configuration = join(lab.directory, "resolv.conf");
    writeFileSync(
      configuration,
      "nameserver 10.86.0.1\nsearch netroot.test\noptions timeout:30 attempts:2\n",
    );
    // The mount is seen inside only: `ip netns exec` has a mount namespace of its own.
    const command = 'mount --bind "$1" /etc/resolv.conf && getent ahosts "$2"';
    return lab.inside.run("sh", ["-c", command, "sh", configuration, name], 20_000);
  }

  it("finds a name, by its short form as well", async () => {
    expect((await resolve("boot.netroot.test")).stdout).toMatch(/^10\.86\.0\.1\s/);
    expect((await resolve("menu")).stdout).toMatch(/^10\.86\.0\.7\s/);
  });

  it("does not hang on a name that does not exist", async () => {
    expect(await resolve("www.example.org")).toEqual({ code: 2, stdout: "", stderr: "" });
  });
});
