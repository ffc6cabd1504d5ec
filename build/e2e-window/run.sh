#!/bin/bash
# The real window, driven on a screen that nobody sees. Leaves screenshots in
# build/cache/e2e-window.
set -eu
cd "$(dirname "$0")/../.."
here=build/e2e-window
work=$PWD/build/cache/e2e-window
export WORK=$work
: "${FREEHOLD_TEST_MODEL:=$(ls "$PWD"/build/starter/*.gguf 2>/dev/null | head -n 1)}"
: "${FREEHOLD_BIN:=$PWD/build/bin/freehold}"
export FREEHOLD_TEST_MODEL FREEHOLD_BIN
rm -rf "$work"
mkdir -p "$work"

cc -shared -fPIC -O1 -Wall -o "$work/automation.so" $here/automation.c $(pkg-config --cflags --libs webkit2gtk-4.1)
cc -O1 -Wall -o "$work/dragsource" $here/dragsource.c $(pkg-config --cflags --libs gtk+-3.0)
cc -O1 -Wall -o "$work/accessible" $here/accessible.c $(pkg-config --cflags --libs atspi-2 gobject-2.0)

pids=''
cleanup() {
  for pid in $pids; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
}
trap cleanup EXIT

# Xvfb chooses a free display and tells its number.
Xvfb -displayfd 3 -screen 0 1280x900x24 -nolisten tcp 3>"$work/display" 2>"$work/xvfb.log" &
pids="$!"
for _ in $(seq 100); do
  [ -s "$work/display" ] && break
  sleep 0.1
done
DISPLAY=:$(cat "$work/display")
export DISPLAY
unset WAYLAND_DISPLAY
openbox >"$work/openbox.log" 2>&1 &
pids="$pids $!"

# A D-Bus session of its own, so that no other running Freehold is meant.
timeout 480 dbus-run-session -- node $here/window.mjs 2>"$work/session.log" || {
  status=$?
  cat "$work/session.log"
  exit $status
}
