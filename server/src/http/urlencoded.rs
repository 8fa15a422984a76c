//! `application/x-www-form-urlencoded` (WHATWG URL, 5) → names and values; strict about what could be read two ways.

use formwork_engine::presentation::DecodeFault;
use percent_encoding::percent_decode;

/// The most names of one body: a page of a thousand rows of a few controls each.
const MAX_PAIRS: usize = 5000;

/// Why a body is no form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormFault {
    /// It is not UTF-8.
    NotUtf8,
    /// It has more names than anyone fills in.
    TooMany,
    /// A name that can have one value has several.
    Duplicate,
    /// A name has more parts than any field.
    TooDeep,
    /// A name or value has the character U+0000.
    Nul,
}

impl From<DecodeFault> for FormFault {
    fn from(fault: DecodeFault) -> Self {
        match fault {
            DecodeFault::Duplicate => Self::Duplicate,
            DecodeFault::TooDeep => Self::TooDeep,
        }
    }
}

impl FormFault {
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::NotUtf8 => "not_utf8",
            Self::TooMany => "too_many_values",
            Self::Duplicate => "duplicate_key",
            Self::TooDeep => "too_deep",
            Self::Nul => "nul_character",
        }
    }

    pub(super) fn message(self) -> &'static str {
        match self {
            Self::NotUtf8 => "the form is not UTF-8",
            Self::TooMany => "the form has too many values",
            Self::Duplicate => "the form has two values for one name",
            Self::TooDeep => "the form nests too deeply",
            Self::Nul => "a text of the form has the character U+0000",
        }
    }
}

/// Reads a whole body.
///
/// # Errors
/// With the first fault.
pub(super) fn parse(bytes: &[u8]) -> Result<Vec<(String, String)>, FormFault> {
    let parts = bytes.split(|byte| *byte == b'&').filter(|part| !part.is_empty());
    let mut pairs = Vec::new();
    for part in parts {
        if pairs.len() == MAX_PAIRS {
            return Err(FormFault::TooMany);
        }
        let end = part.iter().position(|byte| *byte == b'=').unwrap_or(part.len());
        let value = part.get(end + 1..).unwrap_or_default();
        pairs.push((decoded(&part[..end])?, decoded(value)?));
    }
    Ok(pairs)
}

fn decoded(bytes: &[u8]) -> Result<String, FormFault> {
    let spaced: Vec<u8> = bytes.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    let text = percent_decode(&spaced).decode_utf8().map_err(|_| FormFault::NotUtf8)?;
    if text.contains('\0') { Err(FormFault::Nul) } else { Ok(text.into_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_in_their_order() {
        let read = |text: &str| {
            parse(text.as_bytes())
                .map(|pairs| pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>())
        };
        assert_eq!(
            read("a=1&b=x+y%26z&a=&c&&%C5%BC=%2B"),
            Ok(vec!["a=1".into(), "b=x y&z".into(), "a=".into(), "c=".into(), "ż=+".into()])
        );
        assert_eq!(read("a=%FF"), Err(FormFault::NotUtf8));
        assert_eq!(read("a=x%00"), Err(FormFault::Nul));
        assert_eq!(read("a=%zz"), Ok(vec!["a=%zz".into()]));
        assert_eq!(read(&"a=1&".repeat(MAX_PAIRS + 1)), Err(FormFault::TooMany));
    }
}
