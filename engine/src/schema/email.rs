//! `email`: an address that a sign-up means.

use serde_json::json;

use super::Constraint;

pub(super) fn constraints() -> Vec<Constraint> {
    vec![Constraint::new("email", vec![("format", json!("email"))])]
}

/// Whether a text is an e-mail address: the meaning of `format: "email"` in our documents.
///
/// A dot-atom, `@`, and a host name of at least two labels: the addresses of RFC 5321 without quoted local parts,
/// address literals and bare host names, which in a sign-up are mistakes. The same as Ajv's `email`.
#[must_use]
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    local.split('.').all(is_atom) && domain.contains('.') && domain.split('.').all(is_label)
}

/// RFC 5322, 3.2.3: `atext`.
fn is_atom(atom: &str) -> bool {
    let special = b"!#$%&'*+/=?^_`{|}~-";
    !atom.is_empty() && atom.bytes().all(|byte| byte.is_ascii_alphanumeric() || special.contains(&byte))
}

/// RFC 1034, 3.5: letters, digits and inner hyphens.
fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for text in
            ["a@b.co", "first.last+tag@mail.example.com", "o'neil@example.ie", "A@EXAMPLE.COM", "1@2.3"]
        {
            assert!(is_email(text), "{text}");
        }
        for text in [
            "",
            "@",
            "a",
            "a@",
            "@b.co",
            "a@b",
            "a@b..co",
            "a@.co",
            "a@b.co.",
            ".a@b.co",
            "a.@b.co",
            "a..b@c.de",
            "a b@c.de",
            "a@b@c.de",
            "a@-b.co",
            "a@b-.co",
            "\"a\"@b.co",
            "a@[127.0.0.1]",
            "ż@b.pl",
            "a@ż.pl",
            "a@b.co\n",
            " a@b.co",
        ] {
            assert!(!is_email(text), "{text}");
        }
    }
}
