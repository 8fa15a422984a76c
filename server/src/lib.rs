//! formwork's server and command line, as a library for the binary and the tests.

pub mod accounts;
pub mod cli;
pub mod html;
pub mod http;
pub mod idempotency;
pub mod measures;
pub mod metrics;
pub mod openapi;
pub mod password;
pub mod rate;
pub mod settings;
pub mod store;
pub mod token;
pub mod workbench;
