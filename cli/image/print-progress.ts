import type { BuildProgress } from "./progress.ts";

export interface ProgressPrinter {
  progress(progress: BuildProgress): void;
  /** Another line, in between. */
  line(text: string): void;
  end(): void;
}

interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** On a terminal, one line that is written over; elsewhere (a log, CI) a line a step. */
export function progressPrinter(out: Output, nowMs: () => number): ProgressPrinter {
  const startedMs = nowMs();
  let shownStep = 0;
  let shown = false;
  const clear = () => {
    if (shown) out.write("\r\x1b[K");
    shown = false;
  };
  return {
    progress(progress) {
      const text = words(progress, nowMs() - startedMs);
      if (out.isTTY) {
        clear();
        out.write(text.slice(0, Math.max(20, (out.columns ?? 80) - 1)));
        shown = true;
      } else if (progress.step !== shownStep) {
        out.write(`${words({ ...progress, detail: "" }, nowMs() - startedMs)}\n`);
      }
      shownStep = progress.step;
    },
    line(text) {
      clear();
      out.write(`${text}\n`);
    },
    end: clear,
  };
}

function words(progress: BuildProgress, elapsedMs: number): string {
  const percent = String(Math.floor(progress.fraction * 100)).padStart(3);
  const detail = progress.detail ? `: ${progress.detail}` : "";
  return `${clock(elapsedMs)} ${percent} % ${progress.caption} (${progress.step} of ${progress.steps})${detail}`;
}

function clock(elapsedMs: number): string {
  const seconds = Math.floor(elapsedMs / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
