// Serves the interface with the stand-in of test/fake.ts behind it, over the
// same HTTP calls and under the same policy as `freehold serve`.
//   npm run dev:fake                                       while developing
//   vite preview --config vite.fake.config.ts              the built interface
// FAKE_NOW is the time of its clock, in ms. FAKE_MODELS=none starts it without a model.
import type { IncomingMessage, ServerResponse } from "node:http";
import { mergeConfig, type Connect, type Plugin } from "vite";
import base from "./vite.config.ts";
import { dispatch, FakeApp } from "./test/fake.ts";

// Pictures show the same day whenever they are taken.
if (process.env.FAKE_NOW) {
  const start = Number(process.env.FAKE_NOW) - performance.now();
  Date.now = () => start + performance.now();
}

const policy =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; object-src 'none'; base-uri 'none'";

function backend(strict: boolean): Connect.NextHandleFunction {
  const streams = new Set<ServerResponse>();
  const emit = (name: string, data: unknown) => {
    for (const s of streams) s.write(`data: ${JSON.stringify({ name, data: [data] })}\n\n`);
  };
  const fresh = () => new FakeApp(emit, "browser", { models: process.env.FAKE_MODELS === "none" ? "none" : "some" });
  let app = fresh();
  let away = false;
  const body = (req: IncomingMessage) =>
    new Promise<string>((done) => {
      let text = "";
      req.on("data", (piece: Buffer) => (text += piece.toString()));
      req.on("end", () => done(text));
    });
  /** Two calls are for tests only: to start over, and to be away for a while. */
  const answerTo = async (method: string, args: unknown[]): Promise<unknown> => {
    if (method === "Reset") {
      app.close();
      away = false;
      app = new FakeApp(emit, "browser", args[0] as ConstructorParameters<typeof FakeApp>[2]);
      return null;
    }
    if (method === "Away") {
      away = args[0] === true;
      if (away) for (const s of streams) s.destroy();
      return null;
    }
    return dispatch(app, method, args);
  };
  return (req, res, next) => {
    if (away && !req.headers["x-test"]) return void req.socket.destroy();
    if (strict) res.setHeader("Content-Security-Policy", policy);
    const url = req.url ?? "";
    if (url === "/events") {
      res.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
      res.write(": hello\n\n");
      streams.add(res);
      req.on("close", () => streams.delete(res));
      return;
    }
    if (url === "/upload") {
      void body(req).then((text) => {
        const names = [...text.matchAll(/name="file"; filename="([^"]*)"/g)].map((m) => `/uploads/${m[1]}`);
        res.writeHead(200, { "content-type": "application/json" });
        res.end(JSON.stringify(names));
      });
      return;
    }
    if (!url.startsWith("/rpc/")) return next();
    void (async () => {
      const args = JSON.parse(await body(req)) as unknown[];
      let answer: { result: unknown; error: string | null };
      try {
        answer = { result: await answerTo(url.slice(5), args), error: null };
      } catch (e) {
        answer = { result: null, error: (e as Error).message };
      }
      res.writeHead(200, { "content-type": "application/json" });
      res.end(JSON.stringify(answer));
    })();
  };
}

const fake: Plugin = {
  name: "freehold-fake",
  configureServer: (server) => void server.middlewares.use(backend(false)),
  configurePreviewServer: (server) => void server.middlewares.use(backend(true)),
};

export default mergeConfig({ ...base, server: {} }, { plugins: [fake] });
