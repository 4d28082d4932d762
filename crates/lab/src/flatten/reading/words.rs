//! Numbers and names in the form of running text.

use crate::flatten::nets::Network;

/// In per cent with one decimal; only an exact 1 is 100.0 %.
pub(crate) fn percent(fraction: f64) -> String {
    let shown = 100.0 * fraction;
    let shown = if fraction < 1.0 { shown.min(99.9) } else { shown };
    format!("{shown:.1} %")
}

pub(super) fn called(network: Network) -> &'static str {
    match network {
        Network::CnnPooled => "the pooled CNN",
        Network::CnnFlat => "the flat CNN",
        Network::Mlp => "the MLP",
        Network::MlpShifts => "the shift-trained MLP",
    }
}

/// `a, b and c`
pub(super) fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
