//! What the way out must know again after a restart: what quota groups have used up, how destinations stand, and what
//! subscriptions that want changes only were told last.

use std::collections::HashMap;

use fjall::Slice;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::{
    codec::{StandingRow, ToldRow, UsageRow, damaged, decode, encode},
    disk::{Disk, Space, unreadable},
    draft::Draft,
};
use crate::{
    destination::DestinationId,
    name::SubscriptionId,
    standing::Standing,
    store::{StoreError, Usage},
};

impl Draft<'_> {
    pub(super) fn put_usage(&mut self, usage: &Usage) -> Result<(), StoreError> {
        let row = encode(&UsageRow::of(usage))?;
        self.put(Space::Usages, usage.group.as_bytes().into(), row);
        Ok(())
    }

    pub(super) fn forget_usages(&mut self, groups: Vec<String>) -> Result<(), StoreError> {
        for group in groups {
            self.remove(Space::Usages, group.as_bytes().into());
        }
        Ok(())
    }

    pub(super) fn put_told(
        &mut self,
        subscription: SubscriptionId,
        told: &[(String, bool)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for (key, failing) in told {
            let row = encode(&ToldRow { failing: *failing, at: now.as_millisecond() })?;
            self.put(Space::Told, told_key(subscription, key), row);
        }
        Ok(())
    }

    pub(super) fn forget_told(&mut self, keys: Vec<Slice>) -> Result<(), StoreError> {
        keys.into_iter().for_each(|key| self.remove(Space::Told, key));
        Ok(())
    }

    pub(super) fn put_standing(&mut self, lane: DestinationId, standing: Option<Standing>) -> Result<(), StoreError> {
        let key = lane.as_u64().to_be_bytes();
        match &standing {
            Some(standing) => self.put(Space::Standings, key.into(), encode(&StandingRow::of(standing))?),
            None => self.remove(Space::Standings, key.into()),
        }
        self.standings.push((lane, standing));
        Ok(())
    }
}

/// Keys come from payloads and may be long: a hash stands for them.
fn told_key(subscription: SubscriptionId, key: &str) -> Slice {
    let hash = Sha256::digest(key.as_bytes());
    [subscription.as_u128().to_be_bytes().as_slice(), hash.get(..16).unwrap_or(&hash)].concat().into()
}

/// Whether a subscription was told of a failure last.
pub(super) fn told(disk: &Disk, subscription: SubscriptionId, key: &str) -> Result<Option<bool>, StoreError> {
    let bytes = disk.get(Space::Told, &told_key(subscription, key))?;
    let what = || format!("what subscription {subscription} was told last");
    bytes.map(|bytes| Ok(decode::<ToldRow>(&bytes, what)?.failing)).transpose()
}

/// Keys of what was told before this; those that can't be read go as well.
pub(super) fn told_before(disk: &Disk, before: Timestamp) -> Result<Vec<Slice>, StoreError> {
    let mut old = Vec::new();
    for pair in disk.space(Space::Told).iter() {
        let (key, value) = pair.into_inner().map_err(|error| unreadable(Space::Told, &error))?;
        let row = decode::<ToldRow>(&value, || "what was told last".into());
        old.extend(row.map_or(true, |row| row.at < before.as_millisecond()).then_some(key));
    }
    Ok(old)
}

/// What was kept of all quota groups; what can't be read is told of and left out.
pub(super) fn usages(disk: &Disk) -> Result<Vec<Usage>, StoreError> {
    let mut usages = Vec::new();
    for pair in disk.space(Space::Usages).iter() {
        let (key, value) = pair.into_inner().map_err(|error| unreadable(Space::Usages, &error))?;
        let group = String::from_utf8_lossy(&key).into_owned();
        match decode::<UsageRow>(&value, || format!("what the quota group {group} has used")) {
            Ok(row) => usages.push(row.usage(group)),
            Err(error) => tracing::error!(%error, "its allowance begins anew"),
        }
    }
    Ok(usages)
}

/// How all destinations stand; one that can't be read is told of and begins anew.
pub(super) fn standings(disk: &Disk) -> Result<HashMap<DestinationId, Standing>, StoreError> {
    let mut standings = HashMap::new();
    for pair in disk.space(Space::Standings).iter() {
        let (key, value) = pair.into_inner().map_err(|error| unreadable(Space::Standings, &error))?;
        match standing(&key, &value) {
            Ok((lane, standing)) => drop(standings.insert(lane, standing)),
            Err(error) => tracing::error!(%error, "a destination's state begins anew"),
        }
    }
    Ok(standings)
}

fn standing(key: &[u8], value: &[u8]) -> Result<(DestinationId, Standing), StoreError> {
    let bytes = <[u8; 8]>::try_from(key);
    let bytes =
        bytes.map_err(|_| damaged("a destination's state".into(), format!("its key has {} bytes", key.len())))?;
    let lane = DestinationId::from_u64(u64::from_be_bytes(bytes));
    let what = || format!("the state of destination {lane}");
    Ok((lane, decode::<StandingRow>(value, what)?.standing(what)?))
}
