//! Who somebody is that subscribes: a person by Entra's ids, or a guest by the invitation that let them in.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::name::InvitationId;

/// An id as Entra gives it, in lower case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Guid(Arc<str>);

/// A text that is no GUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no id; write it as Entra shows it, such as 00000000-0000-0000-0000-000000000000")]
pub struct BadGuid;

impl Guid {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Guid {
    type Err = BadGuid;

    fn from_str(text: &str) -> Result<Self, BadGuid> {
        is_guid(text).then(|| Self(text.to_ascii_lowercase().into())).ok_or(BadGuid)
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Whether a text has the form of a GUID.
pub fn is_guid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.concat().bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whose a subscription is: `entra:TENANT/OBJECT-ID` or `guest:ID`, which is also how it is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// A person of a directory. An object id alone is none: another directory may have it too.
    Entra {
        /// The directory.
        tenant: Guid,
        /// The person in it.
        object_id: Guid,
    },
    /// Whoever an invitation let in.
    Guest(InvitationId),
}

/// A text that names no owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no owner; write it as entra:TENANT/OBJECT-ID or guest:ID")]
pub struct BadOwner;

impl FromStr for Owner {
    type Err = BadOwner;

    fn from_str(text: &str) -> Result<Self, BadOwner> {
        match text.split_once(':').ok_or(BadOwner)? {
            ("entra", ids) => {
                let (tenant, object_id) = ids.split_once('/').ok_or(BadOwner)?;
                let id = |text: &str| text.parse::<Guid>().map_err(|_| BadOwner);
                Ok(Self::Entra { tenant: id(tenant)?, object_id: id(object_id)? })
            }
            ("guest", id) => id.parse().map(Self::Guest).map_err(|_| BadOwner),
            _ => Err(BadOwner),
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entra { tenant, object_id } => write!(f, "entra:{tenant}/{object_id}"),
            Self::Guest(id) => write!(f, "guest:{id}"),
        }
    }
}

impl Serialize for Owner {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Owner {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str = "0f6e3c1a-1111-4222-8333-944444444444";
    const MONA: &str = "1A2B3C4D-1111-4222-8333-955555555555";

    #[test]
    fn an_owner_reads_back_as_it_is_kept() {
        let entra: Owner = format!("entra:{TENANT}/{MONA}").parse().unwrap();
        let guest = Owner::Guest(InvitationId::from_u128(7));
        assert_eq!(entra.to_string(), format!("entra:{TENANT}/{}", MONA.to_lowercase()));
        for owner in [entra, guest] {
            assert_eq!(owner.to_string().parse(), Ok(owner.clone()));
            let kept = serde_json::to_string(&owner).unwrap();
            assert_eq!(serde_json::from_str::<Owner>(&kept).unwrap(), owner);
        }
    }

    #[test]
    fn what_names_nobody_is_no_owner() {
        let half = format!("entra:{TENANT}");
        let slash = format!("entra:{TENANT}/../{MONA}");
        for bad in ["", "mona", "guest:", "guest:mona", "entra:/", "admin:1", &half, &slash] {
            assert_eq!(bad.parse::<Owner>(), Err(BadOwner), "{bad}");
        }
        for bad in ["", "----", "0f6e3c1a11114222833394444444444", "0f6e3c1a-1111-4222-8333-94444444444g"] {
            assert!(!is_guid(bad), "{bad}");
        }
    }
}
