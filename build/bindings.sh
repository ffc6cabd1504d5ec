#!/bin/sh
# bindings.sh [check]: writes frontend/src/wailsjs from the Go methods that the
# window binds. With `check` it writes nothing and fails if they are stale.
set -eu
cd "$(dirname "$0")/.."
generator=$PWD/build/cache/bindings
mkdir -p build/cache
go build -tags "bindings,${TAGS:-sqlite_fts5}" -o "$generator" .
if [ "${1:-}" != check ]; then
  tsoutputtype=interfaces "$generator"
  echo "bindings: written to frontend/src/wailsjs"
  exit 0
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch/frontend/src"
cp wails.json "$scratch/"
(cd "$scratch" && tsoutputtype=interfaces "$generator" >/dev/null)
if diff -r frontend/src/wailsjs "$scratch/frontend/src/wailsjs"; then
  echo "bindings: 1 passed, 0 failed"
else
  echo "bindings: frontend/src/wailsjs is stale; run: make bindings"
  echo "bindings: 0 passed, 1 failed"
  exit 1
fi
