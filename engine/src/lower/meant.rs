//! What a value of another type says in its own way, such as `"yes"` for `true`, or `5` for `"5"`. Called by `value` and
//! `validation` where a value is refused, for the line that says what to write.

use toml::de::DeValue;

use super::Node;

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Text,
    Number,
    /// A number without a fraction.
    Whole,
    /// A whole number from 0.
    Count,
    Truth,
}

impl Wanted {
    /// It in messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::Number => "a number",
            Self::Whole => "a whole number",
            Self::Count => "a whole number from 0",
            Self::Truth => "`true` or `false`",
        }
    }
}

/// The line to write where a value, which stands in the file as `text`, is not what is asked for and says it.
pub(super) fn meant(key: &str, wanted: Wanted, node: &Node<'_>, text: &str) -> Option<String> {
    let value = match (wanted, node.get_ref()) {
        (
            Wanted::Text,
            DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_),
        ) => format!("\"{text}\""),
        (Wanted::Text, DeValue::Array(only)) if only.len() == 1 && only[0].get_ref().as_str().is_some() => {
            text.trim_matches(['[', ']', ' ']).to_owned()
        }
        (Wanted::Number | Wanted::Whole | Wanted::Count, DeValue::String(said))
            if is_number(said, wanted) =>
        {
            said.to_string()
        }
        (Wanted::Whole | Wanted::Count, DeValue::Float(said)) => {
            let (whole, fraction) = said.as_str().split_once('.')?;
            let is_whole = fraction.bytes().all(|digit| digit == b'0') && is_number(whole, wanted);
            is_whole.then(|| whole.to_owned())?
        }
        (Wanted::Truth, DeValue::String(said)) => truth(said)?.to_string(),
        (Wanted::Truth, DeValue::Integer(said)) => truth(said.as_str())?.to_string(),
        _ => return None,
    };
    (!value.contains(['\n', '`'])).then(|| format!("write `{key} = {value}`"))
}

/// Whether a text is a decimal number as TOML and JSON have it.
pub(super) fn is_number(text: &str, wanted: Wanted) -> bool {
    let negative = text.strip_prefix('-');
    let (whole, fraction) = negative
        .unwrap_or(text)
        .split_once('.')
        .map_or_else(|| (negative.unwrap_or(text), None), |(whole, fraction)| (whole, Some(fraction)));
    let digits = |digits: &str| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(|fraction| wanted == Wanted::Number && digits(fraction))
        && (negative.is_none() || wanted != Wanted::Count)
}

/// What a word means for something that is so or not.
fn truth(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_toml() {
        for (text, number, whole, count) in [
            ("18", true, true, true),
            ("0", true, true, true),
            ("-3", true, true, false),
            ("2.50", true, false, false),
            ("007", false, false, false),
            (".5", false, false, false),
            ("5.", false, false, false),
            ("1e3", false, false, false),
            ("", false, false, false),
            ("-", false, false, false),
        ] {
            let found = [Wanted::Number, Wanted::Whole, Wanted::Count].map(|wanted| is_number(text, wanted));
            assert_eq!(found, [number, whole, count], "{text}");
        }
    }
}
