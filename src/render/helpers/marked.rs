//! Helpers that say what a text is: Markdown, a link, a mention, or words alone.

use serde_json::Value;

use super::{Args, HelperDoc};
use crate::render::{
    markdown::{github, neutral, without_markdown},
    marks::{self, MENTION, MENTION_END, MENTION_NAME},
    text::web_address,
};

pub(super) const HELPERS: &[HelperDoc] = &[
    HelperDoc {
        name: "md",
        usage: "{{md text}}",
        gives: "The text as Markdown, GitHub's made into what Teams shows; without it Markdown is shown as it was written.",
        example: ["{{md payload}}", "\"**bold** `code_x` <at>no</at>\"", "**bold** code\\_x no"],
        values: (1, 1),
        run: |args| Ok(marked(&github::to_teams(&marks::strip(&args.text(0))))),
    },
    HelperDoc {
        name: "md_link",
        usage: "{{md_link text address}}",
        gives: "A link; the text alone where the address is not http or https.",
        example: [
            "{{md_link payload.name payload.url}}",
            r#"{"name":"a_b","url":"https://octo.example/(x)"}"#,
            "[a\\_b](https://octo.example/%28x%29)",
        ],
        values: (2, 2),
        run: link,
    },
    HelperDoc {
        name: "bold",
        usage: "{{bold text}}",
        gives: "The text in bold.",
        example: ["{{bold payload}}", r#""a*b""#, "**a\\*b**"],
        values: (1, 1),
        run: |args| {
            let words = neutral(crate::render::text::one_line(&args.text(0)).as_str());
            Ok(if words.is_empty() { "".into() } else { marked(&format!("**{words}**")) })
        },
    },
    HelperDoc {
        name: "plain",
        usage: "{{plain text}}",
        gives: "The words of a text of Markdown or HTML, without either.",
        example: ["{{plain payload}}", r#""<b>so</b> [it](https://octo.example) is""#, "so it is"],
        values: (1, 1),
        run: |args| Ok(without_markdown(&args.text(0)).into()),
    },
    HelperDoc {
        name: "mention",
        usage: "{{mention id name}}",
        gives: "A mention: Teams tells the person of that Entra object id or user principal name.",
        example: [
            "{{mention payload.id payload.name}}",
            r#"{"id":"mona@octo.example","name":"Mona"}"#,
            "<at>Mona</at>",
        ],
        values: (2, 2),
        run: |args| {
            let (id, name) = (marks::strip(&args.text(0)), marks::strip(&args.text(1)));
            Ok(format!("{MENTION}{id}{MENTION_NAME}{name}{MENTION_END}").into())
        },
    },
];

fn marked(markdown: &str) -> Value {
    marks::markdown(markdown).into()
}

fn link(args: &Args<'_>) -> Result<Value, &'static str> {
    let text = crate::render::text::one_line(&args.text(0));
    Ok(match web_address(&marks::strip(&args.text(1))) {
        Some(address) if !text.is_empty() => marked(&github::write_link(&neutral(&text), &address)),
        _ => text.into(),
    })
}
