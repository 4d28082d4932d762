//! Integrated gradients, `(x - x') · ∫₀¹ ∂f_class/∂x (x' + t (x - x')) dt`: every change of the logit on the straight way
//! from a baseline x' to the picture, booked to the values that made it.
//!
//! The integral is Gauss-Legendre. A network of ReLUs has a gradient that jumps on the way, where no rule of fixed places is
//! exact; but on each panel of the way the logit's rise is known, and so is the error. The panel with the largest one is
//! halved until their sum is small enough.

use ndarray::{ArrayView3, Axis};

use super::quadrature::gauss_legendre;
use super::{Completeness, Evidence, Method, Question};
use crate::error::InspectError;

/// How closely the way from the baseline is followed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Path {
    /// Places on each panel.
    pub nodes: usize,
    /// Most panels; with 1 the rule is plain Gauss-Legendre.
    pub panels: usize,
    /// Panels are halved until the sum of their gaps is below this share of the logit's rise, or is rounding.
    pub tolerance: f64,
}

impl Default for Path {
    fn default() -> Self {
        Self { nodes: 8, panels: 64, tolerance: 1e-3 }
    }
}

/// A part of the way: from where to where, the scores there, and what the values add on it.
struct Panel {
    ends: [f64; 2],
    scores: [f64; 2],
    values: Vec<f32>,
    /// How far the values are from the logit's rise; 0 where that is no more than the logits' own rounding.
    gap: f64,
}

/// Rounding of a logit, in units of its last place, below which no panel is halved.
const ROUNDING: f64 = 8.0;

impl Question<'_> {
    /// Integrated gradients from `baseline`, `[C, H, W]`. The values sum to the logit's rise from there; the gap that
    /// remains is in [`Evidence::completeness`].
    ///
    /// # Errors
    /// When the baseline has another shape than the picture, and when the network cannot be run backward.
    ///
    /// # Panics
    /// When the path has no nodes.
    ///
    /// # Source
    /// Sundararajan 2017.
    pub fn integrated_gradients(
        &mut self,
        baseline: &ArrayView3<'_, f32>,
        path: Path,
    ) -> Result<Evidence, InspectError> {
        assert!(path.nodes > 0, "integrated gradients need at least one node");
        self.check(baseline)?;
        let rule = gauss_legendre(path.nodes);
        let ends = self.at(baseline, &[0.0, 1.0]);
        let scores = self.scores(&ends)?;
        let scores = [scores[0], scores[1]];
        let mut panels = vec![self.panel(baseline, &rule, [0.0, 1.0], scores)?];
        let enough = path.tolerance * (scores[1] - scores[0]).abs();
        while panels.len() < path.panels && panels.iter().map(|panel| panel.gap).sum::<f64>() > enough {
            let by_gap = |a: &usize, b: &usize| panels[*a].gap.total_cmp(&panels[*b].gap);
            let worst = (0..panels.len()).max_by(by_gap).unwrap_or_else(|| unreachable!("there is one"));
            let Panel { ends: [start, end], scores: [low, high], .. } = panels.swap_remove(worst);
            let middle = f64::midpoint(start, end);
            let there = self.at(baseline, &[middle]);
            let between = self.scores(&there)?[0];
            panels.push(self.panel(baseline, &rule, [start, middle], [low, between])?);
            panels.push(self.panel(baseline, &rule, [middle, end], [between, high])?);
        }
        let total = |i: usize| panels.iter().map(|panel| f64::from(panel.values[i])).sum::<f64>() as f32;
        let values: Vec<f32> = (0..self.picture.len()).map(total).collect();
        let completeness = Completeness::of(&values, scores[1], scores[0]);
        let evidence = self.evidence(Method::IntegratedGradients, scores[1], values)?;
        Ok(Evidence { completeness: Some(completeness), ..evidence })
    }

    /// The pictures at places on the way.
    fn at(&self, baseline: &ArrayView3<'_, f32>, places: &[f64]) -> ndarray::Array4<f32> {
        let mut pictures = self.pictures(places.len());
        for (mut picture, &t) in pictures.axis_iter_mut(Axis(0)).zip(places) {
            let between = |from: f32, to: f32| f64::from(from) * (1.0 - t) + f64::from(to) * t;
            let values = picture.iter_mut().zip(baseline.iter().zip(&self.picture));
            values.for_each(|(value, (&from, &to))| *value = between(from, to) as f32);
        }
        pictures
    }

    fn panel(
        &mut self,
        baseline: &ArrayView3<'_, f32>,
        rule: &[(f64, f64)],
        ends: [f64; 2],
        scores: [f64; 2],
    ) -> Result<Panel, InspectError> {
        let width = ends[1] - ends[0];
        let places: Vec<f64> = rule.iter().map(|(t, _)| ends[0] + width * t).collect();
        let gradients = self.slopes_of_input(&self.at(baseline, &places))?.gradient;
        let mut mean = vec![0.0; self.picture.len()];
        for (gradient, &(_, weight)) in gradients.outer_iter().zip(rule) {
            mean.iter_mut().zip(&gradient).for_each(|(sum, &g)| *sum += width * weight * f64::from(g));
        }
        let ways = self.picture.iter().zip(baseline).map(|(&to, &from)| f64::from(to) - f64::from(from));
        let values: Vec<f32> = ways.zip(mean).map(|(way, g)| (way * g) as f32).collect();
        let gap = Completeness::of(&values, scores[1], scores[0]).gap.abs();
        let rounding = ROUNDING * f64::from(f32::EPSILON) * scores[0].abs().max(scores[1].abs());
        Ok(Panel { ends, scores, values, gap: if gap > rounding { gap } else { 0.0 } })
    }
}
