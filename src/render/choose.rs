//! Which template an event gets.

use crate::{
    event::{EventType, file_of},
    name::{ProviderName, TemplateName, TemplateSet},
};

/// What every event can be shown with; it is embedded, so it is always there.
const LAST: &str = "generic/event";

/// The folder of all sets, below the templates folder.
const SETS: &str = "sets";

/// The template that an event gets.
///
/// The mapping's; else the first there is of `provider/type.action`, `provider/type`, the type without its last part
/// (`invoice.payment` and `invoice`, for `invoice.payment.failed`) and `provider/default`; else `generic/event`.
/// Where a set is asked, the same names below its folder go before all of these, but for `generic/event`.
///
/// None only where templates without `generic/event` are asked.
pub fn choose(
    set: Option<&TemplateSet>,
    mapped: Option<&TemplateName>,
    provider: &ProviderName,
    kind: &EventType,
    has: impl Fn(&TemplateName) -> bool,
) -> Option<TemplateName> {
    let own = own_names(provider, kind);
    let of_set = set.and_then(|set| {
        let names = mapped.map(TemplateName::as_str).into_iter().chain(own.iter().map(String::as_str));
        names.filter_map(|name| format!("{SETS}/{set}/{name}").parse().ok()).find(&has)
    });
    let usual = || own.iter().map(String::as_str).chain([LAST]).filter_map(|name| name.parse().ok()).find(&has);
    of_set.or_else(|| mapped.cloned()).or_else(usual)
}

/// The set that a template belongs to, and the template's name in it.
pub(super) fn of_set(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix(SETS)?.strip_prefix('/')?.split_once('/')
}

/// The names under which a provider's templates are looked for, the nearest first.
fn own_names(provider: &ProviderName, kind: &EventType) -> Vec<String> {
    let with_action = kind.action().map(|action| format!("{}.{action}", kind.name()));
    let shorter = std::iter::successors(Some(kind.name()), |kind| Some(kind.rsplit_once(['.', ':'])?.0));
    let files = with_action.into_iter().chain(shorter.map(str::to_owned)).map(|kind| file_of(&kind));
    files.chain(["default".to_owned()]).map(|file| format!("{provider}/{file}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_template_serves() {
        let there = ["github/issues", "github/issues.opened", "github/default", "generic/event"];
        let has = |name: &TemplateName| there.contains(&name.as_str());
        let github: ProviderName = "github".parse().unwrap();
        let chosen = |kind: EventType| choose(None, None, &github, &kind, has).unwrap().to_string();
        assert_eq!(chosen(EventType::new("issues", Some("opened"))), "github/issues.opened");
        assert_eq!(chosen(EventType::new("issues", Some("closed"))), "github/issues");
        assert_eq!(chosen(EventType::new("fork", None)), "github/default");
        assert_eq!(chosen(EventType::new("../x y", None)), "github/default");
        let stripe = ["stripe/invoice.payment", "stripe/invoice", "stripe/repo_push", "stripe/default"];
        let has = |name: &TemplateName| stripe.contains(&name.as_str());
        let chosen = |kind| {
            choose(None, None, &"stripe".parse().unwrap(), &EventType::new(kind, None), has).unwrap().to_string()
        };
        assert_eq!(chosen("invoice.payment.failed"), "stripe/invoice.payment");
        assert_eq!(chosen("invoice.sent"), "stripe/invoice");
        assert_eq!(chosen("repo:push"), "stripe/repo_push");
        assert_eq!(chosen("charge"), "stripe/default");
        let has = |name: &TemplateName| there.contains(&name.as_str());
        let other: ProviderName = "jenkins".parse().unwrap();
        assert_eq!(choose(None, None, &other, &EventType::new("build", None), has).unwrap().as_str(), "generic/event");
        let mapped: TemplateName = "mine/own".parse().unwrap();
        assert_eq!(choose(None, Some(&mapped), &github, &EventType::new("issues", None), has), Some(mapped));
    }
    #[test]
    fn a_set_goes_first_with_what_it_has_and_a_mapping_means_the_template_of_that_name_in_it() {
        let there =
            ["sets/ops/github/issues", "sets/ops/mine/own", "sets/other/github/push", "github/push", "generic/event"];
        let has = |name: &TemplateName| there.contains(&name.as_str());
        let (ops, github): (TemplateSet, ProviderName) = ("ops".parse().unwrap(), "github".parse().unwrap());
        let chosen = |mapped: Option<&str>, kind: &str, action| {
            let mapped: Option<TemplateName> = mapped.map(|name| name.parse().unwrap());
            choose(Some(&ops), mapped.as_ref(), &github, &EventType::new(kind, action), has).unwrap().to_string()
        };
        assert_eq!(chosen(None, "issues", Some("opened")), "sets/ops/github/issues");
        assert_eq!(chosen(None, "push", None), "github/push");
        assert_eq!(chosen(None, "fork", None), "generic/event");
        assert_eq!(chosen(Some("mine/own"), "issues", None), "sets/ops/mine/own");
        assert_eq!(chosen(Some("mine/other"), "issues", None), "sets/ops/github/issues");
        assert_eq!(chosen(Some("mine/other"), "push", None), "mine/other");
    }
}
