//! What each setting alone can't tell: whether they fit each other, and whether a secret of the daemon's own is long.

use super::{Config, problem::Problem, storage};

/// Characters of an admin token, at least: what is shorter can be guessed over a network.
const SHORTEST_TOKEN: usize = 16;

/// Notes what does not fit; `place` names the file that a key came from.
pub(super) fn check(config: &Config, place: &dyn Fn(&str) -> String, problems: &mut Vec<Problem>) {
    let mut note = |key: &str, found: String, cure: &str| problems.push(Problem::new(place(key), key, found, cure));
    for token in &config.admin_token {
        let length = token.expose().chars().count();
        if length < SHORTEST_TOKEN {
            let found = format!("is {length} characters");
            note("admin.token", found, "use at least 16, e.g. of `openssl rand -hex 32`");
        }
    }
    let server = &config.server;
    // Port 0 is any that is free, so it is never the same.
    if server.listen.port() != 0 && config.admin_listen == Some(server.listen) {
        note("admin.listen", "is the address of server.listen".to_owned(), "give it another port");
    }
    if server.body_memory < server.body_limit {
        let found = format!("is {}, less than server.body_limit", server.body_memory);
        note("server.body_memory", found, "make it a multiple of that, so that several bodies fit");
    }
    let offered = config.connector.iter().flat_map(|connector| &connector.sources);
    for source in offered.filter(|source| !config.sources.contains_key(*source)) {
        let cure = "use the name of a file in sources/, or take it out";
        note("connector.sources", format!("names `{source}`, and there is no such source"), cure);
    }
    if let Some(max_size) = config.store.max_size.filter(|size| *size < storage::LEAST) {
        let cure = format!("make it {} at least", storage::LEAST);
        note("store.max_size", format!("is {max_size}, too little to work in"), &cure);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn settings_that_do_not_fit_each_other_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let text = "[server]\nlisten = \"127.0.0.1:80\"\nbody_memory = 10\n\
                    [connector]\nsources = [\"gihub\"]\n[admin]\nlisten = \"127.0.0.1:80\"\ntoken = [\"short-hunter2\", \"long-enough-hunter2\"]";
        std::fs::write(folder.path().join("teams-relay.toml"), text).unwrap();
        let (_, problems) = Config::load(folder.path(), &BTreeMap::new());
        let shown: Vec<String> = problems.iter().map(Problem::to_string).collect();
        insta::assert_snapshot!(shown.join("\n"), @r"
        teams-relay.toml: admin.listen: is the address of server.listen; give it another port
        teams-relay.toml: admin.token: is 13 characters; use at least 16, e.g. of `openssl rand -hex 32`
        teams-relay.toml: connector.sources: names `gihub`, and there is no such source; use the name of a file in sources/, or take it out
        teams-relay.toml: server.body_memory: is 10, less than server.body_limit; make it a multiple of that, so that several bodies fit
        ");
    }
}
