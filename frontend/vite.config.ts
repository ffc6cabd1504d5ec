import { defineConfig } from "vitest/config";
import react from "@vitejs/plugin-react";

// `npm run dev` beside a running `freehold serve`: give its address, and open the
// development server with the ?token=… of the link that `serve` printed.
const backend = process.env.FREEHOLD_URL ?? "http://127.0.0.1:7788";

// Every engine that shows the interface reads WOFF2: KaTeX's other forms of its fonts stay out.
const woff2Only = {
  name: "woff2-only",
  enforce: "pre" as const,
  transform: (code: string, id: string) =>
    /katex(\.min)?\.css/.test(id) ? code.replace(/,\s*url\([^)]*\.(?:woff|ttf)\)\s*format\(["'](?:woff|truetype)["']\)/g, "") : undefined,
};

export default defineConfig({
  plugins: [woff2Only, react()],
  build: {
    assetsInlineLimit: (file) => (file.endsWith(".woff2") ? false : undefined), // fonts come from files only
    target: "es2022", // light-dark() is rewritten for engines that lack it
    chunkSizeWarningLimit: 900, // read from the binary, not from a network
  },
  server: {
    proxy: {
      "/rpc": { target: backend, changeOrigin: true, headers: { origin: backend } },
      "/events": { target: backend, changeOrigin: true, headers: { origin: backend } },
    },
  },
  test: { environment: "happy-dom", include: ["test/**/*.test.{ts,tsx}"], testTimeout: 60_000 },
});
