import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

/** The relay that the development server stands in front of. */
const target = process.env.NETROOT_RELAY ?? "http://127.0.0.1:8086";

export default defineConfig({
  root: fileURLToPath(new URL("./src", import.meta.url)),
  publicDir: fileURLToPath(new URL("./public", import.meta.url)),
  // Relative, so that the page also works under a path of somebody's reverse proxy.
  base: "./",
  build: {
    outDir: fileURLToPath(new URL("./dist/page", import.meta.url)),
    emptyOutDir: true,
    // light-dark() and module workers decide: no need to compile for anything older.
    target: ["chrome123", "firefox121", "safari17.5"],
    assetsInlineLimit: 0,
    // v86 alone is larger than Vite's default.
    chunkSizeWarningLimit: 1000,
  },
  worker: { format: "es" },
  server: {
    fs: { allow: [fileURLToPath(new URL(".", import.meta.url))] },
    proxy: {
      // As if the browser asked the relay itself, which answers to its own names only.
      "/wire": { target, changeOrigin: true, ws: true, rewriteWsOrigin: true },
      "/exports": { target, changeOrigin: true, ws: true, rewriteWsOrigin: true },
      "/status": { target, changeOrigin: true },
      "/tftpboot": { target, changeOrigin: true },
      "/firmware": { target, changeOrigin: true },
      "/healthz": { target, changeOrigin: true },
    },
  },
});
