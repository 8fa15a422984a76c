//! What several commands are told alike, by flag or environment.

use std::path::PathBuf;

use clap::Args;

/// Where the configuration is.
#[derive(Args, Clone, Debug)]
pub struct ConfigsSetting {
    /// The configuration directory.
    #[arg(
        long,
        value_name = "DIR",
        env = "FORMWORK_CONFIGS",
        hide_env_values = true,
        default_value = "configs",
        global = true
    )]
    pub configs: PathBuf,
}

/// Where the database is.
#[derive(Args, Clone, Debug)]
pub struct DatabaseSetting {
    /// The database: `sqlite:FILE`.
    #[arg(
        long,
        value_name = "URL",
        env = "FORMWORK_DATABASE",
        hide_env_values = true,
        default_value = "sqlite:data/formwork.db"
    )]
    pub database: String,
}
