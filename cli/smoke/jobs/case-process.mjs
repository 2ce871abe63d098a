// The process of one case: an emulated PC fills a processor, so that cases side by side have one each.
import { register } from "tsx/esm/api";

register();
await import("./run-in-process.ts");
