//! formwork's engine: form configurations in, verdicts out.
//!
//! A TOML file goes `source` → `syntax` → `lower` → `schema` → `compile` → `lint` → `registry`; every step returns
//! its value together with its diagnostics. A request goes through `submission`. No async, no HTTP, no SQL and no
//! environment; files are touched in `source` and `watch` alone.

pub mod after;
pub mod build;
pub mod compat;
pub mod compile;
pub mod diagnostic;
pub mod example_run;
pub mod fix;
mod guard;
pub mod levels;
pub mod lint;
pub mod lower;
mod many;
pub mod messages;
pub mod model;
pub mod outline;
pub mod payload;
pub mod policy;
pub mod presentation;
mod reference;
pub mod registry;
pub mod render;
pub mod sample;
pub mod schema;
pub mod source;
pub mod submission;
pub mod suppression;
pub mod syntax;
mod template;
pub mod theme;
pub mod vocabulary;
pub mod watch;
