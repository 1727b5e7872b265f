import { loadEnv } from "vite";
import { defineConfig } from "vitest/config";

export default defineConfig(({ mode }) => {
  // For `npm run dev`: the running service that answers /v1 and /hubs. It needs AllowedOrigins=http://localhost:5173.
  const api = loadEnv(mode, ".", "DASHBOARD_")["DASHBOARD_API"] ?? "http://127.0.0.1:5230";
  return {
    base: "/dashboard/",
    build: {
      outDir: "../Api/wwwroot/dashboard",
      emptyOutDir: true,
      target: "es2022",
      // A data: URL in a script or stylesheet would need a looser Content-Security-Policy.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      // A misplaced comment inside the SignalR package, which changes nothing.
      rollupOptions: { onwarn: (warning, warn) => warning.code === "INVALID_ANNOTATION" || warn(warning) },
    },
    server: { proxy: { "/v1": api, "/hubs": { target: api, ws: true } } },
    test: { include: ["src/**/*.test.ts"] },
  };
});
