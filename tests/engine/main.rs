//! The engine from outside: what holds for every form, beyond what a case file can say of one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[allow(dead_code, reason = "what becomes of a request is for the harness beside the file")]
#[path = "../cases/case_file.rs"]
mod case_file;

mod bounds;
mod changes;
mod claims;
mod diagnostics;
mod documents;
mod editor;
mod formats;
mod forms;
mod generate;
mod messages;
mod mutate;
mod pages;
mod policies;
mod random;
mod samples;
