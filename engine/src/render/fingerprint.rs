//! What tells whether a finding is the same as that of an earlier run, though the lines above it moved.

use std::collections::HashMap;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::shown_path;
use crate::diagnostic::Diagnostic;

/// A fingerprint for each finding, in their order: 32 hex digits of its rule, file and message, and of how many such
/// come before it. No two are the same.
pub(super) fn fingerprints(diagnostics: &[Diagnostic]) -> Vec<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let of = |found: &Diagnostic| {
        let identity =
            format!("{}\0{}\0{}", found.rule.name(), shown_path(&found.primary.file), found.message);
        let before = seen.entry(identity.clone()).or_default();
        let digest = Sha256::digest(format!("{identity}\0{before}"));
        *before += 1;
        digest.iter().take(16).fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    };
    diagnostics.iter().map(of).collect()
}
