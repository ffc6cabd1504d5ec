#!/bin/sh
# setup.sh run|build|test: finds what is missing on this machine and installs it
# where it may (apt, as root or with passwordless sudo); otherwise prints the
# command to run. Quick and silent when nothing is missing.
set -eu
cd "$(dirname "$0")/.."
purpose=${1:-build}

say() { printf 'set-up: %s\n' "$*"; }
die() { printf 'set-up: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
lib() { have pkg-config && pkg-config --exists "$1" 2>/dev/null; }

missing='' # Debian package names
need() { # need PACKAGE PROBE...
  package=$1
  shift
  "$@" || case " $missing " in *" $package "*) ;; *) missing="$missing $package" ;; esac
}

# version_at_least HAVE WANT, by numeric major.minor
version_at_least() {
  [ "$(printf '%s\n%s\n' "$2" "$1" | sort -t. -k1,1n -k2,2n | head -n 1)" = "$2" ]
}

c_compiler() { have "${CC:-cc}" || have gcc || have clang; }
browser() { have "${CHROMIUM:-chromium-headless-shell}" || have chromium || have chromium-browser || have google-chrome; }
fonts() { have fc-list && [ -n "$(fc-list 2>/dev/null | head -n 1)" ]; }
window_libraries() { lib gtk+-3.0 && lib webkit2gtk-4.1; }

case "$(uname -s)" in
Linux)
  need gcc c_compiler
  need libc6-dev test -e /usr/include/stdio.h
  need git have git
  need pkg-config have pkg-config
  need libgtk-3-dev lib gtk+-3.0
  need libwebkit2gtk-4.1-dev lib webkit2gtk-4.1
  if [ "$purpose" = test ]; then
    need webkit2gtk-driver have WebKitWebDriver
    need chromium-headless-shell browser
    need xvfb have Xvfb
    need x11-utils have xprop
    need xdotool have xdotool
    need wmctrl have wmctrl
    need openbox have openbox
    need imagemagick have import
    need dbus have dbus-run-session
    need at-spi2-core test -x /usr/libexec/at-spi-bus-launcher
    need libatspi2.0-dev lib atspi-2
    need fonts-dejavu-core fonts
  fi
  ;;
Darwin)
  xcode-select -p >/dev/null 2>&1 || die "the C compiler is missing. Install it with: xcode-select --install"
  [ "$purpose" != test ] || browser || [ -d "/Applications/Google Chrome.app" ] ||
    die "the browser tests need Chrome or Chromium. Install it with: brew install --cask chromium"
  ;;
MINGW* | MSYS* | CYGWIN*)
  c_compiler || die "a C compiler is missing. Install MSYS2 (https://www.msys2.org) and then: pacman -S mingw-w64-ucrt-x86_64-gcc"
  ;;
esac

if [ -n "$missing" ]; then
  command="apt-get install -y --no-install-recommends$missing"
  if ! have apt-get; then
    say "missing (Debian's names):$missing. Install your system's packages of that kind."
  else
    as=''
    if [ "$(id -u)" != 0 ]; then
      if have sudo && sudo -n true 2>/dev/null; then as='sudo -n'; else as=none; fi
    fi
    if [ "$as" = none ]; then
      say "missing:$missing. Install them with: sudo $command"
    else
      say "installing$missing"
      log=$(mktemp)
      # A package list that is a little old still installs, so a failed update alone is no reason to stop.
      $as apt-get update -q >"$log" 2>&1 || true
      # The browser without its own windows draws tests a third faster; not every Debian and Ubuntu has it.
      apt-cache show chromium-headless-shell >/dev/null 2>&1 || command=$(printf '%s' "$command" | sed 's/chromium-headless-shell/chromium/')
      if $as env DEBIAN_FRONTEND=noninteractive $command >>"$log" 2>&1; then
        rm -f "$log"
      else
        tail -n 15 "$log" >&2
        rm -f "$log"
        say "apt could not install$missing (see above)"
      fi
    fi
  fi
fi

# A real registry for the tests of downloads. Only its program is wanted: Debian
# would start the installed package as a service, so it is unpacked, not installed.
registry=build/cache/docker-registry
registry_wanted() { [ "$purpose" = test ] && [ "$(uname -s)" = Linux ] && ! have docker-registry && ! [ -x "$registry/usr/bin/docker-registry" ]; }
fetch_registry() { # fetch_registry FOLDER
  (cd "$1" && apt-get download -q docker-registry) >/dev/null 2>&1
}
if registry_wanted && have apt-get && have dpkg; then
  say "fetching docker-registry for the tests"
  unpacked=$(mktemp -d)
  fetch_registry "$unpacked" || {
    if [ "$(id -u)" = 0 ]; then apt-get update -q >/dev/null 2>&1; else sudo -n apt-get update -q >/dev/null 2>&1; fi
    fetch_registry "$unpacked"
  } || true
  if dpkg -x "$unpacked"/docker-registry_*.deb "$unpacked/root" 2>/dev/null && [ -x "$unpacked/root/usr/bin/docker-registry" ]; then
    mkdir -p build/cache
    rm -rf "$registry"
    mv "$unpacked/root" "$registry"
  else
    say "docker-registry could not be fetched: the tests against it will be skipped"
  fi
  rm -rf "$unpacked"
fi

# What nothing can do without.
have go || die "Go is missing. Install Go 1.26 or newer from https://go.dev/dl/"
goversion=$(go env GOVERSION | sed 's/^go//')
version_at_least "$goversion" 1.26 || die "Go $goversion is too old. Install Go 1.26 or newer from https://go.dev/dl/"
{ have node && have npm; } || die "Node.js is missing. Install Node.js 20 or newer from https://nodejs.org/"
version_at_least "$(node -p 'process.versions.node')" 20.0 ||
  die "Node.js $(node -p 'process.versions.node') is too old. Install Node.js 20 or newer from https://nodejs.org/"
c_compiler || die "a C compiler is missing (see above)"

if [ "$(uname -s)" = Linux ]; then
  case "$purpose" in
  test)
    window_libraries || die "the tests need GTK 3 and WebKitGTK 4.1 to open the real window (see above)"
    browser || die "the tests need Chromium (see above)"
    for tool in WebKitWebDriver Xvfb xdotool wmctrl openbox import dbus-run-session; do
      have "$tool" || die "the tests need $tool (see above)"
    done
    ;;
  *)
    window_libraries ||
      say "without GTK 3 and WebKitGTK 4.1 this build has no window: it has the terminal and 'freehold serve' for the browser"
    ;;
  esac
fi

# Go modules: fetched once per go.sum.
mkdir -p build/cache build/bin
stamp=build/cache/modules.stamp
if ! [ "$stamp" -nt go.sum ] || ! [ "$stamp" -nt go.mod ]; then
  say "fetching Go modules"
  go mod download
  touch "$stamp"
fi
