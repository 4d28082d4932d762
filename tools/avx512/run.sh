#!/usr/bin/env bash
# Runs the tests of crates/kernels on a processor with AVX-512 that Bochs emulates, and prints what they say.
#
#     tools/avx512/run.sh                       all tests
#     tools/avx512/run.sh conv::tests linear    the tests whose names hold one of these
#
# README.md says what this needs, how it works and how long it takes. It installs nothing and needs no root; what it makes
# lies in target/avx512. Exit code 0: the tests passed; 1: some did not, there were none, or the machine stopped early; 2: a
# package is missing.
set -euo pipefail
cd "$(dirname "$0")/../.."

for file in /usr/bin/bochs /usr/lib/x86_64-linux-gnu/bochs/plugins/libbx_term_gui.so /usr/bin/xorriso /bin/busybox \
    /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32; do
    [ -e "$file" ] || {
        echo "$file is missing: apt-get install bochs bochs-term isolinux syslinux-common xorriso busybox-static" >&2
        exit 2
    }
done

work=target/avx512
rm -rf $work/root $work/disc
mkdir -p $work/root/bin $work/disc $work/kernel

# Linked statically, the tests need nothing of a system but its kernel.
RUSTFLAGS='-C target-feature=+crt-static' cargo test -p striate-kernels --lib --no-run --release --locked \
    --target x86_64-unknown-linux-gnu --target-dir $work/build 2>&1 | tee $work/cargo.log
strip -o $work/root/tests "$(sed -n 's/.*Executable .*(\(.*\))$/\1/p' $work/cargo.log)"

# The kernel is taken out of its package, which is not installed.
if [ ! -e $work/kernel/boot ]; then
    image=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9]\)/\1/p')
    (cd $work/kernel && apt-get download "$image" && dpkg-deb -x "$image"_*.deb .)
fi
cp $work/kernel/boot/vmlinuz-* $work/disc/vmlinuz

cp /bin/busybox $work/root/bin/
cat > $work/root/init << END
#!/bin/busybox sh
PATH=/bin
busybox mkdir -p /proc /dev /tmp
busybox mount -t proc none /proc
busybox mount -t devtmpfs none /dev
if busybox grep -qw avx512vl /proc/cpuinfo; then
    STRIATE_TEST_THREADS=1 /tests --test-threads=1 $*
else
    echo "the kernel finds no AVX-512"
fi
busybox sleep 1
busybox poweroff -f
END
chmod +x $work/root/init
(cd $work/root && find . | busybox cpio -o -H newc) > $work/disc/initrd

# Bochs 2.7 gives a size of the compacted XSAVE area that Linux takes for a fault, and Linux then does without AVX: so without
# the compacted form. It logs each read of the two counters that it lacks.
cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 $work/disc/
cat > $work/disc/isolinux.cfg << END
default tests
label tests
    kernel /vmlinuz
    append initrd=/initrd console=ttyS0 loglevel=1 mitigations=off tsc=reliable noxsaves clearcpuid=xsavec,aperfmperf
END
xorriso -as mkisofs -quiet -o $work/disc.iso -b isolinux.bin -c boot.cat -no-emul-boot -boot-load-size 4 \
    -boot-info-table $work/disc

cat > $work/bochsrc << END
display_library: term
cpu: model=corei7_skylake_x, ips=100000000, reset_on_triple_fault=0
memory: guest=1024, host=1024
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
ata0-master: type=cdrom, path=$work/disc.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=$work/results.txt
log: $work/bochs.log
panic: action=fatal
END
# Debian's Bochs starts in its debugger, which this tells to continue; its screen, which shows nothing, needs a terminal.
echo continue > $work/debugger
: > $work/results.txt
tail -f $work/results.txt &
trap "kill $!" EXIT
TERM=vt100 script -qec "bochs -q -f $work/bochsrc -rc $work/debugger" /dev/null < /dev/null > $work/screen.log 2>&1 || true
sleep 1
grep -q '^test result: ok\. [1-9]' $work/results.txt
