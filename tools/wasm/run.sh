#!/usr/bin/env bash
# Builds examples/wasm for wasm32-unknown-unknown, predicts ten digits with it in Node, and compares every bit of their logits with
# those of the portable kernels on this machine.
#
#     tools/wasm/run.sh            all of this: five to ten minutes on two cores, nearly all of them spent on compiling the kernels
#     tools/wasm/run.sh --check    only checks that it compiles, as CI does
#
# The standard library for WebAssembly comes from rustup (`rustup target add wasm32-unknown-unknown`), or is built from the sources of
# Debian's packages rustc-web and rust-web-src. What this makes lies in target/wasm. Exit code 0: the bits are the same; 1: they are
# not, or something did not compile; 3: Node or the target is missing, and nothing was run.
set -euo pipefail
cd "$(dirname "$0")/../.."

missing() {
    echo "NOT RUN: $*" >&2
    exit 3
}

target=wasm32-unknown-unknown
out=target/wasm
check=
case "$*" in
    '') ;;
    --check) check=yes ;;
    *) echo "run.sh: expected nothing or --check, got $*" >&2; exit 2 ;;
esac
[ "$check" ] || command -v node > /dev/null || missing "no node on the PATH; on Debian: apt-get install nodejs"

# The portable kernels are compiled to vectors of 128 bits. Speed does not matter here, so little is optimized.
export CARGO_PROFILE_DEV_OPT_LEVEL=0 CARGO_PROFILE_DEV_DEBUG=false
flags='-C target-feature=+simd128'
build=(cargo "$([ "$check" ] && echo check || echo build)" --manifest-path examples/wasm/Cargo.toml --locked --target $target --target-dir $out)
if [ -d "$(rustc --print target-libdir --target $target)" ]; then
    RUSTFLAGS=$flags "${build[@]}"
elif [ -d "$(/usr/bin/rustc --print sysroot 2> /dev/null)/lib/rustlib/src/rust/library" ]; then
    linker=$(rustc --print sysroot)/lib/rustlib/$(rustc --print host-tuple)/bin/rust-lld
    [ -x "$linker" ] || missing "no rust-lld beside rustc; a toolchain of rustup has it"
    RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 RUSTFLAGS="-C linker=$linker $flags" "${build[@]}" -Z build-std=std,panic_abort
else
    missing "no standard library for $target: rustup target add $target (on Debian: apt-get install rustc-web rust-web-src)"
fi

[ -z "$check" ] || exit 0

# `cargo test` has built this example already.
unset CARGO_PROFILE_DEV_OPT_LEVEL CARGO_PROFILE_DEV_DEBUG
cargo build --workspace --examples --locked
node examples/wasm/run.mjs $out/$target/debug/striate_wasm.wasm "${CARGO_TARGET_DIR:-target}/debug/examples/logits" \
    crates/models/assets/shipped/convnet.safetensors crates/data/assets/digits.gz
