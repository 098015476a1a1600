//! `[admin]`: the channel of the operators.

use serde::Deserialize;

use super::Error;
use super::answers::is_id;
use super::layers::Layers;

/// Settings of what is told to operators in Slack.
#[derive(Debug, Clone, Deserialize)]
pub struct AdminSettings {
    /// Id of the channel; empty for none.
    pub channel: String,
}

impl AdminSettings {
    /// Returns the channel that is told when something needs an operator, if there is one.
    pub fn channel(&self) -> Option<&str> {
        (!self.channel.is_empty()).then_some(self.channel.as_str())
    }

    pub(super) fn check(&self, layers: &Layers) -> Result<(), Error> {
        if self.channel().is_some_and(|id| !is_id(id, "CG")) {
            return Err(layers.wrong(
                "admin.channel",
                format!("is \"{}\", which is not a channel id", self.channel),
                "write the id from the channel's details, such as \"C0123456789\", never its name; \"\" for none",
            ));
        }
        Ok(())
    }
}
