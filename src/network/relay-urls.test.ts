import { expect, test } from "vitest";
import { relayUrls } from "./relay-urls.ts";

test("the page's own server is the relay", () => {
  const urls = relayUrls("http://127.0.0.1:8086/?label=x#y");
  expect(urls.wire).toBe("ws://127.0.0.1:8086/wire");
  expect(urls.status).toBe("http://127.0.0.1:8086/status");
  expect(urls.file("pxelinux.cfg/default")).toBe("http://127.0.0.1:8086/tftpboot/pxelinux.cfg/default");
  expect(urls.bios).toBe("http://127.0.0.1:8086/firmware/bios.bin");
  expect(urls.file("boot/linux")).toBe("http://127.0.0.1:8086/tftpboot/boot/linux");
});

test("a page under a path, behind TLS, finds its relay beside it", () => {
  const urls = relayUrls("https://lab.example/netroot/");
  expect(urls.wire).toBe("wss://lab.example/netroot/wire");
  expect(urls.file("boot/linux")).toBe("https://lab.example/netroot/tftpboot/boot/linux");
});

test("another relay has the wire, and the page's own server the files", () => {
  const urls = relayUrls("https://pages.example/netroot/", "ws://10.0.0.1:9000/wire");
  expect(urls.wire).toBe("ws://10.0.0.1:9000/wire");
  expect(urls.host).toBe("10.0.0.1:9000");
  expect(urls.status).toBe("https://pages.example/netroot/status");
});

test("file names keep their odd characters", () => {
  expect(relayUrls("http://h/").file("boot/linux 6.1#1?")).toBe("http://h/tftpboot/boot/linux%206.1%231%3F");
});
