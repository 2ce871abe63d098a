import type { Problem } from "../worker/interface.ts";

/** Says in words what this browser lacks, or nothing when it can run the machine. */
export function unsupported(): Problem | undefined {
  const missing = [
    typeof WebAssembly === "object" ? undefined : "WebAssembly",
    typeof Worker === "function" && runsModuleWorkers() ? undefined : "module workers",
    typeof WebSocket === "function" ? undefined : "WebSockets",
  ].filter((name) => name !== undefined);
  if (missing.length === 0) return undefined;
  return {
    severity: "error",
    code: "browser-unsupported",
    message: `This browser has no ${missing.join(" and no ")}, so the machine cannot run in it.`,
    advice: "Use a current Firefox, Chrome, Edge or Safari. Some lock-down modes switch these off too.",
  };
}

/** The browser reads the `type` option only if it knows module workers. */
function runsModuleWorkers(): boolean {
  let asked = false;
  const options = {
    get type(): WorkerType {
      asked = true;
      return "module";
    },
  };
  const url = URL.createObjectURL(new Blob([""], { type: "text/javascript" }));
  try {
    new Worker(url, options).terminate();
  } catch {
    return false;
  } finally {
    URL.revokeObjectURL(url);
  }
  return asked;
}
