#!/usr/bin/env bash
# Make the throw-away Python environment of the peers, bench/peers/.venv (git ignores it; delete it when done).
#
#   bench/peers/setup.sh               PyTorch and ONNX Runtime
#   bench/peers/setup.sh torch         only PyTorch (also what tools/golden/make.py needs)
#   bench/peers/setup.sh torchvision   PyTorch and torchvision (what tools/golden/zoo.py and torchvision_loader.py need)
#   bench/peers/setup.sh attribution   PyTorch, captum and pytorch-grad-cam (what tools/golden/attribution.py needs)
#   bench/peers/setup.sh onnxruntime   only ONNX Runtime and onnx (small)
#   bench/peers/setup.sh engines       PyTorch, torchvision, ncnn, MNN, OpenVINO and ONNX Runtime (what bench/zoo.py needs)
#
# PyTorch's x86-64 wheel loads its CUDA libraries even on a machine without a GPU: 5.5 GB of disk, all under .venv.
# Needs Python 3.11 or newer with the venv module; PYTHON names another interpreter than python3.
set -euo pipefail
cd "$(dirname "$0")"

case "${1:-all}" in
  all) wanted=(torch onnxruntime) ;;
  torch | onnxruntime) wanted=("$1") ;;
  torchvision) wanted=(torch torchvision) ;;
  attribution) wanted=(torch torchvision attribution) ;;
  engines) wanted=(torch torchvision engines) ;;
  *) echo "setup.sh: '$1' is not one of all, torch, torchvision, attribution, onnxruntime, engines" >&2; exit 2 ;;
esac

python=${PYTHON:-python3}
if ! "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo "setup.sh: $python must be Python 3.11 or newer with venv (on Debian: apt install python3-venv)" >&2
  exit 1
fi

[ -d .venv ] || "$python" -m venv .venv
for name in "${wanted[@]}"; do
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-cache-dir -r "requirements-$name.txt"
done
.venv/bin/python -m pip list --disable-pip-version-check 2>/dev/null | grep -Ei '^(torch|torchvision|numpy|captum|grad-cam|onnx|onnxruntime|ncnn|pnnx|mnn|openvino) '
