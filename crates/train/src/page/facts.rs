//! The origin of a model.

use striate_formats::Provenance;

/// The origin of a model, as names and values for the end of a [page](striate_report::page::Page). `epochs` is the number of epochs
/// of its run, or 0 where it is unknown.
///
/// # Example
/// ```
/// use striate_formats::Provenance;
///
/// let provenance = Provenance { model: "convnet".into(), epochs: 3, ..Provenance::default() };
/// let facts = striate_train::facts(&provenance, 5);
/// assert!(facts.contains(&("Network", "convnet".into())) && facts.contains(&("Epoch kept", "3 of 5".into())));
/// ```
pub fn facts(provenance: &Provenance, epochs: usize) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("Network", provenance.model.clone()),
        ("Trained on", provenance.data.clone()),
        ("SHA-256 of the images", provenance.data_sha256.clone()),
        ("Seed", provenance.seed.to_string()),
    ];
    match provenance.epochs {
        // A fitted last layer: there was no training.
        0 => {}
        kept if kept <= epochs => facts.push(("Epoch kept", format!("{kept} of {epochs}"))),
        kept => facts.push(("Epochs", kept.to_string())),
    }
    facts.push(("Striate", provenance.striate_version.clone()));
    facts
}
