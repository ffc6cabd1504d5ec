#!/bin/bash
# Installs build/dist/*.deb in a fresh root of this Debian, opens the window there
# on a screen that nobody sees, and removes the package. As root, with
# debootstrap; packages come from where apt has them here.
set -euo pipefail
cd "$(dirname "$0")/.."
deb=$(ls "$PWD"/build/dist/freehold_*.deb)
. /etc/os-release
mirror=$(apt-get indextargets --format '$(REPO_URI)' "Release: $VERSION_CODENAME" | head -n 1)
root=$(mktemp -d)
cleanup() {
  for at in proc dev/pts dev; do mountpoint -q "$root/$at" && umount "$root/$at"; done
  rm -rf --one-file-system "$root"
}
trap cleanup EXIT
in_root() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"; }

echo "package-test: a fresh $VERSION_CODENAME"
debootstrap --variant=minbase "$VERSION_CODENAME" "$root" "$mirror" >"$root.log" || { tail "$root.log"; exit 1; }
rm -f "$root.log"
cp -r /etc/apt/. "$root/etc/apt/"
cp /etc/resolv.conf "$root/etc/" 2>/dev/null || true
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mount --bind /dev/pts "$root/dev/pts"
cp "$deb" "$root/freehold.deb"
in_root apt-get -qq update
in_root apt-get -qq install -y --no-install-recommends /freehold.deb >/dev/null
in_root apt-get -qq install -y --no-install-recommends xvfb xauth dbus dbus-x11 desktop-file-utils shared-mime-info >/dev/null

echo "package-test: the terminal"
in_root freehold version
in_root desktop-file-validate /usr/share/applications/freehold.desktop
in_root sh -c 'printf "GGUF\003\000\000\000" >/tmp/a.gguf && update-mime-database /usr/share/mime'

echo "package-test: the window"
in_root sh -c 'FREEHOLD_HOME=/tmp/home FREEHOLD_LOG=info timeout 60 xvfb-run -a dbus-run-session -- freehold >/tmp/log 2>&1 & n=0; until grep -q "interface drawn" /tmp/log; do n=$((n+1)); [ $n -lt 600 ] || { cat /tmp/log; exit 1; }; sleep 0.1; done; grep "interface drawn" /tmp/log; kill %1 2>/dev/null; wait; true'

echo "package-test: removing"
in_root dpkg -L freehold >"$root/files"
in_root apt-get -qq purge -y freehold >/dev/null
while read -r f; do [ -d "$root$f" ] || [ ! -e "$root$f" ] || { echo "left behind: $f"; exit 1; }; done <"$root/files"
[ ! -d "$root/usr/share/doc/freehold" ] || { echo "left behind: /usr/share/doc/freehold"; exit 1; }
echo "package-test: installed, opened and removed cleanly"
