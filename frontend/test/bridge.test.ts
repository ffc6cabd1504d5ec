import { describe, expect, it, vi } from "vitest";
import { call, EventBus, follow, install, UnauthorisedError, UnreachableError, type StreamSource } from "../src/transport/bridge";

const answer = (body: unknown, status = 200): typeof fetch =>
  vi.fn(async () => new Response(typeof body === "string" ? body : JSON.stringify(body), { status })) as unknown as typeof fetch;

describe("call", () => {
  it("posts the arguments as JSON and returns the result", async () => {
    const send = answer({ result: [1], error: null });
    await expect(call("Chat", ["id", 2], send)).resolves.toEqual([1]);
    expect(send).toHaveBeenCalledWith("/rpc/Chat", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '["id",2]',
    });
  });
  it("rejects with the program's own words", async () => {
    await expect(call("Chat", [], answer({ result: null, error: "no such chat" }))).rejects.toThrow("no such chat");
  });
  it("tells a missing key from other failures", async () => {
    await expect(call("State", [], answer("open the link", 401))).rejects.toBeInstanceOf(UnauthorisedError);
    await expect(call("State", [], answer("", 500))).rejects.toThrow("State failed with status 500");
    const away = vi.fn(async () => Promise.reject(new TypeError("Failed to fetch"))) as unknown as typeof fetch;
    await expect(call("State", [], away)).rejects.toBeInstanceOf(UnreachableError);
  });
});

describe("EventBus", () => {
  it("calls listeners until they end", () => {
    const bus = new EventBus();
    const got: unknown[] = [];
    const end = bus.on("a", (x) => got.push(x));
    bus.emit("a", 1);
    bus.emit("b", 2);
    end();
    bus.emit("a", 3);
    expect(got).toEqual([1]);
  });
  it("ends a listener after its last call, and lets one end another meanwhile", () => {
    const bus = new EventBus();
    const got: string[] = [];
    bus.on("a", () => got.push("twice"), 2);
    bus.on("a", () => {
      got.push("once");
      bus.emit("a"); // from within its only call
    }, 1);
    bus.emit("a");
    bus.emit("a");
    expect(got).toEqual(["twice", "once", "twice"]);
    bus.on("a", () => got.push("never"));
    bus.off("a");
    bus.emit("a");
    expect(got).not.toContain("never");
  });
});

class FakeSource implements StreamSource {
  onopen: StreamSource["onopen"] = null;
  onmessage: StreamSource["onmessage"] = null;
  onerror: StreamSource["onerror"] = null;
  readyState: StreamSource["readyState"] = 0;
  close = vi.fn();
  open() {
    (this.onopen as () => void)();
  }
  say(name: string, ...data: unknown[]) {
    (this.onmessage as (m: { data: string }) => void)({ data: JSON.stringify({ name, data }) });
  }
  fail(state: 0 | 2) {
    this.readyState = state;
    (this.onerror as () => void)();
  }
}

describe("follow", () => {
  const start = () => {
    const bus = new EventBus();
    const sources: FakeSource[] = [];
    const waits: [() => void, number][] = [];
    const seen: string[] = [];
    for (const name of ["bridge:open", "bridge:lost", "token"]) bus.on(name, (x) => seen.push(x === undefined ? name : `${name} ${JSON.stringify(x)}`));
    const end = follow(
      bus,
      () => {
        sources.push(new FakeSource());
        return sources.at(-1)!;
      },
      (retry, ms) => waits.push([retry, ms]),
    );
    return { sources, waits, seen, end };
  };

  it("hands events on and tells of each connection", () => {
    const { sources, seen } = start();
    sources[0]!.open();
    sources[0]!.say("token", 7);
    expect(seen).toEqual(["bridge:open", "token 7"]);
  });
  it("leaves a broken line to the browser", () => {
    const { sources, waits, seen } = start();
    sources[0]!.open();
    sources[0]!.fail(0);
    sources[0]!.open();
    expect(seen).toEqual(["bridge:open", 'bridge:lost {"refused":false}', "bridge:open"]);
    expect(waits).toHaveLength(0);
  });
  it("opens a new stream when the browser has given up, ever less often, and soon again after a success", () => {
    const { sources, waits } = start();
    for (let i = 0; i < 8; i++) {
      sources[i]!.fail(2);
      waits[i]![0]();
    }
    expect(waits.map(([, ms]) => ms)).toEqual([500, 1000, 2000, 4000, 8000, 15000, 15000, 15000]);
    expect(sources[3]!.close).toHaveBeenCalled();
    sources[8]!.open();
    sources[8]!.fail(2);
    expect(waits.at(-1)![1]).toBe(500);
  });
  it("ends for good", () => {
    const { sources, waits, end } = start();
    sources[0]!.fail(2);
    end();
    waits[0]![0]();
    expect(sources).toHaveLength(1);
  });
});

describe("install", () => {
  it("leaves the native window alone", () => {
    const go = {};
    const host = { go };
    install(host);
    expect(host).toEqual({ go });
  });
});
