//! `[quotas]`: allowances that differ from the profile's, for a whole profile or for a named group.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{problem::Problem, profile::Window, read::read};
use crate::name::{ProfileName, QuotaGroup};

/// Allowances set by the admin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quotas {
    /// `quotas.<profile>.windows`: instead of the profile's own.
    pub profiles: BTreeMap<ProfileName, Vec<Window>>,
    /// `quotas.groups.<name>.windows`: for the destinations of that group, whatever their profile.
    pub groups: BTreeMap<QuotaGroup, Vec<Window>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Windows {
    windows: Vec<Window>,
}

impl Quotas {
    /// Reads the table `quotas`; whether a profile exists is for whoever knows the profiles to say.
    pub(super) fn read(table: Value, place: &dyn Fn(&str) -> String, problems: &mut Vec<Problem>) -> Self {
        let mut quotas = Self::default();
        let Value::Object(table) = table else {
            problems.push(Problem::new(place(""), "quotas", "is not a table", "write [quotas.workflow]"));
            return quotas;
        };
        for (name, value) in table {
            if name == "groups" {
                if let Value::Object(groups) = value {
                    collect(groups, "groups.", &mut quotas.groups, place, problems);
                } else {
                    problems.push(Problem::new(
                        place("groups"),
                        "quotas.groups",
                        "is not a table",
                        "write [quotas.groups.NAME]",
                    ));
                }
            } else {
                collect(serde_json::Map::from_iter([(name, value)]), "", &mut quotas.profiles, place, problems);
            }
        }
        quotas
    }
}

fn collect<Name: std::str::FromStr<Err: std::fmt::Display> + Ord>(
    tables: serde_json::Map<String, Value>,
    prefix: &str,
    into: &mut BTreeMap<Name, Vec<Window>>,
    place: &dyn Fn(&str) -> String,
    problems: &mut Vec<Problem>,
) {
    for (name, value) in tables {
        let key = format!("{prefix}{name}");
        let in_quotas =
            |inner: &str| place(if inner.is_empty() { key.clone() } else { format!("{key}.{inner}") }.as_str());
        let before = problems.len();
        let windows = read::<Windows>(value, &in_quotas, problems);
        for problem in problems.iter_mut().skip(before) {
            problem.key = format!("quotas.{key}.{}", problem.key);
        }
        match name.parse::<Name>() {
            Err(bad) => problems.push(Problem::new(place(&key), format!("quotas.{key}"), bad.to_string(), "rename it")),
            Ok(name) => match windows {
                Some(Windows { windows }) if windows.is_empty() => problems.push(Problem::new(
                    place(&key),
                    format!("quotas.{key}.windows"),
                    "is empty, which would be no limit at all",
                    "write [{ posts = 25, per = \"300s\" }], or take it out for the profile's own",
                )),
                Some(Windows { windows }) => {
                    into.insert(name, windows);
                }
                None => {}
            },
        }
    }
}
