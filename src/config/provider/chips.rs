//! Where a provider's payloads have what people choose events by on the connector's pages.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Places by what stands there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChipPlaces {
    /// A repository's full name.
    pub repository: Vec<ChipPlace>,
    /// A branch, with or without `refs/heads/`.
    pub branch: Vec<ChipPlace>,
    /// Labels.
    pub label: Vec<ChipPlace>,
}

/// A place as conditions write it: `payload.repository.full_name`, or `payload.issue.labels[].name` for each of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChipPlace {
    /// The names after `payload`.
    path: Vec<String>,
    /// The name within each member of the list that stands there, or `""` for the member; none: no list.
    member: Option<String>,
}

impl ChipPlace {
    fn parse(text: &str) -> Option<Self> {
        let (path, member) = match text.split_once("[]") {
            None => (text, None),
            Some((path, "")) => (path, Some("")),
            Some((path, rest)) => (path, Some(rest.strip_prefix('.')?)),
        };
        let mut names = path.split('.');
        let path: Vec<String> = (names.next()? == "payload").then(|| names.map(str::to_owned).collect())?;
        let is_name = |name: &str| {
            name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        let fits = !path.is_empty()
            && path.iter().all(|name| is_name(name))
            && member.is_none_or(|member| member.is_empty() || is_name(member));
        fits.then(|| Self { path, member: member.map(str::to_owned) })
    }

    /// The value there, in CEL.
    pub fn value(&self) -> String {
        format!("payload.{}", self.path.join("."))
    }

    /// That it is there, step by step.
    pub fn guards(&self) -> Vec<String> {
        (1..=self.path.len())
            .map(|steps| {
                format!("has(payload.{})", self.path.iter().take(steps).cloned().collect::<Vec<_>>().join("."))
            })
            .collect()
    }

    /// What is looked at of each member, where a list stands there; `""` is the member itself.
    pub fn member(&self) -> Option<&str> {
        self.member.as_deref()
    }
}

impl<'de> Deserialize<'de> for ChipPlace {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| {
            let cure = "write it as \"payload.repository.full_name\", or \"payload.issue.labels[].name\"";
            de::Error::custom(format!("`{}` is no place; {cure}", text.escape_debug()))
        })
    }
}

impl Serialize for ChipPlace {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let list = match self.member() {
            None => String::new(),
            Some("") => "[]".to_owned(),
            Some(member) => format!("[].{member}"),
        };
        to.collect_str(&format_args!("{}{list}", self.value()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_and_what_is_none_is_refused() {
        for text in ["payload.a", "payload.a.b_c", "payload.a[].name", "payload.a[]"] {
            let place: ChipPlace = serde_json::from_value(text.into()).unwrap();
            assert_eq!(serde_json::to_value(&place).unwrap(), text);
        }
        for text in ["", "payload", "event.type", "payload.a b", "payload.a[]name", "payload.a[].b.c", "payload..a"] {
            assert!(ChipPlace::parse(text).is_none(), "{text}");
        }
        assert_eq!(ChipPlace::parse("payload.a.b").unwrap().guards(), ["has(payload.a)", "has(payload.a.b)"]);
    }
}
