"""ONNX Runtime's inference of `convnet`: images per second at batch 64 and 1000, latency at batch 1.

The graph is built here from formula-made weights (tools/golden/formula.py), so PyTorch is not needed, and its logits
are first compared with the golden file, so the peer runs the same network. Each batch size gets a model of that fixed
shape, ORT_ENABLE_ALL, and input and output bound to preallocated buffers, which is ONNX Runtime's best setting. Prints one JSON line per
batch size: {"peer": "onnxruntime", "batch": 64, "threads": 2, "latency_us": 950.1, "images_per_s": 67362, ...}.
"""

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "golden"))
import formula  # noqa: E402

SHAPES = {
    "conv1.weight": (16, 1, 3, 3), "conv1.bias": (16,), "conv2.weight": (32, 16, 3, 3), "conv2.bias": (32,),
    "fc1.weight": (128, 1568), "fc1.bias": (128,), "fc2.weight": (10, 128), "fc2.bias": (10,),
}


def formula_array(name, shape):
    return np.array(formula.values(name, shape)).astype(np.float32).reshape(shape)


def convnet(batch, weights):
    """`convnet` as ONNX bytes: input [batch, 1, 28, 28], output logits [batch, 10]."""
    conv = dict(kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    pool = dict(kernel_shape=[2, 2], strides=[2, 2])
    nodes = [
        helper.make_node("Conv", ["input", "conv1.weight", "conv1.bias"], ["c1"], **conv),
        helper.make_node("Relu", ["c1"], ["r1"]),
        helper.make_node("MaxPool", ["r1"], ["p1"], **pool),
        helper.make_node("Conv", ["p1", "conv2.weight", "conv2.bias"], ["c2"], **conv),
        helper.make_node("Relu", ["c2"], ["r2"]),
        helper.make_node("MaxPool", ["r2"], ["p2"], **pool),
        helper.make_node("Flatten", ["p2"], ["flat"], axis=1),
        helper.make_node("Gemm", ["flat", "fc1.weight", "fc1.bias"], ["f1"], transB=1),
        helper.make_node("Relu", ["f1"], ["r3"]),
        helper.make_node("Gemm", ["r3", "fc2.weight", "fc2.bias"], ["logits"], transB=1),
    ]
    graph = helper.make_graph(
        nodes, "convnet",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [batch, 1, 28, 28])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [batch, 10])],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def session(batch, weights, threads):
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return ort.InferenceSession(convnet(batch, weights), options, providers=["CPUExecutionProvider"])


def check_against_golden(weights, threads):
    """The largest difference from the golden file's logits; more than 1e-4 means a different network."""
    golden = json.loads((ROOT / "crates" / "testkit" / "golden" / "convnet.json").read_text())
    x = formula_array("input", tuple(golden["input_shape"]))
    (logits,) = session(len(x), weights, threads).run(None, {"input": x})
    difference = float(np.abs(logits.ravel() - np.array(golden["logits_eval"]["values"])).max())
    if not difference < 1e-4:
        raise SystemExit(f"logits differ from the golden file's by {difference}: not the same network")
    return difference


def measure(batch, weights, threads, seconds):
    """The median time of one run in microseconds, over as many runs as fit into `seconds` after a warm-up."""
    net = session(batch, weights, threads)
    x = np.random.default_rng(0).standard_normal((batch, 1, 28, 28), dtype=np.float32)
    logits = np.empty((batch, 10), np.float32)
    binding = net.io_binding()
    binding.bind_cpu_input("input", x)
    binding.bind_output("logits", "cpu", 0, np.float32, logits.shape, logits.ctypes.data)
    run, clock = net.run_with_iobinding, time.perf_counter_ns
    warm_until = clock() + int(0.5e9)
    while clock() < warm_until:
        run(binding)
    times, until = [], clock() + int(seconds * 1e9)
    while clock() < until or len(times) < 20:
        start = clock()
        run(binding)
        times.append(clock() - start)
    assert np.isfinite(logits).all() and np.abs(logits).max() > 0, "the bound output was never written"
    return statistics.median(times) / 1e3, len(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 64, 1000])
    parser.add_argument("--threads", type=int, nargs="+", default=[2], help="intra-op threads; several are tried in turn")
    parser.add_argument("--seconds", type=float, default=3.0, help="time to measure each batch size")
    args = parser.parse_args()

    weights = {name: formula_array(name, shape) for name, shape in SHAPES.items()}
    difference = check_against_golden(weights, args.threads[0])
    for batch in args.batches:
        for threads in args.threads:
            microseconds, runs = measure(batch, weights, threads, args.seconds)
            print(json.dumps({
                "peer": "onnxruntime", "version": ort.__version__, "batch": batch, "threads": threads,
                "latency_us": round(microseconds, 2), "images_per_s": round(batch / microseconds * 1e6), "runs": runs,
                "logits_max_abs_difference": difference, "load_average_1m": round(os.getloadavg()[0], 2),
            }), flush=True)


if __name__ == "__main__":
    main()
