//! JSON that can be read one way only.
//!
//! `serde_json` takes the last of two equal keys and nests 128 deep; a request whose meaning depends on the reader is
//! refused here instead. No fault quotes the text: it may be a password.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Deserializer, Map, Number, Value};

/// How deep arrays and objects may nest.
pub const MAX_DEPTH: usize = 64;

/// Why a text is not acceptable JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonFault {
    /// The bytes are not UTF-8.
    NotUtf8,
    /// There is nothing but white space.
    Empty,
    /// The text does not follow the grammar, at this line and column from 1.
    Syntax(usize, usize),
    /// An object has a key twice, at this line and column from 1.
    DuplicateKey(usize, usize),
    /// Arrays and objects nest deeper than [`MAX_DEPTH`].
    TooDeep,
    /// A text has the character U+0000, at this line and column from 1.
    Nul(usize, usize),
}

impl JsonFault {
    /// What programs go by.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NotUtf8 => "not_utf8",
            Self::Empty | Self::Syntax(..) => "malformed_json",
            Self::DuplicateKey(..) => "duplicate_key",
            Self::TooDeep => "too_deep",
            Self::Nul(..) => "nul_character",
        }
    }

    /// What people read.
    #[must_use]
    pub fn message(self) -> String {
        match self {
            Self::NotUtf8 => "the body is not UTF-8".to_owned(),
            Self::Empty => "the body is empty".to_owned(),
            Self::Syntax(line, column) => format!("the body is not JSON (line {line}, column {column})"),
            Self::DuplicateKey(line, column) => {
                format!("an object in the body has the same key twice (line {line}, column {column})")
            }
            Self::TooDeep => format!("the body nests deeper than {MAX_DEPTH} levels"),
            Self::Nul(line, column) => {
                format!("a text in the body has the character U+0000 (line {line}, column {column})")
            }
        }
    }
}

/// Reads a whole text.
///
/// # Errors
/// With the first fault.
pub fn parse(bytes: &[u8]) -> Result<Value, JsonFault> {
    let text = std::str::from_utf8(bytes).map_err(|_| JsonFault::NotUtf8)?;
    if text.trim_ascii().is_empty() {
        return Err(JsonFault::Empty);
    }
    let strict = Cell::new(None);
    let mut deserializer = Deserializer::from_str(text);
    let parsed = Strict { depth: 0, fault: &strict }.deserialize(&mut deserializer);
    parsed.and_then(|value| deserializer.end().map(|()| value)).map_err(|error| match strict.get() {
        Some(Broken::DuplicateKey) => JsonFault::DuplicateKey(error.line(), error.column()),
        Some(Broken::Depth) => JsonFault::TooDeep,
        Some(Broken::Nul) => JsonFault::Nul(error.line(), error.column()),
        None => JsonFault::Syntax(error.line(), error.column()),
    })
}

/// A rule of ours that the text breaks; told beside the error, so that no text has to be read.
#[derive(Clone, Copy)]
enum Broken {
    DuplicateKey,
    Depth,
    Nul,
}

#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: usize,
    fault: &'a Cell<Option<Broken>>,
}

impl Strict<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(self.broken(Broken::Depth));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }

    /// A text, which ends at U+0000 for some who read it, and which `PostgreSQL` cannot look into if it has one.
    fn text<E: serde::de::Error>(self, text: String) -> Result<String, E> {
        if text.contains('\0') { Err(self.broken(Broken::Nul)) } else { Ok(text) }
    }

    fn broken<E: serde::de::Error>(self, fault: Broken) -> E {
        self.fault.set(Some(fault));
        E::custom("refused")
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not finite"))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        self.visit_string(value.to_owned())
    }

    fn visit_string<E: serde::de::Error>(self, value: String) -> Result<Value, E> {
        self.text(value).map(Value::String)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            match object.entry(self.text(key)?) {
                Entry::Occupied(_) => return Err(self.broken(Broken::DuplicateKey)),
                Entry::Vacant(place) => place.insert(entries.next_value_seed(inner)?),
            };
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_read_one_way_is_read() {
        let text = r#"{"a":[1,-2,3.5,true,null,"ż\n"],"b":{"a":{}}}"#;
        assert_eq!(parse(text.as_bytes()).ok(), serde_json::from_str(text).ok());
    }

    #[test]
    fn duplicate_keys_are_refused_at_any_depth_however_they_are_spelt() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"x":[{"a":1,"b":2,"a":3}]}"#, r#"{"a":1,"\u0061":2}"#] {
            assert!(matches!(parse(text.as_bytes()), Err(JsonFault::DuplicateKey(1, _))), "{text}");
        }
    }

    #[test]
    fn a_text_with_nul_is_refused_as_key_and_as_value() {
        for text in [r#"{"a":"b\u0000"}"#, r#"["\u0000"]"#, r#"{"a\u0000":1}"#] {
            assert!(matches!(parse(text.as_bytes()), Err(JsonFault::Nul(1, _))), "{text}");
        }
        assert!(parse(br#"["\\u0000"]"#).is_ok());
    }

    #[test]
    fn depth_is_bounded_exactly() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert_eq!(parse(nested(MAX_DEPTH + 1).as_bytes()), Err(JsonFault::TooDeep));
        assert_eq!(parse(nested(100_000).as_bytes()), Err(JsonFault::TooDeep));
    }

    #[test]
    fn what_is_not_json_is_refused_without_being_quoted() {
        assert_eq!(parse(b" \n"), Err(JsonFault::Empty));
        for text in ["{", "nul", "{\"a\":1} x", "{'a':1}", "1e999", "\"\\ud800\"", "{\"a\":1,}", "\u{feff}{}"]
        {
            let fault = parse(text.as_bytes());
            assert!(matches!(fault, Err(JsonFault::Syntax(..))), "{text}: {fault:?}");
        }
        assert_eq!(parse(b"\"\xff\""), Err(JsonFault::NotUtf8));
    }
}
