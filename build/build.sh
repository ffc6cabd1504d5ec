#!/bin/sh
# Builds build/bin/freehold: with the window where the system has what it needs,
# otherwise with the terminal and `freehold serve`. Only what changed is compiled.
set -eu
cd "$(dirname "$0")/.."
: "${BIN:=build/bin/freehold}" "${TAGS:=sqlite_fts5}" "${VERSION:=dev}"

tags=$TAGS
ldflags="${STRIP:+-s -w }-X main.version=$VERSION"
case "$(uname -s)" in
Linux)
  if pkg-config --exists gtk+-3.0 webkit2gtk-4.1 2>/dev/null; then
    tags=desktop,production,webkit2_41,$TAGS
  fi
  ;;
Darwin) tags=desktop,production,$TAGS ;;
MINGW* | MSYS* | CYGWIN*)
  tags=desktop,production,wv2runtime.download,$TAGS
  BIN=$BIN.exe
  ;;
esac

mkdir -p "$(dirname "$BIN")"
before=$(cksum "$BIN" 2>/dev/null || true)
if [ -z "$before" ]; then echo "freehold: building (the first time takes some minutes: SQLite and the window's C parts)"; fi
go build -tags "$tags" -ldflags "$ldflags" -o "$BIN" .
if [ "$before" != "$(cksum "$BIN")" ]; then
  case "$tags" in
  desktop*) echo "freehold: built $BIN" ;;
  *) echo "freehold: built $BIN (terminal and 'serve'; no window)" ;;
  esac
fi
