import "./handle.ts";
import { find } from "./dom.ts";
import { followAddress } from "./network/token-in-address.ts";
import { Page } from "./page.ts";
import { bindSchemeToggle } from "./theme.ts";

bindSchemeToggle(find(document, "#scheme", HTMLButtonElement));

const page = new Page(
  () =>
    new Worker(new URL("../worker/worker.ts", import.meta.url), { type: "module", name: "netroot machine" }),
);
window.netroot = page;

followAddress();

const leave = new AbortController();
// Kept in the back-forward cache, the page goes on where it was.
addEventListener("pagehide", (event) => {
  if (!event.persisted) leave.abort();
});
void page.run(leave.signal);
