//! Runbook folders: walking, reading, the embedded sample pack.
