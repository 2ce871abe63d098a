import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Gateway } from "../../net/gateway/gateway.ts";
import { wakeOnUse } from "../../net/stream/wake-on-use.ts";
import { BOOT_HTTP_PORT, BootHttp } from "../boot-http/boot-http.ts";
import { monotonicClock } from "../drive.ts";
import { type BootServerLab, bootServerLab } from "./boot-server-lab.ts";

const AT = "http://10.86.0.1";
const LINUX = randomBytes(5_000_001);

let lab: BootServerLab;
let http: BootHttp;
let gateway: Gateway;
let root: string;
beforeAll(async () => {
  lab = await bootServerLab({
    tcp: (output) => {
      gateway = new Gateway({
        output,
        clock: monotonicClock,
        random: (length) => randomBytes(length),
        services: [
          {
            port: BOOT_HTTP_PORT,
            service: (stream, peer) =>
              http.service(
                wakeOnUse(stream, () => lab.wake()),
                peer,
              ),
          },
        ],
      });
      return gateway;
    },
  });
  root = join(lab.directory, "tftpboot");
  http = new BootHttp(root);
  mkdirSync(join(root, "boot"), { recursive: true });
  writeFileSync(join(root, "boot/linux"), LINUX);
  writeFileSync(join(root, "boot/with space"), "odd");
  writeFileSync(join(root, "empty"), "");
  writeFileSync(join(lab.directory, "secret"), "secret");
  symlinkSync("../secret", join(root, "out"));
  await lab.configure();
});
afterAll(async () => {
  http?.close();
  await lab?.close();
});

/** What curl says on stdout, and how it ended. */
function curl(...args: string[]) {
  return lab.inside.run("curl", ["--silent", "--show-error", "--path-as-is", ...args]);
}
const body = () => join(lab.directory, `body-${randomBytes(4).toString("hex")}`);
const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const STATUS = ["--output", "/dev/null", "--write-out", "%{http_code}"];

describe("curl, in a guest's place", () => {
  it("fetches a file", async () => {
    const to = body();
    const { code, stdout } = await curl(
      "--output",
      to,
      "--write-out",
      "%{http_code} %{size_download}",
      `${AT}/boot/linux`,
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: `200 ${LINUX.length}` });
    expect(hash(readFileSync(to))).toBe(hash(LINUX));
  });

  it("fetches an empty one, and one with a space", async () => {
    expect((await curl(...STATUS, `${AT}/empty`)).stdout).toBe("200");
    expect((await curl(`${AT}/boot/with%20space`)).stdout).toBe("odd");
  });

  it("fetches slowly, and nothing is lost", async () => {
    const to = body();
    const { code } = await curl("--limit-rate", "3M", "--output", to, `${AT}/boot/linux`);
    expect(code).toBe(0);
    expect(hash(readFileSync(to))).toBe(hash(LINUX));
  });

  it("asks for the head only", async () => {
    const { stdout } = await curl("--head", `${AT}/boot/linux`);
    expect(stdout).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(stdout).toMatch(new RegExp(`\r\nContent-Length: ${LINUX.length}\r\n`));
  });

  it.each([
    ["0-0", 0, 1],
    ["1000000-1999999", 1_000_000, 2_000_000],
    ["4999990-", 4_999_990, LINUX.length],
    ["-7", LINUX.length - 7, LINUX.length],
  ])("fetches the range %s", async (range, from, end) => {
    const to = body();
    const { stdout } = await curl(
      "--range",
      range,
      "--output",
      to,
      "--write-out",
      "%{http_code}",
      `${AT}/boot/linux`,
    );
    expect(stdout).toBe("206");
    expect(hash(readFileSync(to))).toBe(hash(LINUX.subarray(from, end)));
  });

  it("goes on where it stopped", async () => {
    const to = body();
    writeFileSync(to, LINUX);
    truncateSync(to, 1_234_567);
    expect((await curl("--continue-at", "-", "--output", to, `${AT}/boot/linux`)).code).toBe(0);
    expect(hash(readFileSync(to))).toBe(hash(LINUX));
  });

  it("keeps its connection for the next file, also after one that is not there", async () => {
    const { connections, requests } = http.counters;
    const urls = ["boot/linux", "gone", "boot/linux", "empty"].flatMap((name) => [
      ...STATUS,
      `${AT}/${name}`,
    ]);
    expect((await curl(...urls)).stdout).toBe("200404200200");
    expect(http.counters).toMatchObject({ connections: connections + 1, requests: requests + 4 });
  });

  it("speaks HTTP/1.0 as well", async () => {
    const to = body();
    expect((await curl("--http1.0", "--output", to, `${AT}/boot/linux`)).code).toBe(0);
    expect(hash(readFileSync(to))).toBe(hash(LINUX));
  });

  it("sends the whole URL, as to a proxy", async () => {
    expect((await curl("--request-target", `${AT}/boot/linux`, ...STATUS, AT)).stdout).toBe("200");
  });

  it.each([
    ["/", 404, /no list/],
    ["/gone", 404, /There is no gone/],
    ["/boot", 404, /boot is no file/],
    ["/../secret", 400, /malformed/],
    ["/boot/%2e%2e/%2e%2e/secret", 400, /malformed/],
    ["/out", 403, /leads out/],
    ["/tftpboot/boot/linux", 404, /There is no/],
    ["/status", 404, /There is no/],
  ])("is refused %s", async (path, status, words) => {
    const { stdout } = await curl("--write-out", "%{http_code}", `${AT}${path}`);
    expect(stdout).toMatch(words);
    expect(stdout.endsWith(String(status))).toBe(true);
  });

  it("may not send anything", async () => {
    expect((await curl(...STATUS, "--data", "x", `${AT}/boot/linux`)).stdout).toBe("405");
    expect((await curl(...STATUS, "--upload-file", join(root, "boot/linux"), `${AT}/new`)).stdout).toBe(
      "405",
    );
  });

  it("fetches eight at a time", async () => {
    const all = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const to = body();
        await curl("--output", to, `${AT}/boot/linux`);
        return hash(readFileSync(to));
      }),
    );
    expect(new Set(all)).toEqual(new Set([hash(LINUX)]));
  });

  it("finds nothing at other ports", async () => {
    expect((await curl(`${AT}:81/boot/linux`)).code).toBe(7);
  });
});

describe("a connection", () => {
  it("that speaks no HTTP is told so, and closed", async () => {
    const { malformed } = http.counters;
    const talk = "exec 3<>/dev/tcp/10.86.0.1/80; printf 'nonsense\\r\\n\\r\\n' >&3; cat <&3";
    const said = await lab.inside.run("bash", ["-c", talk]);
    expect(said.stdout).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(http.counters.malformed).toBe(malformed + 1);
  });

  it("that its guest gives up in the middle is forgotten", async () => {
    await curl("--max-filesize", "1000", "--output", body(), `${AT}/boot/linux`);
    await curl("--limit-rate", "100k", "--max-time", "0.5", "--output", body(), `${AT}/boot/linux`);
    await expect.poll(() => http.connections).toBe(0);
    await expect.poll(() => gateway.counters.flowsOpen).toBe(0);
  });
});
