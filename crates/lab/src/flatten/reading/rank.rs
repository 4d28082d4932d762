//! All networks in one sentence, from the best to the worst.

use super::Reader;
use super::words::{called, capital, listed, percent};
use crate::flatten::compare::{Stand, compare};
use crate::flatten::nets::Network;
use crate::flatten::spread::Spread;
use crate::flatten::study::Contender;

/// One figure of one network, and on how many images it was measured.
pub(super) struct Figure<'a> {
    pub(super) network: Network,
    pub(super) spread: &'a Spread,
    pub(super) images: f64,
}

impl<'a> Reader<'a> {
    pub(super) fn figures(&self, of: impl Fn(&'a Contender) -> Option<(&'a Spread, f64)>) -> Vec<Figure<'a>> {
        let figure = |contender: &'a Contender| {
            let (spread, images) = of(contender)?;
            Some(Figure { network: contender.network, spread, images })
        };
        self.contenders().iter().filter_map(figure).collect()
    }

    /// Everybody from the best to the worst, and which neighbors are level.
    pub(super) fn ranking(&self, when: &str, what: &str, mut figures: Vec<Figure<'_>>) -> String {
        figures.sort_by(|a, b| b.spread.mean.total_cmp(&a.spread.mean));
        let said = figures.iter().enumerate().map(|(i, figure)| {
            let name = called(figure.network);
            let share = percent(figure.spread.mean);
            if i == 0 { format!("{name} gets {share} {what}") } else { format!("{name} {share}") }
        });
        let said = listed(&said.collect::<Vec<_>>());
        let level = figures.windows(2).filter(|pair| stand(&pair[0], &pair[1]) == Stand::Level);
        let level: Vec<String> = level
            .map(|pair| format!("{} and {}", called(pair[0].network), called(pair[1].network)))
            .collect();
        let level = match &level[..] {
            [] => String::new(),
            [first, others @ ..] => {
                let others: String = others.iter().map(|pair| format!(", as are {pair}")).collect();
                format!(" {} are level{others}.", capital(first))
            }
        };
        format!("{when} {said}.{level}")
    }
}

fn stand(a: &Figure<'_>, b: &Figure<'_>) -> Stand {
    compare(a.spread, b.spread, [a.images, b.images])
}
