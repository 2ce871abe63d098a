import type { Milestone } from "../../../worker/interface.ts";
import { SmokeError } from "../errors.ts";
import { runCase } from "../run/run-case.ts";
import type { FromCase, ToCase } from "./messages.ts";

const stop = new AbortController();
let told: readonly Milestone[] = [];
const tell = (message: FromCase) => void process.send?.(message);

// The terminal sends its signal to the whole group; who says when to stop is the parent.
process.on("SIGINT", () => {});
process.on("disconnect", () => stop.abort(new Error("the run is over")));
process.on("message", (message: ToCase) => {
  if (message.type === "stop") {
    stop.abort(new Error("interrupted"));
    return;
  }
  runCase(message.plan, {
    signal: stop.signal,
    progress: ({ milestones }) => {
      if (milestones !== told) tell({ type: "milestones", milestones });
      told = milestones;
    },
    checked: (result) => tell({ type: "checked", result }),
  })
    .then((report) => tell({ type: "report", report }))
    .catch((error: Error) => {
      const kind = error instanceof SmokeError ? error.kind : "infrastructure";
      tell({
        type: "refused",
        kind,
        message: error instanceof SmokeError ? error.message : `${error.stack}`,
      });
    })
    .finally(() => process.disconnect?.());
});
