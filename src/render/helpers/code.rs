//! Helpers for what version control calls things.

use super::HelperDoc;

pub(super) const HELPERS: &[HelperDoc] = &[
    HelperDoc {
        name: "short_sha",
        usage: "{{short_sha sha}}",
        gives: "The first seven characters of a commit's id; nothing for the id of all zeros.",
        example: ["{{short_sha payload}}", r#""6dcb09b5b57875f334f61aebed695e2e4193db5e""#, "6dcb09b"],
        values: (1, 1),
        run: |args| {
            let sha = args.text(0);
            let is_none = sha.chars().all(|c| c == '0');
            Ok(sha.chars().take(if is_none { 0 } else { 7 }).collect::<String>().into())
        },
    },
    HelperDoc {
        name: "branch",
        usage: "{{branch ref}}",
        gives: "A branch's or a tag's name without `refs/heads/` or `refs/tags/`.",
        example: ["{{branch payload}}", r#""refs/heads/feature/x""#, "feature/x"],
        values: (1, 1),
        run: |args| {
            let name = args.text(0);
            let bare = ["refs/heads/", "refs/tags/"].iter().find_map(|prefix| name.strip_prefix(prefix));
            Ok(bare.unwrap_or(&name).into())
        },
    },
];
