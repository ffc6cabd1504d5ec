#!/bin/bash
# Runs every suite, whatever the ones before it said, and ends with one line per
# suite. Fails if any suite failed. `build/test.sh go window` runs only those.
set -u
cd "$(dirname "$0")/.."
: "${BIN:=build/bin/freehold}" "${TAGS:=sqlite_fts5}"
export GOFLAGS="${GOFLAGS:--buildvcs=false -trimpath -tags=$TAGS}"

# Tests find the starter model and the browser through these.
model=$(ls build/starter/*.gguf 2>/dev/null | head -n 1)
[ -n "$model" ] && export FREEHOLD_TEST_MODEL="$PWD/$model"
embedder=$(ls build/embedder/*.gguf 2>/dev/null | head -n 1)
[ -n "$embedder" ] && export FREEHOLD_TEST_EMBEDDER="$PWD/$embedder"
export FREEHOLD_BIN="$PWD/$BIN"
CHROMIUM=${CHROMIUM:-$(command -v chromium-headless-shell || command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
export CHROMIUM
# No test may touch the user's own data.
FREEHOLD_HOME=$(mktemp -d)
export FREEHOLD_HOME
trap 'rm -rf "$FREEHOLD_HOME"' EXIT

# Where goroutines meet. The engine's kernels are C, which the detector does not see.
# The long tests of what is read and answered have run without it.
race_packages='./app ./app/api ./app/chat ./app/desktop ./app/store ./app/porting ./app/document/librarian ./app/document/parse ./models/bundle ./models/hub ./models/library ./models/network ./models/stores ./models/transfer ./engine/schedule ./engine/kvcache'

summary=''
failed=0
wanted="$*"
log=build/cache/test.log
mkdir -p build/cache

suite() { # suite NAME COMMAND...: runs COMMAND and keeps its closing line
  name=$1
  shift
  case " $wanted " in '  ' | *" $name "*) ;; *) return 0 ;; esac
  printf '\n== %s\n' "$name"
  start=$SECONDS
  "$@" 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  line=$(grep -aE '[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1 | sed -E 's/.*[^0-9]([0-9]+ passed, [0-9]+ failed.*)/\1/')
  if [ "$status" = 0 ]; then verdict=ok; else
    verdict=FAILED
    failed=1
  fi
  summary="$summary$(printf '%-12s %-6s %4ss  %s' "$name" "$verdict" $((SECONDS - start)) "$line")
"
}

count() { # count COMMAND...: one check, counted as one test
  if "$@"; then echo '1 passed, 0 failed'; else
    echo '0 passed, 1 failed'
    return 1
  fi
}

formatted() {
  unformatted=$(git ls-files -co --exclude-standard '*.go' | xargs gofmt -l)
  [ -z "$unformatted" ] || {
    printf 'gofmt would change:\n%s\n' "$unformatted"
    return 1
  }
}

vetted() {
  # Without the window's tags nothing may need GTK, so pkg-config is taken away.
  PKG_CONFIG=/bin/false go vet ./... &&
    go vet -tags "desktop,production,webkit2_41,$TAGS" . ./app/desktop/...
}

go_tests() { # go_tests FLAG... PACKAGE...
  set -o pipefail
  go test -json "$@" | node build/gotest.mjs
}

typecheck() { (cd frontend && npm run --silent typecheck && npm run --silent lint); }
vitest() {
  report=$PWD/build/cache/vitest.json
  rm -f "$report"
  (cd frontend && npm run --silent test -- --reporter=default --reporter=json --outputFile.json="$report")
  status=$?
  node -p 'const r = JSON.parse(require("fs").readFileSync(process.argv[1])); `${r.numPassedTests} passed, ${r.numFailedTests} failed`' "$report"
  return $status
}
# Both suites by name: neither may be left out because something is missing.
browser() { (cd frontend && npm run --silent e2e -- interface program); }

suite format count formatted
suite vet count vetted
suite go go_tests ./...
suite race go_tests -race -short $race_packages
suite bindings build/bindings.sh check
suite frontend count typecheck
suite vitest vitest
suite browser browser
suite window build/e2e-window/run.sh

printf '\n%s' "$summary"
[ "$failed" = 0 ] && echo 'all suites passed' || echo 'SOME SUITES FAILED'
exit "$failed"
