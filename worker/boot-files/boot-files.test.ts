import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MachineSettings } from "../interface.ts";
import { fetchBootFiles, fileName } from "./boot-files.ts";
import { fetchFile } from "./fetch-file.ts";

let server: Server;
let base: string;

function bzImage(xloadflags: number): Uint8Array {
  const image = new Uint8Array(2048);
  const view = new DataView(image.buffer);
  view.setUint8(0x1f1, 1);
  view.setUint16(0x1fe, 0xaa55, true);
  image.set(new TextEncoder().encode("HdrS"), 0x202);
  view.setUint16(0x206, 0x20f, true);
  view.setUint8(0x211, 1);
  view.setUint16(0x236, xloadflags, true);
  view.setUint32(0x238, 100, true);
  return image;
}

beforeAll(async () => {
  const files: Record<string, Uint8Array> = {
    "/linux": bzImage(0),
    "/linux64": bzImage(1),
    "/one": Uint8Array.of(1, 1, 1),
    "/two": Uint8Array.of(2, 2),
    "/bios.bin": new Uint8Array(16),
  };
  server = createServer((request, response) => {
    const path = request.url!;
    if (path === "/cut") {
      response.writeHead(200, { "content-length": 1000 });
      response.write(new Uint8Array(300));
      // Not before the client has it: otherwise it is a connection that never answered.
      setTimeout(() => response.destroy(), 100);
    } else if (path === "/secret") {
      response.writeHead(403).end();
    } else if (path === "/slow") {
      response.writeHead(200, { "content-length": 1000 });
      response.write(new Uint8Array(1));
    } else if (files[path]) {
      response.writeHead(200, { "content-length": files[path].length }).end(files[path]);
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function settings(changes: Partial<MachineSettings> = {}): MachineSettings {
  return {
    boot: "direct",
    nic: "virtio",
    memoryMiB: 128,
    append: "root=x",
    kernelUrl: `${base}/linux`,
    initrdUrls: [`${base}/one`, `${base}/two`],
    biosUrl: `${base}/bios.bin`,
    vgaBiosUrl: `${base}/bios.bin`,
    wireUrl: "",
    ...changes,
  };
}

function fetchAll(changes: Partial<MachineSettings> = {}, signal = new AbortController().signal) {
  return fetchBootFiles(settings(changes), fetchFile, signal, () => {});
}

async function problemOf(changes: Partial<MachineSettings>) {
  const result = await fetchAll(changes);
  expect(result.ok).toBe(false);
  if (result.ok || !result.problem) throw new Error("there should be a problem");
  expect(result.problem.advice).not.toBe("");
  return result.problem;
}

describe("the boot files", () => {
  it("come with the initrds one behind the other, each at a multiple of four", async () => {
    const result = await fetchAll();
    expect(result).toMatchObject({ ok: true });
    if (result.ok) expect(result.files.initrd).toEqual(Uint8Array.of(1, 1, 1, 0, 2, 2));
  });

  it("of a boot by firmware are the firmware and the card's ROM, and no kernel", async () => {
    const pxe = { boot: "pxe", kernelUrl: "", initrdUrls: [], romUrl: `${base}/two` } as const;
    expect(await fetchAll(pxe)).toEqual({
      ok: true,
      files: {
        bios: new Uint8Array(16),
        vgaBios: new Uint8Array(16),
        kernel: new Uint8Array(0),
        initrd: new Uint8Array(0),
        rom: Uint8Array.of(2, 2),
      },
    });
    expect((await problemOf({ ...pxe, romUrl: `${base}/nowhere` })).code).toBe("firmware-missing");
  });

  it("tell how far they are", async () => {
    const seen = new Map<string, [number, number | undefined]>();
    await fetchBootFiles(settings(), fetchFile, new AbortController().signal, (file, received, total) =>
      seen.set(file, [received, total]),
    );
    expect(seen.get("linux")).toEqual([2048, 2048]);
    expect(seen.get("two")).toEqual([2, 2]);
  });

  it("say which file is missing", async () => {
    const kernel = await problemOf({ kernelUrl: `${base}/nowhere` });
    expect(kernel.code).toBe("kernel-missing");
    expect(kernel.message).toContain("/nowhere");
    expect((await problemOf({ initrdUrls: [`${base}/one`, `${base}/nowhere`] })).code).toBe("initrd-missing");
    expect((await problemOf({ vgaBiosUrl: `${base}/nowhere` })).code).toBe("firmware-missing");
  });

  it("say how much came of a file that broke off", async () => {
    const problem = await problemOf({ initrdUrls: [`${base}/cut`] });
    expect(problem.code).toBe("initrd-truncated");
    expect(problem.message).toContain("300 of 1000");
  });

  it("say what the server answered", async () => {
    const problem = await problemOf({ kernelUrl: `${base}/secret` });
    expect(problem.code).toBe("kernel-refused");
    expect(problem.message).toContain("403");
  });

  it("say that nobody answers", async () => {
    // The port was ours a moment ago, and is closed.
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    expect((await problemOf({ kernelUrl: `http://127.0.0.1:${port}/linux` })).code).toBe("relay-unreachable");
  });

  it("refuse a 64-bit kernel in words", async () => {
    const problem = await problemOf({ kernelUrl: `${base}/linux64` });
    expect(problem.code).toBe("kernel-64-bit");
    expect(problem.message).toContain("is a 64-bit kernel; the emulated PC is an i686");
  });

  it("refuse a file that is no kernel", async () => {
    expect((await problemOf({ kernelUrl: `${base}/bios.bin` })).code).toBe("kernel-not-bzimage");
  });

  it("refuse memory that cannot hold the initrd, and a line that the kernel would cut", async () => {
    expect((await problemOf({ memoryMiB: 64 })).code).toBe("memory-too-small");
    const layer = "root=x rd.root.overlay.size=300m";
    expect((await problemOf({ memoryMiB: 256, append: layer })).code).toBe("layer-too-large");
    expect((await problemOf({ append: "x".repeat(101) })).code).toBe("append-too-long");
  });

  it("are given up without a problem", async () => {
    const abort = new AbortController();
    const result = fetchAll({ initrdUrls: [`${base}/slow`] }, abort.signal);
    abort.abort();
    expect(await result).toEqual({ ok: false, problem: undefined });
  });

  it("are called by the last part of their address", () => {
    expect(fileName("http://relay/tftpboot/boot/linux?x=/y#z")).toBe("linux");
  });
});
