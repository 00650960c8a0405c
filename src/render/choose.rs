//! Which template an event gets.

use crate::{
    event::EventType,
    name::{ProviderName, TemplateName},
};

/// What every event can be shown with; it is embedded, so it is always there.
const LAST: &str = "generic/event";

/// The template that an event gets.
///
/// The mapping's; else the first there is of `provider/type.action`, `provider/type`, the type without its last part
/// (`invoice.payment` and `invoice`, for `invoice.payment.failed`) and `provider/default`; else `generic/event`.
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
    let with_action = kind.action().map(|action| format!("{}.{action}", kind.name()));
    let shorter = std::iter::successors(Some(kind.name()), |kind| Some(kind.rsplit_once(['.', ':'])?.0));
    let own = with_action.into_iter().chain(shorter.map(str::to_owned)).map(|kind| file_of(&kind));
    let names = own.chain(["default".to_owned()]).map(|file| format!("{provider}/{file}")).chain([LAST.to_owned()]);
    names.filter_map(|name| name.parse().ok()).find(has)
}

/// A type as a template file's name, in which a colon, a slash or a blank can't stand: `repo_push` for `repo:push`.
pub fn file_of(kind: &str) -> String {
    let stands = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    kind.to_lowercase().chars().map(|c| if stands(c) { c } else { '_' }).collect()
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
        let stripe = ["stripe/invoice.payment", "stripe/invoice", "stripe/repo_push", "stripe/default"];
        let has = |name: &TemplateName| stripe.contains(&name.as_str());
        let chosen =
            |kind| choose(None, &"stripe".parse().unwrap(), &EventType::new(kind, None), has).unwrap().to_string();
        assert_eq!(chosen("invoice.payment.failed"), "stripe/invoice.payment");
        assert_eq!(chosen("invoice.sent"), "stripe/invoice");
        assert_eq!(chosen("repo:push"), "stripe/repo_push");
        assert_eq!(chosen("charge"), "stripe/default");
        let has = |name: &TemplateName| there.contains(&name.as_str());
        let other: ProviderName = "jenkins".parse().unwrap();
        assert_eq!(choose(None, &other, &EventType::new("build", None), has).unwrap().as_str(), "generic/event");
        let mapped: TemplateName = "mine/own".parse().unwrap();
        assert_eq!(choose(Some(&mapped), &github, &EventType::new("issues", None), has), Some(mapped));
    }
}
