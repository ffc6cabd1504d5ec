#!/bin/sh
# golangci-lint (pinned, installed through the Go module proxy) and oxlint.
set -eu
cd "$(dirname "$0")/.."
version=v2.15.0
linter=build/cache/bin/golangci-lint-$version
if [ ! -x "$linter" ]; then
  echo "lint: installing golangci-lint $version (a few minutes, once)"
  mkdir -p build/cache/bin
  GOFLAGS=-buildvcs=false GOBIN="$PWD/build/cache/bin" go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$version"
  mv build/cache/bin/golangci-lint "$linter"
fi
"$linter" run ./...
cd frontend && npm run --silent lint
