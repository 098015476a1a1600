//! Reading runbooks as they are.

mod asciidoc;
mod corpus;
mod described;
mod extended_markdown;
mod folder;
mod html;
mod kept;
mod liquid;
mod org_mode;
mod outline;
mod owners;
mod plain_text;
mod restructured_text;
mod total;
mod traps;
mod word;
