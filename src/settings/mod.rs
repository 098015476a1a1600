//! Layered settings: `config/default.toml`, `config/local.toml`, the environment; later wins.
