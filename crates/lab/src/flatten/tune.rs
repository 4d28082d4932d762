//! Tunes the learning rate, and for an MLP the number of layers, for every network on every data set, plain and scrambled.
//!
//! Three rates are tried on a held-out part of the training split, and further ones as long as the best is the last on its
//! side. The setting with the most hits wins. With scrambled pixels a network keeps its best settings for plain pixels, unless
//! others classify more of the n held-out images correctly by over two standard errors, `2 √(p(1−p)/n + q(1−q)/n)`.
//! Otherwise the choice itself, which depends on a few images, would appear as an effect of scrambling.

use super::compare::{Stand, compare};
use super::error::FlattenError;
use super::nets::Network;
use super::plan::{planned, run};
use super::run::{Finished, Run};
use super::settings::{RATES, Settings};
use super::spread::Spread;
use super::team::Team;
use std::ops::Range;

/// What tuning found for one network on one data set.
#[derive(Debug)]
pub(crate) struct Tuned {
    /// Index of the data set.
    pub(crate) source: usize,
    pub(crate) network: Network,
    pub(crate) scrambled: bool,
    /// All of it, in the order of layers and rates.
    pub(crate) trials: Vec<Finished>,
    /// The one that is used.
    pub(crate) chosen: usize,
}

impl Tuned {
    pub(crate) fn run(&self) -> &Run {
        &self.trials[self.chosen].run
    }
}

/// One network with one choice of layers, and the rates that it tries.
struct Case {
    source: usize,
    network: Network,
    scrambled: bool,
    hidden: Vec<usize>,
    /// Of [`RATES`].
    rates: Range<usize>,
    trials: Vec<Finished>,
}

/// Tunes everything.
pub(crate) fn tune(team: &mut Team<'_, '_>, settings: &Settings) -> Result<Vec<Tuned>, FlattenError> {
    let mut cases = Vec::new();
    for (source, data) in team.sources.iter().enumerate() {
        for network in Network::ALL {
            for scrambled in [false, true].into_iter().filter(|&s| !s || network.can_be_scrambled()) {
                for hidden in network.candidates(data.classes.len()) {
                    cases.push(Case { source, network, scrambled, hidden, rates: 2..5, trials: Vec::new() });
                }
            }
        }
    }
    loop {
        let runs: Vec<Vec<Run>> = cases.iter().map(|case| case.runs(team, settings)).collect();
        let all = runs.concat();
        team.planned = all.len() + planned(team.sources, settings);
        let mut finished = team.complete(&all)?.into_iter();
        for (case, runs) in cases.iter_mut().zip(&runs) {
            case.trials = finished.by_ref().take(runs.len()).collect();
        }
        let grown = cases.iter_mut().filter_map(Case::grow).count();
        let tuned = choose(&cases);
        if grown + cover(&mut cases, &tuned) == 0 {
            return Ok(tuned);
        }
    }
}

impl Case {
    fn runs(&self, team: &Team<'_, '_>, settings: &Settings) -> Vec<Run> {
        let data = &team.sources[self.source];
        let held_out = settings.held_out_images.min(data.train.len() / 6);
        let train_images = settings.tuning_images.min(data.train.len() - held_out);
        let of = |&learning_rate: &f32| Run {
            learning_rate,
            held_out: Some(held_out),
            ..run(data, settings, self.network, &self.hidden, 0, train_images, self.scrambled)
        };
        RATES[self.rates.clone()].iter().map(of).collect()
    }

    /// One more rate where the best is the last on its side.
    fn grow(&mut self) -> Option<()> {
        let best = best(&self.trials);
        if best == 0 && self.rates.start > 0 {
            self.rates.start -= 1;
        } else if best + 1 == self.trials.len() && self.rates.end < RATES.len() {
            self.rates.end += 1;
        } else {
            return None;
        }
        Some(())
    }
}

