//! `non-portable-pattern`: names of character properties that only some validators know.
//!
//! JSON Schema's patterns are ECMAScript's, and there a property has one spelling (ECMA-262, 22.2.1, tables 67 to 69): a
//! validator that keeps to it refuses the whole document. Whatever else is no ECMAScript is `invalid-pattern`.

use std::ops::Range;

use crate::diagnostic::{Diagnostic, Rule, nearest};
use crate::model::{Check, Field, Form, Spanned};

pub(super) fn check(form: &Form, field: &Field) -> Vec<Diagnostic> {
    let patterns = field.validations.iter().flat_map(|validation| match &validation.check {
        Check::Format { with, without } => with.iter().chain(without).collect(),
        _ => Vec::new(),
    });
    patterns.filter_map(|pattern| unknown_property(form, pattern)).collect()
}

fn unknown_property(form: &Form, pattern: &Spanned<String>) -> Option<Diagnostic> {
    let (part, help) = properties(&pattern.value).find_map(|part| {
        let help = misnamed(pattern.value.get(part.clone())?)?;
        Some((part, help))
    })?;
    let written = &pattern.value[part.clone()];
    let message = format!("ECMAScript has no character property `{written}`, so other validators fail on it");
    let span = form.source.span_in_string(&pattern.span, &pattern.value, part);
    Some(Diagnostic::new(Rule::NonPortablePattern, &form.source, span, message).help(help))
}

/// What stands between the braces of each `\p{…}` and `\P{…}`.
fn properties(pattern: &str) -> impl Iterator<Item = Range<usize>> {
    let mut rest = 0;
    std::iter::from_fn(move || {
        loop {
            let escape = rest + pattern.get(rest..)?.find('\\')?;
            let escaped = pattern.get(escape + 1..)?;
            rest = escape + 1 + escaped.chars().next()?.len_utf8();
            if escaped.starts_with("p{") || escaped.starts_with("P{") {
                let start = rest + 1;
                return Some(start..start + pattern.get(start..)?.find('}')?);
            }
        }
    })
}

/// What to write instead of the name of a property that ECMAScript does not have.
fn misnamed(property: &str) -> Option<String> {
    let Some((name, value)) = property.split_once('=') else {
        if CATEGORIES.contains(&property) || BINARY.contains(&property) {
            return None;
        }
        return Some(respelt(property, CATEGORIES.iter().chain(&BINARY).copied()).map_or_else(
            || format!("write `\\p{{Script={}}}` if it is a script", script(property)),
            |near| format!("write `\\p{{{near}}}`"),
        ));
    };
    let category = ["General_Category", "gc"].contains(&name);
    if category && CATEGORIES.contains(&value) {
        return None;
    }
    if category {
        let near = respelt(value, CATEGORIES);
        return Some(near.map_or_else(
            || "write the category as Unicode does: `\\p{Lu}`".to_owned(),
            |near| format!("write `\\p{{{near}}}`"),
        ));
    }
    let known = ["Script", "sc", "Script_Extensions", "scx"].contains(&name);
    (!known || !value.starts_with(|first: char| first.is_ascii_uppercase()))
        .then(|| format!("write `\\p{{Script={}}}`", script(value)))
}

/// The name that differs in case and signs alone, as Unicode lets names differ and ECMAScript does not.
fn respelt<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let bare = |name: &str| -> String {
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
    };
    let names: Vec<&str> = names.into_iter().collect();
    let same = names.iter().find(|name| bare(name) == bare(written)).copied();
    same.or_else(|| nearest(written, names).filter(|near| near.len() > 4))
}

/// The name of a script in Unicode's spelling, as far as its letters show it.
fn script(written: &str) -> String {
    let written = written.strip_prefix("Is").unwrap_or(written);
    let words = written.split(['_', ' ', '-']).map(|word| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    });
    words.collect::<Vec<_>>().join("_")
}

