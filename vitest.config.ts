import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{net,worker,relay,src,cli,kis,setup,bench}/**/*.test.ts"],
    // Real servers and real kernels on two shared cores: time-outs only end what hangs.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