/// The best of each network, and for scrambled pixels what is kept.
fn choose(cases: &[Case]) -> Vec<Tuned> {
    let key = |case: &Case| (case.source, case.network, case.scrambled);
    let mut tuned: Vec<Tuned> = Vec::new();
    for cases in cases.chunk_by(|a, b| key(a) == key(b)) {
        let (source, network, scrambled) = key(&cases[0]);
        let trials: Vec<Finished> = cases.iter().flat_map(|case| case.trials.clone()).collect();
        let plain = tuned.last().filter(|last| scrambled && (last.source, last.network) == (source, network));
        let kept = plain.and_then(|plain| trials.iter().position(|trial| is_alike(&trial.run, plain.run())));
        let chosen = best_or(&trials, kept);
        tuned.push(Tuned { source, network, scrambled, trials, chosen });
    }
    tuned
}

fn is_alike(a: &Run, b: &Run) -> bool {
    a.hidden == b.hidden && a.learning_rate == b.learning_rate
}

/// Lets scrambled pixels try the rate that was best without; gives how many did not.
fn cover(cases: &mut [Case], tuned: &[Tuned]) -> usize {
    let mut grown = 0;
    for case in cases.iter_mut().filter(|case| case.scrambled) {
        let is_plain = |t: &&Tuned| (t.source, t.network, t.scrambled) == (case.source, case.network, false);
        let Some(plain) = tuned.iter().find(is_plain).map(Tuned::run) else { continue };
        let rate = RATES.iter().position(|&rate| rate == plain.learning_rate);
        if let Some(rate) = rate.filter(|rate| case.hidden == plain.hidden && !case.rates.contains(rate)) {
            case.rates = case.rates.start.min(rate)..case.rates.end.max(rate + 1);
            grown += 1;
        }
    }
    grown
}

/// Most hits; of equals, the smallest loss; of those, the first.
fn best(trials: &[Finished]) -> usize {
    let score = |i: usize| (trials[i].hits, -trials[i].loss.unwrap_or(f64::INFINITY));
    (1..trials.len()).fold(0, |best, i| if score(i) > score(best) { i } else { best })
}

/// The best, or what was kept unless the best is ahead of it.
fn best_or(trials: &[Finished], kept: Option<usize>) -> usize {
    let best = best(trials);
    let share = |i: usize| Spread::new(vec![trials[i].hits as f64 / trials[i].images as f64]);
    let is_ahead = |kept| {
        let images = [trials[best].images as f64; 2];
        compare(&share(best), &share(kept), images) == Stand::Ahead
    };
    kept.filter(|&kept| !is_ahead(kept)).unwrap_or(best)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flatten::run::EDITION;

    fn trial(hits: usize, loss: Option<f64>) -> Finished {
        let run = Run {
            edition: EDITION,
            data: "d".into(),
            data_sha256: String::new(),
            network: Network::Mlp,
            hidden: vec![38],
            seed: 0,
            train_images: 1,
            passes: 1,
            batch_size: 1,
            learning_rate: 1e-3,
            scrambled: true,
            held_out: Some(5_000),
            moved_images: 0,
            moves: Vec::new(),
        };
        Finished { run, parameters: 1, images: 5_000, hits, loss, moved: Vec::new() }
    }

    #[test]
    fn hits_decide_then_the_loss() {
        let trials =
            [trial(4_700, Some(0.3)), trial(4_701, Some(0.4)), trial(4_701, Some(0.2)), trial(0, None)];
        assert_eq!(best(&trials), 2);
        assert_eq!(best(&[trial(0, None), trial(0, Some(2.3))]), 1, "anything is better than to diverge");
    }

    #[test]
    fn what_is_kept_gives_way_only_to_what_is_ahead() {
        // Of 5,000: 2 √(2 · 0.94 · 0.06 / 5000) = 0.0095, 47 images.
        let trials = [trial(4_670, Some(0.3)), trial(4_700, Some(0.2)), trial(4_650, Some(0.3))];
        assert_eq!(best_or(&trials, Some(0)), 0, "30 images are chance");
        assert_eq!(best_or(&trials, Some(2)), 1, "50 are not");
        assert_eq!(best_or(&trials, None), 1);
    }
}
