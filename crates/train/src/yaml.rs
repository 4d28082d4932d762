//! Writes JSON values as YAML: block mappings, with quoted strings, so that none is ambiguous.

use serde_json::Value;

/// The value of anything that serializes. By way of text, where an `f32` of 0.003 is 0.003; its `f64` would be
/// 0.003000000026077032.
pub(crate) fn value(of: &impl serde::Serialize) -> Value {
    let text = serde_json::to_string(of).expect("plain data has a JSON form");
    serde_json::from_str(&text).expect("what was just written can be read")
}

/// A mapping as YAML.
pub(crate) fn yaml(value: &Value) -> String {
    let mut out = String::new();
    if let Value::Object(entries) = value {
        entries.iter().for_each(|(key, value)| entry(&mut out, 0, key, value));
    }
    out
}

fn entry(out: &mut String, depth: usize, key: &str, value: &Value) {
    out.push_str(&"  ".repeat(depth));
    match value {
        Value::Object(entries) if !entries.is_empty() => {
            out.push_str(&format!("{key}:\n"));
            entries.iter().for_each(|(key, value)| entry(out, depth + 1, key, value));
        }
        // JSON is YAML's flow style.
        flow => out.push_str(&format!("{key}: {flow}\n")),
    }
}

/// Every leaf with its path: `optimizer.betas` and what it is.
pub(crate) fn leaves(value: &Value) -> Vec<(String, String)> {
    let mut out = Vec::new();
    collect(&mut out, String::new(), value);
    out
}

fn collect(out: &mut Vec<(String, String)>, path: String, value: &Value) {
    match value {
        Value::Object(entries) if !entries.is_empty() => {
            for (key, value) in entries {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                collect(out, path, value);
            }
        }
        leaf => out.push((path, leaf.to_string())),
    }
}
