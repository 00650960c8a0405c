//! Which template an event gets.

use crate::{
    event::EventType,
    name::{ProviderName, TemplateName},
};

/// What every event can be shown with; it is embedded, so it is always there.
const LAST: &str = "generic/event";

/// The mapping's template; else the first there is of `provider/type.action`, `provider/type` and `provider/default`;
/// else `generic/event`.
///
/// None only where a set without `generic/event` is asked.
pub fn choose(
    mapped: Option<&TemplateName>,
    provider: &ProviderName,
    kind: &EventType,
    has: impl Fn(&TemplateName) -> bool,
) -> Option<TemplateName> {
    if let Some(mapped) = mapped {
        return Some(mapped.clone());
    }
    let own = kind.name().to_lowercase();
    let with_action = kind.action().map(|action| format!("{provider}/{own}.{}", action.to_lowercase()));
    let candidates =
        [with_action, Some(format!("{provider}/{own}")), Some(format!("{provider}/default")), Some(LAST.to_owned())];
    // A type that can't be a file's name, such as one with a blank, has no template of its own.
    candidates.into_iter().flatten().filter_map(|name| name.parse().ok()).find(has)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_template_serves() {
        let there = ["github/issues", "github/issues.opened", "github/default", "generic/event"];
        let has = |name: &TemplateName| there.contains(&name.as_str());
        let github: ProviderName = "github".parse().unwrap();
        let chosen = |kind: EventType| choose(None, &github, &kind, has).unwrap().to_string();
        assert_eq!(chosen(EventType::new("issues", Some("opened"))), "github/issues.opened");
        assert_eq!(chosen(EventType::new("issues", Some("closed"))), "github/issues");
        assert_eq!(chosen(EventType::new("fork", None)), "github/default");
        assert_eq!(chosen(EventType::new("../x y", None)), "github/default");
        let other: ProviderName = "jenkins".parse().unwrap();
        assert_eq!(choose(None, &other, &EventType::new("build", None), has).unwrap().as_str(), "generic/event");
        let mapped: TemplateName = "mine/own".parse().unwrap();
        assert_eq!(choose(Some(&mapped), &github, &EventType::new("issues", None), has), Some(mapped));
    }
}
