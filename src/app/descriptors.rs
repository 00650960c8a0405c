//! How many files the process may have open, and who gets how many of them: connections must never take those that the
//! store and the posts need.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Config;

/// The store's: those that its engine keeps open, and those that a compaction, a journal and sled open for a while.
const STORE: usize = 192;

/// Signals, timers, listeners, watched files, names that are resolved, and what was not thought of.
const REST: usize = 64;

/// A post's: its connection, and one that is kept open for the next.
const POST: usize = 2;

/// Connections to each admin listener: enough for monitoring and admins, and too few to starve the way in.
const ADMIN: usize = 64;

/// With fewer places it is no use to take webhooks.
const LEAST: usize = 16;

/// Who may have how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shares {
    /// Connections to the public listener.
    pub(super) connections: usize,
    /// Connections to each admin listener.
    pub(super) admin: usize,
    /// Posts at once.
    pub(super) posts: usize,
}

/// Why the relay can't start.
#[derive(Debug, thiserror::Error)]
#[error(
    "the process may have {found} files open, too few to take webhooks; allow it {wanted} (LimitNOFILE= in its systemd unit, or `ulimit -n`)"
)]
pub struct TooFew {
    found: usize,
    wanted: usize,
}

impl Shares {
    /// What the settings ask for, as far as the process may have it. Its own limit is raised as far as is needed and allowed.
    ///
    /// # Errors
    /// Where not even a few connections are left.
    pub(super) fn of(config: &Config) -> Result<Self, TooFew> {
        let asked =
            Self { connections: config.server.max_connections, admin: ADMIN, posts: config.delivery.concurrency };
        let (wanted, found) = (asked.files(), raise(asked.files()));
        let shares = asked.within(found).ok_or(TooFew { found, wanted })?;
        if shares != asked {
            tracing::warn!(
                allowed = found,
                wanted,
                connections = shares.connections,
                posts = shares.posts,
                "the process may not have as many files open as the settings ask for, so it takes fewer connections; set LimitNOFILE= in its systemd unit (or `ulimit -n`) to what is wanted, or server.max_connections and delivery.concurrency lower"
            );
        }
        Ok(shares)
    }

    /// Files that this takes, at most.
    fn files(self) -> usize {
        let admin = self.admin.saturating_mul(2);
        let posts = self.posts.saturating_mul(POST);
        [STORE, REST, admin, posts].into_iter().fold(self.connections, usize::saturating_add)
    }

    /// The same where so many files are allowed: where they are too few, posts and admins get a small part, and
    /// connections what is left.
    fn within(self, files: usize) -> Option<Self> {
        if self.files() <= files {
            return Some(self);
        }
        let part = (files / 16).max(1);
        let fewer = Self { connections: 0, admin: self.admin.min(part), posts: self.posts.min(part) };
        let connections = files.saturating_sub(fewer.files()).min(self.connections);
        (connections >= LEAST.min(self.connections)).then_some(Self { connections, ..fewer })
    }
}

/// Raises the limit to so many, or as far as it goes; returns what it is then.
fn raise(wanted: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let size = |files: Option<u64>| files.map_or(usize::MAX, |files| usize::try_from(files).unwrap_or(usize::MAX));
    let (current, most) = (size(limit.current), size(limit.maximum));
    let target = wanted.min(most);
    if target <= current {
        return current;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: u64::try_from(target).ok(), ..limit }) {
        Ok(()) => target,
        Err(_) => current,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: Shares = Shares { connections: 2048, admin: 64, posts: 64 };

    #[test]
    fn what_is_asked_for_is_given_where_it_is_allowed() {
        assert_eq!(ASKED.files(), 2048 + 192 + 64 + 128 + 128);
        assert_eq!(ASKED.within(ASKED.files()), Some(ASKED));
    }

    #[test]
    fn where_files_are_few_the_store_keeps_its_own_and_connections_get_what_is_left() {
        assert_eq!(ASKED.within(1024), Some(Shares { connections: 512, admin: 64, posts: 64 }));
        assert_eq!(ASKED.within(400), Some(Shares { connections: 44, admin: 25, posts: 25 }));
        for files in 0..4000 {
            if let Some(shares) = ASKED.within(files) {
                assert!(shares.files() <= files && shares.posts > 0 && shares.admin > 0, "{files}: {shares:?}");
            }
        }
    }

    #[test]
    fn with_too_few_the_relay_does_not_start_and_says_how_many_would_do() {
        assert_eq!(ASKED.within(340), None);
        let one = Shares { connections: 1, ..ASKED };
        assert_eq!(one.within(350).map(|shares| shares.connections), Some(1));
        let told = TooFew { found: 340, wanted: ASKED.files() }.to_string();
        assert!(told.contains("340") && told.contains("2560"), "{told}");
    }
}
