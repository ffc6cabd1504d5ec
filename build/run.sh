#!/bin/sh
# Adds the models of the set-up to the library if they are not there and opens the window;
# without a display it serves the same app to the browser.
set -eu
cd "$(dirname "$0")/.."
: "${BIN:=build/bin/freehold}"

for model in build/starter/*.gguf build/embedder/*.gguf; do
  [ -e "$model" ] || continue
  said=$("$BIN" import "$model" 2>&1) || printf '%s: not added to the library: %s\n' "$model" "$said"
done

if [ "$(uname -s)" = Linux ] && [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
  echo "freehold: this session has no display, so here is the same app for the browser (stop it with Ctrl+C):"
  exec "$BIN" serve
fi
if [ "$(uname -s)" = Linux ] && ! ldd "$BIN" 2>/dev/null | grep -q libwebkit2gtk; then
  echo "freehold: this build has no window, so here is the same app for the browser (stop it with Ctrl+C):"
  exec "$BIN" serve
fi
exec "$BIN"
