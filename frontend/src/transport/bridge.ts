// The one place that knows whether this page runs in the native window or in a
// plain browser. In the browser it puts window.go and window.runtime in place,
// so that the generated modules under wailsjs/ work in both.

type Listener = (...data: unknown[]) => void;

interface Subscription {
  listener: Listener;
  left: number; // calls until it ends by itself; negative: never
}

/** Hands events to listeners by name. */
export class EventBus {
  private readonly subscriptions = new Map<string, Set<Subscription>>();

  on(name: string, listener: Listener, max = -1): () => void {
    const subscription = { listener, left: max };
    const all = this.subscriptions.get(name) ?? new Set();
    this.subscriptions.set(name, all.add(subscription));
    return () => void all.delete(subscription);
  }

  off(...names: string[]): void {
    for (const name of names) this.subscriptions.delete(name);
  }

  emit(name: string, ...data: unknown[]): void {
    const all = this.subscriptions.get(name);
    if (!all) return;
    for (const subscription of Array.from(all)) { // a listener may add another
      if (subscription.left > 0 && --subscription.left === 0) all.delete(subscription);
      subscription.listener(...data);
    }
  }
}

/** The session cookie is missing or stale: only the link that `freehold serve` printed helps. */
export class UnauthorisedError extends Error {
  override readonly name = "UnauthorisedError";
}

/** The program does not answer at all. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

// What is called while the page goes (undo is over, say) must arrive all the same.
let going = false;
globalThis.addEventListener?.("pagehide", () => (going = true));
globalThis.addEventListener?.("pageshow", () => (going = false));

/** Calls a method over HTTP. Rejects with an Error, as the native window does. */
export async function call(method: string, args: unknown[], send: typeof fetch = fetch): Promise<unknown> {
  let response: Response;
  try {
    response = await send(`/rpc/${method}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(args),
      ...(going && { keepalive: true }),
    });
  } catch {
    throw new UnreachableError("Freehold does not answer. Is it still running?");
  }
  if (!response.ok) {
    const text = (await response.text()).trim() || `${method} failed with status ${response.status}`;
    throw response.status === 401 ? new UnauthorisedError(text) : new Error(text);
  }
  const { result, error } = (await response.json()) as { result: unknown; error: string | null };
  if (error != null) throw new Error(error);
  return result;
}

/** What the stream needs of an EventSource; tests give their own. */
export type StreamSource = Pick<EventSource, "onopen" | "onmessage" | "onerror" | "readyState" | "close">;

const CLOSED = 2;

/**
 * Feeds the bus from the event stream for as long as the page lives. An
 * EventSource comes back by itself after a broken line, but gives up for good
 * on an HTTP error; then a new one is opened, ever less often.
 * Emits bridge:open after each (re)connection and bridge:lost when one breaks.
 */
export function follow(
  bus: EventBus,
  open: () => StreamSource = () => new EventSource("/events"),
  later: (retry: () => void, ms: number) => unknown = setTimeout,
): () => void {
  let wait = 500;
  let ended = false;
  let source: StreamSource | undefined;
  const connect = () => {
    if (ended) return;
    const current = open();
    source = current;
    current.onopen = () => {
      wait = 500;
      bus.emit("bridge:open");
    };
    current.onmessage = (message) => {
      const { name, data } = JSON.parse(message.data) as { name: string; data: unknown[] };
      bus.emit(name, ...data);
    };
    current.onerror = () => {
      const refused = current.readyState === CLOSED;
      bus.emit("bridge:lost", { refused });
      if (!refused) return;
      current.close();
      later(connect, wait);
      wait = Math.min(wait * 2, 15_000);
    };
  };
  connect();
  return () => {
    ended = true;
    source?.close();
  };
}

interface Host {
  go?: unknown;
  runtime?: unknown;
}

/** True in the native window. Only meaningful before install. */
export const isNative = (host: Host): boolean => host.go !== undefined;

/** Puts the browser's stand-in in place; does nothing in the native window. */
export function install(host: Host = window as unknown as Host, bus = new EventBus()): void {
  if (isNative(host)) return;
  const methods = new Proxy({}, { get: (_target, method) => (...args: unknown[]) => call(String(method), args) });
  const structs = new Proxy({}, { get: () => methods });
  host.go = new Proxy({}, { get: () => structs });
  host.runtime = {
    EventsOnMultiple: (name: string, listener: Listener, max: number) => bus.on(name, listener, max),
    EventsOff: (...names: string[]) => bus.off(...names),
    EventsEmit: (name: string, ...data: unknown[]) => bus.emit(name, ...data),
    ClipboardSetText: async (text: string) => {
      await navigator.clipboard.writeText(text);
      return true;
    },
    BrowserOpenURL: (url: string) => void window.open(url, "_blank", "noopener,noreferrer"),
  };
  follow(bus);
}
