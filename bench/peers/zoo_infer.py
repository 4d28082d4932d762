"""One peer's inference of one torchvision network: `.venv/bin/python zoo_infer.py ncnn resnet18 --batch 1 --threads 1`.

The network's files are made on first use (zoo_export.py). The peer's logits are first compared with PyTorch's, then runs
are timed: images in memory to logits in memory. Prints one JSON line: {"peer": "ncnn", "model": "resnet18", "batch": 1,
"threads": 1, "best_ms": 20.1, "median_ms": 20.4, "best_cpu_ms": 20.0, "peak_mb": 210.5, ...}. `best_cpu_ms` is the CPU
time of the cheapest run: on one thread, the time it would take on an idle machine. Each peer is at its
fastest setting; README.md says what was tried.
"""

import argparse
import importlib.metadata
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

import memory

HERE = Path(__file__).resolve().parent


# ---- the peers: each takes (what to run, input, threads) and returns a function that returns the logits ----

def ncnn(path, x, threads, half=False):
    import ncnn

    net = ncnn.Net()
    option = net.opt
    option.lightmode = True
    option.num_threads = threads
    option.use_vulkan_compute = False
    option.use_packing_layout = option.use_sgemm_convolution = option.use_winograd_convolution = True
    option.use_fp16_packed = option.use_fp16_storage = option.use_fp16_arithmetic = half
    option.use_bf16_packed = option.use_bf16_storage = half
    single = path.parent / path.name.replace(f"-b{len(x)}", "-b1")
    net.load_param(str(single / "model.ncnn.param"))
    net.load_model(str(single / "model.ncnn.bin"))
    mats = [ncnn.Mat(np.ascontiguousarray(image)) for image in x]

    def run():
        logits = []
        for mat in mats:
            extractor = net.create_extractor()
            extractor.input("in0", mat)
            failed, out = extractor.extract("out0")
            if failed:
                raise RuntimeError(f"ncnn: extract gave {failed}")
            logits.append(np.array(out).ravel())
        return np.stack(logits)

    return run


def mnn(path, x, threads, low=False):
    import MNN

    net = MNN.Interpreter(str(path / "model.mnn"))
    session = net.createSession({
        "backend": "CPU", "numThread": threads, "precision": "low" if low else "high", "memory": "normal", "power": "high",
    })
    into, out = net.getSessionInput(session), net.getSessionOutput(session)
    nchw = MNN.Tensor_DimensionType_Caffe
    given = MNN.Tensor(x.shape, MNN.Halide_Type_Float, x, nchw)
    shape = out.getShape()
    got = MNN.Tensor(shape, MNN.Halide_Type_Float, np.zeros(shape, np.float32), nchw)

    def run():
        into.copyFrom(given)
        net.runSession(session)
        out.copyToHostTensor(got)
        return got.getNumpyData().reshape(shape)

    return run


def openvino(path, x, threads, precision="f32"):
    import openvino

    core = openvino.Core()
    net = core.compile_model(core.read_model(path / "model.onnx"), "CPU", {
        "PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": precision,
    })
    request = net.create_infer_request()
    request.set_input_tensor(openvino.Tensor(x, shared_memory=True))

    def run():
        request.infer()
        return request.get_output_tensor().data

    return run


def onnxruntime(path, x, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "1")
    net = onnxruntime.InferenceSession(str(path / "model.onnx"), options, providers=["CPUExecutionProvider"])
    binding = net.io_binding()
    binding.bind_cpu_input("input", x)
    logits = np.zeros(net.get_outputs()[0].shape, np.float32)
    binding.bind_output("logits", "cpu", 0, np.float32, logits.shape, logits.ctypes.data)

    def run():
        net.run_with_iobinding(binding)
        return logits

    return run