/// The values of `General_Category` (ECMA-262, table 69).
const CATEGORIES: [&str; 80] = [
    "Cased_Letter",
    "LC",
    "Close_Punctuation",
    "Pe",
    "Connector_Punctuation",
    "Pc",
    "Control",
    "Cc",
    "cntrl",
    "Currency_Symbol",
    "Sc",
    "Dash_Punctuation",
    "Pd",
    "Decimal_Number",
    "Nd",
    "digit",
    "Enclosing_Mark",
    "Me",
    "Final_Punctuation",
    "Pf",
    "Format",
    "Cf",
    "Initial_Punctuation",
    "Pi",
    "Letter",
    "L",
    "Letter_Number",
    "Nl",
    "Line_Separator",
    "Zl",
    "Lowercase_Letter",
    "Ll",
    "Mark",
    "M",
    "Combining_Mark",
    "Math_Symbol",
    "Sm",
    "Modifier_Letter",
    "Lm",
    "Modifier_Symbol",
    "Sk",
    "Nonspacing_Mark",
    "Mn",
    "Number",
    "N",
    "Open_Punctuation",
    "Ps",
    "Other",
    "C",
    "Other_Letter",
    "Lo",
    "Other_Number",
    "No",
    "Other_Punctuation",
    "Po",
    "Other_Symbol",
    "So",
    "Paragraph_Separator",
    "Zp",
    "Private_Use",
    "Co",
    "Punctuation",
    "P",
    "punct",
    "Separator",
    "Z",
    "Space_Separator",
    "Zs",
    "Spacing_Mark",
    "Mc",
    "Surrogate",
    "Cs",
    "Symbol",
    "S",
    "Titlecase_Letter",
    "Lt",
    "Unassigned",
    "Cn",
    "Uppercase_Letter",
    "Lu",
];

/// The properties that a character has or has not (ECMA-262, table 68).
const BINARY: [&str; 98] = [
    "ASCII",
    "ASCII_Hex_Digit",
    "AHex",
    "Alphabetic",
    "Alpha",
    "Any",
    "Assigned",
    "Bidi_Control",
    "Bidi_C",
    "Bidi_Mirrored",
    "Bidi_M",
    "Case_Ignorable",
    "CI",
    "Cased",
    "Changes_When_Casefolded",
    "CWCF",
    "Changes_When_Casemapped",
    "CWCM",
    "Changes_When_Lowercased",
    "CWL",
    "Changes_When_NFKC_Casefolded",
    "CWKCF",
    "Changes_When_Titlecased",
    "CWT",
    "Changes_When_Uppercased",
    "CWU",
    "Dash",
    "Default_Ignorable_Code_Point",
    "DI",
    "Deprecated",
    "Dep",
    "Diacritic",
    "Dia",
    "Emoji",
    "Emoji_Component",
    "EComp",
    "Emoji_Modifier",
    "EMod",
    "Emoji_Modifier_Base",
    "EBase",
    "Emoji_Presentation",
    "EPres",
    "Extended_Pictographic",
    "ExtPict",
    "Extender",
    "Ext",
    "Grapheme_Base",
    "Gr_Base",
    "Grapheme_Extend",
    "Gr_Ext",
    "Hex_Digit",
    "Hex",
    "IDS_Binary_Operator",
    "IDSB",
    "IDS_Trinary_Operator",
    "IDST",
    "ID_Continue",
    "IDC",
    "ID_Start",
    "IDS",
    "Ideographic",
    "Ideo",
    "Join_Control",
    "Join_C",
    "Logical_Order_Exception",
    "LOE",
    "Lowercase",
    "Lower",
    "Math",
    "Noncharacter_Code_Point",
    "NChar",
    "Pattern_Syntax",
    "Pat_Syn",
    "Pattern_White_Space",
    "Pat_WS",
    "Quotation_Mark",
    "QMark",
    "Radical",
    "Regional_Indicator",
    "RI",
    "Sentence_Terminal",
    "STerm",
    "Soft_Dotted",
    "SD",
    "Terminal_Punctuation",
    "Term",
    "Unified_Ideograph",
    "UIdeo",
    "Uppercase",
    "Upper",
    "Variation_Selector",
    "VS",
    "White_Space",
    "space",
    "XID_Continue",
    "XIDC",
    "XID_Start",
    "XIDS",
];
