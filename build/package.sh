#!/bin/sh
# Makes the packages of this system in build/dist: on Linux a .deb, a tarball and,
# where mingw-w64 is installed, a .zip with the program for Windows; on macOS a
# bundle. VERSION names them.
set -eu
cd "$(dirname "$0")/.."
: "${VERSION:=0.1.0}"
dist=build/dist
rm -rf "$dist"
mkdir -p "$dist"
export VERSION STRIP=1

if [ "$(uname -s)" = Darwin ]; then
  app=$dist/Freehold.app/Contents
  mkdir -p "$app/MacOS" "$app/Resources"
  BIN=$app/MacOS/freehold build/build.sh
  sed "s/@VERSION@/$VERSION/" build/darwin/Info.plist >"$app/Info.plist"
  set=$(mktemp -d)/freehold.iconset
  mkdir -p "$set"
  for size in 16 32 128 256 512; do sips -z $size $size build/appicon.png --out "$set/icon_${size}x$size.png" >/dev/null; done
  iconutil -c icns -o "$app/Resources/freehold.icns" "$set"
  (cd "$dist" && zip -qry "Freehold-$VERSION-macos.zip" Freehold.app)
  echo "package: $dist/Freehold-$VERSION-macos.zip (not signed, not notarised)"
  exit
fi

arch=$(dpkg --print-architecture)
root=$dist/root
BIN=$root/usr/bin/freehold build/build.sh
share=$root/usr/share
install -Dm644 build/linux/freehold.desktop "$share/applications/freehold.desktop"
install -Dm644 build/linux/freehold.xml "$share/mime/packages/freehold.xml"
install -Dm644 README.md "$share/doc/freehold/README.md"
for size in 16 24 32 48 64 128 256; do
  install -d "$share/icons/hicolor/${size}x$size/apps"
  go run ./build/icon.go -size $size "$share/icons/hicolor/${size}x$size/apps/freehold.png"
done

tar -C "$root/usr" --owner=0 --group=0 -czf "$dist/freehold-$VERSION-linux-$arch.tar.gz" --transform "s,^\.,freehold-$VERSION," .

mkdir "$root/DEBIAN"
cat >"$root/DEBIAN/control" <<CONTROL
Package: freehold
Version: $VERSION
Architecture: $arch
Maintainer: The Freehold authors <freehold@localhost>
Installed-Size: $(du -ks "$root/usr" | cut -f1)
Depends: libc6 (>= 2.36), libgtk-3-0 | libgtk-3-0t64, libwebkit2gtk-4.1-0
Recommends: xdg-utils
Suggests: tesseract-ocr
Section: utils
Priority: optional
Description: open-weight language models, fully offline
 Chat with language models on this machine and ask your own documents, with
 citations that can be checked. Nothing leaves the machine.
CONTROL
dpkg-deb --build --root-owner-group -Zxz "$root" "$dist/freehold_${VERSION}_$arch.deb" >/dev/null
du -ks "$root/usr" | awk '{printf "package: installs %.1f MB\n", $1 / 1000}'
rm -rf "$root"

if command -v x86_64-w64-mingw32-gcc >/dev/null; then
  echo "package: building for Windows"
  CGO_ENABLED=1 CC=x86_64-w64-mingw32-gcc CXX=x86_64-w64-mingw32-g++ GOOS=windows GOARCH=amd64 \
    go build -tags desktop,production,wv2runtime.download,sqlite_fts5 \
    -ldflags "-s -w -H windowsgui -X main.version=$VERSION" -o "$dist/windows/freehold.exe" .
  (cd "$dist/windows" && zip -q "../freehold-$VERSION-windows-amd64.zip" freehold.exe)
  rm -rf "$dist/windows"
fi
ls -l "$dist"
