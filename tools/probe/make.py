#!/usr/bin/env python3
"""Makes crates/train/src/probe/golden.csv: what scikit-learn's logistic regression finds for rows made by a formula.

    pip install numpy scikit-learn
    python tools/probe/make.py > crates/train/src/probe/golden.csv

scikit-learn minimizes C * sum(loss) + |W|^2 / 2; ours is mean(loss) + l2 * |W|^2 / 2, so C = 1 / (n * l2).
"""

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression

n, d, classes, l2 = 40, 6, 3, 1e-2
i, j = np.arange(n)[:, None], np.arange(d)[None, :]
x = ((i * 7919 + j * 104729 + 13) % 1009) / 504.5 - 1.0 + np.where(j == i % 3, 0.7, 0.0)
y = np.arange(n) % 3

fit = LogisticRegression(C=1.0 / (n * l2), tol=1e-12, max_iter=100000).fit(x, y)
bias = fit.intercept_ - fit.intercept_.mean()
print(f"# scikit-learn {sklearn.__version__}, tools/probe/make.py: one line a class, weights, then bias")
for k in range(classes):
    print(",".join(f"{v:.10f}" for v in [*fit.coef_[k], bias[k]]))
