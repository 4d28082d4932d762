use expect_test::expect;

use super::*;

fn row(label: &str, algorithm: &'static str, reason: &str, multiply_adds: u64) -> PlanPart {
    let gflops = (multiply_adds > 0).then_some(2.0 * multiply_adds as f64 / 1e6);
    PlanPart {
        pass: "forward",
        nodes: vec![label.into()],
        label: label.into(),
        algorithm,
        reason: reason.into(),
        kernels: vec!["kernel"],
        seconds: 0.001,
        multiply_adds,
        gflops,
        share_of_peak: gflops.map(|gflops| gflops / 100.0),
        bytes: 3_000_000,
        gb_per_s: 3.0,
        roofline_gflops: gflops,
        roofline_s: 0.0005,
        limit: None,
    }
}

#[test]
fn a_plan_fits_a_terminal_of_120_columns() {
    let long = "features.denseblock4.denselayer16.norm1 +hard_sigmoid +channel_shuffle";
    let rows = vec![
        PlanPart { limit: Some("a reason".into()), ..row("input", "input", "", 0) },
        row("layer1.0.conv1 +norm +relu", "Winograd 4x4", "64 channels, 196 tiles", 115_605),
        row(long, "direct, pooled", "3x3, of a reason that is longer than any", 50_000),
        PlanPart { pass: "backward", ..row("fc", "linear", "", 2_000) },
    ];
    let kind = |pass, algorithm, multiply_adds| AlgorithmTotal {
        pass,
        algorithm,
        parts: 12,
        seconds: 0.001,
        share_of_time: 0.25,
        multiply_adds,
        roofline_s: 0.0005,
    };
    let kinds = vec![kind("forward", "adaptive_avg_pool2d", 0), kind("backward", "direct, pooled", 115_605)];
    let (model, work, input) = ("any".into(), "inference", [3, 224, 224]);
    let plan = Plan {
        model,
        work,
        input,
        batch: 1,
        machine: Machine::for_tests(),
        rounds: 9,
        run_s: 0.0035,
        rows,
        kinds,
    };
    let text = plan.to_string();
    assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
    expect![[r#"
        any: inference, 1 image of 3x224x224, 2 threads, avx2

        layer                       how                                      time  GFLOP/s  of peak    bytes  GB/s  allowed
        ──────────────────────────  ─────────────────────────────────────  ──────  ───────  ───────  ───────  ────  ───────
        input                       input                                  1.0 ms                     3.0 MB   3.0   500 µs
        layer1.0.conv1 +norm +relu  Winograd 4x4: 64 channels, 196 tiles   1.0 ms      0.2      0 %   3.0 MB   3.0   500 µs
        …_sigmoid +channel_shuffle  direct, pooled: 3x3, of a reason that  1.0 ms      0.1      0 %   3.0 MB   3.0   500 µs
        fc                          gradients of linear                    1.0 ms      0.0      0 %   3.0 MB   3.0   500 µs
        ──────────────────────────  ─────────────────────────────────────  ──────  ───────  ───────  ───────  ────  ───────
        all                                                                4.0 ms      0.1      0 %  12.0 MB   3.0   2.0 ms

        pass      kind                 parts    time  of time  GFLOP/s  of peak  allowed
        ────────  ───────────────────  ─────  ──────  ───────  ───────  ───────  ───────
        forward   adaptive_avg_pool2d     12  1.0 ms     25 %                     500 µs
        backward  direct, pooled          12  1.0 ms     25 %      0.2      0 %   500 µs

        Parts that reach less than 60 % of what the roofline allows:
          input, 1 part, 1.0 ms:
            a reason
          Winograd 4x4, 1 part, 1.0 ms:
            the reason is unknown
          direct, pooled, 1 part, 1.0 ms:
            the reason is unknown

        Times are the minimum of 9 rounds, with a wait after every kernel; the fastest run without waits took 3.5 ms.
        f32 peak 80.0 GFLOP/s before and 100.0 after, on the same threads; shares refer to the higher one.
        They differ by more than a tenth: something else was running, so these figures are not reliable.
        GFLOP/s count two operations per multiply-add of the plain sums. Winograd and gradients through a fused pool do fewer:
        their share may exceed 100 %, and their time may be below the roofline.
        Bytes count the inputs, parameters and outputs as stored in memory, each once.
        The time allowed is that of the roofline: of the operations at the peak, or of the bytes at the bandwidth of the
        smallest of these working sets that holds them, in GB/s: 262 kB 52.3.
    "#]].assert_eq(&text);
}
