//! A push as GitHub posts it, of invented values.

use serde_json::{Value, json};

/// A push of so many bytes or a little more, by the number of its commits.
pub(crate) fn of(bytes: usize) -> Value {
    let mut commits: Vec<_> = (0..3).map(commit).collect();
    loop {
        let push = json!({
            "ref": "refs/heads/main", "before": "1123456789abcdef0123456789abcdef01234567", "base_ref": null,
            "created": false, "deleted": false, "forced": false,
            "compare": "https://github.com/octo/hello/compare/112345678901...0123456789ab",
            "repository": {
                "id": 17, "name": "hello", "full_name": "octo/hello", "private": true,
                "html_url": "https://github.com/octo/hello", "default_branch": "main",
                "owner": {"login": "octo", "id": 3, "html_url": "https://github.com/octo"},
            },
            "pusher": {"name": "mona", "email": "mona@octo.example"},
            "sender": {"login": "mona", "id": 5, "html_url": "https://github.com/mona"},
            "commits": commits, "head_commit": commits.last(),
        });
        if push.to_string().len() >= bytes {
            return push;
        }
        commits.push(commit(commits.len()));
    }
}

fn commit(number: usize) -> Value {
    json!({
        "id": format!("{number:040x}"), "tree_id": format!("{:040x}", number + 7), "distinct": true,
        "message": format!("Change part {number} of the importer\n\nIt read each file twice, and told nobody."),
        "timestamp": "2026-11-23T08:00:00+01:00",
        "url": format!("https://github.com/octo/hello/commit/{number:040x}"),
        "author": {"name": "Mona", "email": "mona@octo.example", "username": "mona"},
        "committer": {"name": "Mona", "email": "mona@octo.example", "username": "mona"},
        "added": [], "removed": [], "modified": [format!("src/importer/part_{number}.rs"), "CHANGELOG.md"],
    })
}
