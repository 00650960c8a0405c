//! How often somebody may have a card posted to a channel that is not known to be theirs.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use crate::{destination::DestinationId, person::Owner};

/// Cards with a code in an hour, by who asks for them.
const BY_OWNER: usize = 10;

/// And by channel, whoever asks: nobody is to be annoyed by codes.
const BY_CHANNEL: usize = 5;

const HOUR: Duration = Duration::from_secs(3600);

/// Owners and channels that are remembered; above that, those that asked longest ago are forgotten.
const MOST_KNOWN: usize = 10_000;

/// What was asked for in the last hour.
#[derive(Debug, Default)]
pub struct Allowances(Mutex<HashMap<Key, VecDeque<Timestamp>>>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Owner(Owner),
    Channel(DestinationId),
}

impl Allowances {
    /// Counts one card with a code, if there may be one more.
    ///
    /// # Errors
    /// How long it is until there may be.
    pub fn spend(&self, owner: &Owner, channel: DestinationId, now: Timestamp) -> Result<(), Duration> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let both = [(Key::Owner(owner.clone()), BY_OWNER), (Key::Channel(channel), BY_CHANNEL)];
        for (key, most) in &both {
            let asked = known.entry(key.clone()).or_default();
            while asked.front().is_some_and(|at| *at + HOUR <= now) {
                asked.pop_front();
            }
            if asked.len() >= *most
                && let Some(first) = asked.front()
            {
                return Err((*first + HOUR).duration_since(now).unsigned_abs());
            }
        }
        for (key, _) in both {
            known.entry(key).or_default().push_back(now);
        }
        while known.len() > MOST_KNOWN {
            let oldest = known.iter().min_by_key(|(_, asked)| asked.back().copied()).map(|(key, _)| key.clone());
            oldest.and_then(|key| known.remove(&key));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guest(number: u128) -> Owner {
        Owner::Guest(crate::name::InvitationId::from_u128(number))
    }

    fn minute(minute: u64) -> Timestamp {
        Timestamp::UNIX_EPOCH + Duration::from_secs(minute * 60)
    }

    #[test]
    fn a_channel_gets_five_codes_in_an_hour_whoever_asks() {
        let allowances = Allowances::default();
        let channel = DestinationId::from_u64(1);
        for number in 0..5 {
            assert_eq!(allowances.spend(&guest(number), channel, minute(0)), Ok(()));
        }
        assert_eq!(allowances.spend(&guest(9), channel, minute(20)), Err(Duration::from_mins(40)));
        assert_eq!(allowances.spend(&guest(9), channel, minute(60)), Ok(()));
    }

    #[test]
    fn somebody_gets_ten_in_an_hour_whatever_the_channel_and_nobody_else_has_to_wait() {
        let allowances = Allowances::default();
        for channel in 0..10 {
            assert_eq!(allowances.spend(&guest(1), DestinationId::from_u64(channel), minute(0)), Ok(()));
        }
        assert!(allowances.spend(&guest(1), DestinationId::from_u64(99), minute(59)).is_err());
        assert_eq!(allowances.spend(&guest(2), DestinationId::from_u64(99), minute(59)), Ok(()));
        assert_eq!(allowances.spend(&guest(1), DestinationId::from_u64(98), minute(60)), Ok(()));
    }

    #[test]
    fn made_up_channels_take_no_memory_without_end() {
        let allowances = Allowances::default();
        for number in 0..12_000_u32 {
            let owner = guest(u128::from(number));
            assert_eq!(allowances.spend(&owner, DestinationId::from_u64(number.into()), minute(0)), Ok(()));
        }
        assert!(allowances.0.lock().unwrap().len() <= MOST_KNOWN);
    }
}
