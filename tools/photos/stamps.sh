#!/bin/sh
# Makes a small set of real photographs, one folder a class, from Debian's package tuxpaint-stamps-default: cut-outs of
# birds, mammals, flowers, fruit and vegetables as PNG with transparency, 167 in all. GPL-2, so fetched and never committed.
#
#     tools/photos/stamps.sh FOLDER
#     striate finetune FOLDER --model efficientnet_lite0 --weights FILE
#
# Needs a Debian or Ubuntu with apt-get and dpkg-deb; installs nothing and needs no root. Exit code 3: the package archive
# does not answer. A package that lies here already is used: tools/photos/stamps.sh FOLDER PACKAGE.deb
set -eu

package=tuxpaint-stamps-default
[ $# -ge 1 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2; }
out=$1
[ ! -e "$out" ] || { echo "$out: exists already; name a folder that does not" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ $# -ge 2 ]; then
    cp "$2" "$work/package.deb"
elif (cd "$work" && apt-get download "$package" > apt.log 2>&1); then
    mv "$work/$package"_*.deb "$work/package.deb"
else
    echo "$package: the package archive does not answer; what apt-get said:" >&2
    cat "$work/apt.log" >&2
    exit 3
fi
dpkg-deb -x "$work/package.deb" "$work/content"
stamps=$work/content/usr/share/tuxpaint/stamps

mkdir -p "$out"
for class in animals/birds animals/mammals plants/flowers food/fruit food/vegetables; do
    to=$out/${class#*/}
    mkdir "$to"
    # Drawings are no photographs, and a mirrored image is the same image again.
    (cd "$stamps/$class" && find . -name '*.png' | grep -v -e cartoon -e toys -e plastic -e _mirror | sort) |
        while read -r image; do
            cp "$stamps/$class/$image" "$to/$(echo "${image#./}" | tr / -)"
        done
    echo "$(ls "$to" | wc -l) $to"
done
