/** How the page is served while it is worked on, and built into files that any host can serve. */
import { defineConfig } from "vite";

/** With these a page may share memory, and so have threads; without them it runs on one. */
const headers = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

export default defineConfig({
  root: import.meta.dirname,
  // Relative, so that the page can lie in any folder of a host.
  base: "./",
  publicDir: "public",
  build: { outDir: "../../site", emptyOutDir: true, target: "es2023", assetsInlineLimit: 0 },
  worker: { format: "es" },
  server: { headers },
  preview: { headers },
  optimizeDeps: {
    // What is loaded later is prepared at once, or the page would be loaded again when it is first wanted.
    entries: ["index.html", "inference/worker.ts", "train/panel.ts", "train/training.worker.ts"],
    // Its files look for each other beside themselves.
    exclude: ["onnxruntime-web"],
  },
});
