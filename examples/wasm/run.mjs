// Predicts digits with a model in WebAssembly, and compares the logits with those of this machine, bit for bit.
//
//     node run.mjs STRIATE_WASM LOGITS MODEL DIGITS
//
// STRIATE_WASM is what `cargo build` made of this folder, LOGITS what it made of crates/striate/examples/logits.rs, MODEL is a model
// file of 28 x 28 gray images, and DIGITS is crates/data/assets/digits.gz. tools/wasm/run.sh builds both and calls this.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

const IMAGE_BYTES = 28 * 28;
const IMAGES = 10;
/// Bytes in front of the images, and of the labels, of an idx file.
const [IMAGES_HEADER, LABELS_HEADER] = [16, 8];

const [wasm, logits, model, digits] = process.argv.slice(2);
const { instance } = await WebAssembly.instantiate(readFileSync(wasm), {});
const { memory, striate_alloc, striate_load, striate_predict } = instance.exports;

/// Copies bytes to where the module reads them.
function hand(bytes) {
  const at = striate_alloc(bytes.length);
  new Uint8Array(memory.buffer, at, bytes.length).set(bytes);
}

hand(readFileSync(model));
const classes = striate_load();
if (classes < 1) throw new Error(`${model}: the module cannot load it`);

// Four idx files, one behind the other: training images and labels come first.
const unpacked = gunzipSync(readFileSync(digits));
const count = unpacked.readUInt32BE(4);
const images = unpacked.subarray(IMAGES_HEADER, IMAGES_HEADER + IMAGES * IMAGE_BYTES);
const labelsAt = IMAGES_HEADER + count * IMAGE_BYTES + LABELS_HEADER;
const labels = unpacked.subarray(labelsAt, labelsAt + IMAGES);

const lines = [];
let right = 0;
for (let i = 0; i < IMAGES; i++) {
  hand(images.subarray(i * IMAGE_BYTES, (i + 1) * IMAGE_BYTES));
  const at = striate_predict();
  if (at === 0) throw new Error(`image ${i}: no answer`);
  const values = new Float32Array(memory.buffer, at, classes);
  right += values.indexOf(Math.max(...values)) === labels[i];
  const bits = [...new Uint32Array(memory.buffer, at, classes)];
  lines.push(bits.map((word) => word.toString(16).padStart(8, "0")).join(" "));
}

const folder = mkdtempSync(join(tmpdir(), "striate-wasm-"));
let expected;
try {
  const raw = join(folder, "pixels");
  writeFileSync(raw, images);
  const env = { ...process.env, STRIATE_ISA: "portable" };
  expected = execFileSync(logits, [model, raw], { env, encoding: "utf8" }).trim().split("\n");
} finally {
  rmSync(folder, { recursive: true });
}
if (expected.length !== IMAGES) throw new Error(`${logits}: ${expected.length} lines for ${IMAGES} images`);
for (let i = 0; i < IMAGES; i++) {
  if (lines[i] !== expected[i]) throw new Error(`image ${i}: ${lines[i]} in WebAssembly, ${expected[i]} here`);
}
if (right < IMAGES - 1) throw new Error(`${right} of ${IMAGES} digits are right`);
console.log(`${IMAGES} digits, ${right} right, every bit of their ${IMAGES * classes} logits as on this machine`);
