//! The helper for cards that senders made themselves.

use super::HelperDoc;
use crate::render::inbound::{self, Dialect};

pub(super) const HELPERS: &[HelperDoc] = &[HelperDoc {
    name: "posted_card",
    usage: "(posted_card payload \"slack\")",
    gives: "The parts (`title`, `summary`, `severity`, `status`, `link`, `body`, `actions`, and whether it is `styled`) of what senders post to Office 365 connectors, Workflows or Slack: a MessageCard, an Adaptive Card, a message of Slack's, a text. With \"slack\", a bare text is Slack's Markdown.",
    example: [
        "{{lookup (posted_card payload) \"summary\"}}",
        r#"{"title":"Disk full","text":"97 % of sda1","themeColor":"D70000"}"#,
        "Disk full",
    ],
    values: (1, 2),
    run: |args| {
        let dialect = if args.text(1) == "slack" { Dialect::Mrkdwn } else { Dialect::Markdown };
        Ok(inbound::posted(args.value(0), dialect))
    },
}];
