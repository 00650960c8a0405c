//! What every answer says to browsers: who may embed it, whose scripts run, and that nothing is kept.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::pages::CDN;
use crate::config::connector::Connector;

/// Headers that are the same for all. There is no `X-Frame-Options`: it can't name several hosts, and would shut out Teams.
const ALWAYS: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Puts them on an answer.
pub(super) fn put_on(headers: &mut HeaderMap, settings: &Connector) {
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    // The hosts were looked at when the settings were read: none can be anything but a host.
    if let Ok(policy) = HeaderValue::from_str(&policy(settings)) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
}

fn policy(settings: &Connector) -> String {
    let scripts = if settings.assets.is_some() { String::new() } else { format!(" {CDN}") };
    let ancestors = match settings.frame_ancestors.as_slice() {
        [] => "'none'".to_owned(),
        hosts => hosts.join(" "),
    };
    // Pictures on cards are anywhere.
    format!(
        "default-src 'none'; script-src 'self'{scripts}; style-src 'self'; connect-src 'self'; img-src 'self' data: https:; \
         frame-ancestors {ancestors}; base-uri 'none'; form-action 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_teams_may_embed_a_page_and_only_its_cdn_may_script_it() {
        let policy = policy(&Connector::default());
        assert!(policy.contains("script-src 'self' https://res.cdn.office.net;"), "{policy}");
        assert!(policy.contains("frame-ancestors https://teams.microsoft.com "), "{policy}");
        assert!(!policy.contains("unsafe"));
    }

    #[test]
    fn with_assets_of_ones_own_no_other_host_scripts_it_and_with_no_hosts_nobody_embeds_it() {
        let own = Connector { assets: Some("teamsjs".into()), frame_ancestors: Vec::new(), ..Connector::default() };
        let policy = policy(&own);
        assert!(policy.contains("script-src 'self';") && policy.contains("frame-ancestors 'none';"), "{policy}");
    }
}