def pytorch(path, x, threads, compiled=False, half=False):
    import zoo_export  # before torch: it sets where torch.compile keeps its files
    import torch

    torch.set_num_threads(threads)
    net = zoo_export.network(path.name.split("-")[0], x.shape[-1]).to(memory_format=torch.channels_last)
    given = torch.from_numpy(x).contiguous(memory_format=torch.channels_last)
    if compiled:
        import torch._inductor.config

        torch._inductor.config.freezing = True  # weights are constants, and laid out once
        net = torch.compile(net)

    @torch.inference_mode()
    def run():
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            return net(given).float().numpy()

    return run


# name: (package, how to load it, largest difference from PyTorch's logits relative to the largest of them)
PEERS = {
    "ncnn": ("ncnn", ncnn, 1e-3),
    "mnn": ("mnn", mnn, 1e-2),  # its Winograd tiles are larger than the others', and so are its rounding errors: see README.md
    "openvino": ("openvino", openvino, 1e-3),
    "onnxruntime": ("onnxruntime", onnxruntime, 1e-3),
    "pytorch": ("torch", pytorch, 1e-3),
    "pytorch-compile": ("torch", lambda *a: pytorch(*a, compiled=True), 1e-3),
    # Not the same numbers:
    "ncnn-half": ("ncnn", lambda *a: ncnn(*a, half=True), 2e-2),
    "mnn-low": ("mnn", lambda *a: mnn(*a, low=True), 2e-2),
    "openvino-bf16": ("openvino", lambda *a: openvino(*a, precision="bf16"), 2e-2),
    "pytorch-bf16": ("torch", lambda *a: pytorch(*a, half=True), 2e-2),
}


def files(model, imgsz, batch):
    """The folder of the network's files, which are made if they do not exist; in a separate process, which may need much memory."""
    for b in sorted({1, batch}):
        path = HERE / ".cache" / f"{model}-{imgsz}-b{b}"
        if not (path / "logits.npy").exists():
            subprocess.run([sys.executable, HERE / "zoo_export.py", model, "--batch", str(b), "--imgsz", str(imgsz)],
                           check=True, stdout=sys.stderr)
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("model", help="the network's name in torchvision")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--imgsz", type=int, default=224, help="side of the square input in pixels")
    parser.add_argument("--seconds", type=float, default=3.0, help="time to measure")
    parser.add_argument("--keep-memory", action=argparse.BooleanOptionalAction, default=True)
    args = parser.parse_args()
    if args.keep_memory:
        memory.keep()
    package, load, tolerance = PEERS[args.peer]
    version = importlib.metadata.version(package)

    path = files(args.model, args.imgsz, args.batch)
    x, wanted = np.load(path / "input.npy"), np.load(path / "logits.npy")
    run = load(path, x, args.threads)
    difference = float(np.abs(run() - wanted).max() / np.abs(wanted).max())
    if not difference < tolerance:
        raise SystemExit(f"{args.peer}: its logits differ from PyTorch's by {difference:.2g} of the largest; not the same network")

    clock, cpu_clock, times, cpu_times = time.perf_counter_ns, time.process_time_ns, [], []
    warm_until = clock() + int(args.seconds * 0.2e9)
    while clock() < warm_until:
        run()
    until = clock() + int(args.seconds * 1e9)
    while clock() < until or len(times) < 5:
        start, cpu_start = clock(), cpu_clock()
        run()
        times.append((clock() - start) / 1e6)
        cpu_times.append((cpu_clock() - cpu_start) / 1e6)
    print(json.dumps({
        "peer": args.peer, "version": version, "model": args.model, "batch": args.batch, "threads": args.threads,
        "imgsz": args.imgsz, "best_ms": round(min(times), 4), "median_ms": round(statistics.median(times), 4),
        "best_cpu_ms": round(min(cpu_times), 4), "runs": len(times), "peak_mb": round(memory.peak_mb(), 1), "difference": difference,
        "load_average_1m": round(os.getloadavg()[0], 2),
    }), flush=True)


if __name__ == "__main__":
    main()
