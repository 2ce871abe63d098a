import { controls, expect, MENU, test } from "./fixtures.ts";
import { LIGHT_TREE } from "./tree.ts";

// A relay on all addresses demands its token of everybody, of this machine as well.
const EVERYWHERE = "0.0.0.0";

test("with the token in its address the page gets on the wire, and near the root", async ({
  page,
  serve,
}) => {
  const relay = await serve(LIGHT_TREE, 0, EVERYWHERE);
  // As it is opened on another machine: by plain HTTP, which is no secure context.
  const link = new URL(relay.url);
  const token = link.hash.replace("#token=", "");
  expect(token).toMatch(/^[A-Za-z0-9_-]{22}$/);
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(link.href);
  const { powerOn, powerOff, relay: node, milestone } = controls(page);
  await expect(node).toContainText(link.host);
  await powerOn.click();
  const wire = page.locator("#link-wire");
  await expect(wire).toContainText("wire open");
  await expect(wire).toHaveAttribute("data-blocks", "near");
  await expect(milestone("download")).toHaveAttribute("data-state", "done");
  await expect(page.locator(".problem")).toHaveCount(0);
  await powerOff.click();
  await expect(powerOn).toBeEnabled();
  expect(asked.some((url) => url.endsWith("/tftpboot/boot/linux"))).toBe(true);
  expect(asked.filter((url) => url.replace(/#.*/, "").includes(token))).toEqual([]);
  expect(relay.log()).not.toContain(token);
  expect(relay.log()).not.toContain("refused");
});

test("without the token the page says so, and the link makes it whole", async ({ page, tree, serve }) => {
  await tree.write("tftpboot/pxelinux.cfg/default", MENU);
  const relay = await serve(tree.path, 0, EVERYWHERE);
  const { hash } = new URL(relay.url);
  const at = (fragment: string) => `http://127.0.0.1:${relay.port}/${fragment}`;
  await page.goto(at(""));
  const { entry, hint, powerOn, relay: node } = controls(page);
  await expect(node).toContainText("asks for its token");
  await expect(hint).toContainText(
    "This relay asks for its token, and there is none in this page's address.",
  );
  await expect(hint).toContainText("Open the link that netroot serve printed");
  await expect(powerOn).toBeDisabled();

  // In the same tab only the fragment changes.
  await page.goto(at("#token=0123456789abcdef0123"));
  await expect(hint).toContainText("The token in this page's address is not the relay's.");
  await page.goto(at(hash));
  await expect(entry).toHaveValue("Overlay-Boot");
  await expect(powerOn).toBeEnabled();

  // A link within the page does not cost it the token.
  await page.getByRole("link", { name: "Skip to the console" }).press("Enter");
  await expect(page).toHaveURL(at(hash));
  await page.reload();
  await expect(entry).toHaveValue("Overlay-Boot");
});

test("a relay that was started anew with another token is not taken for one that is gone", async ({
  page,
  tree,
  serve,
}) => {
  await tree.write("tftpboot/pxelinux.cfg/default", MENU);
  const first = await serve(tree.path, 0, EVERYWHERE);
  await page.goto(`http://127.0.0.1:${first.port}/${new URL(first.url).hash}`);
  const { entry, problem, relay: node } = controls(page);
  await expect(entry).toHaveValue("Overlay-Boot");
  await first.stop();
  await serve(tree.path, first.port, EVERYWHERE);
  await expect(problem("token-wrong")).toContainText("Open the link that netroot serve printed last");
  await expect(node).toContainText("asks for its token");
});
