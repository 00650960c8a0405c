//! The settings in force, as the parts see them: each looks anew, so a reload swaps them under all of them.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::{
    config::Config,
    destination::HostRules,
    http::{budget::BodyBudget, proxies::TrustedProxies, receive::BodyLimits},
    identity::Access,
    rules::Rules,
    secret::Secret,
};

/// What a reload replaces.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) rules: Arc<ArcSwap<Rules>>,
    pub(super) host_rules: Arc<ArcSwap<HostRules>>,
    pub(super) body_limits: Arc<ArcSwap<BodyLimits>>,
    pub(super) proxies: Arc<ArcSwap<TrustedProxies>>,
    pub(super) tokens: Arc<ArcSwap<Vec<Secret>>>,
    pub(super) access: Arc<ArcSwap<Access>>,
    pub(super) config: Config,
}

impl Settings {
    pub(super) fn new(config: Config, rules: Rules) -> Self {
        Self {
            rules: Arc::new(ArcSwap::from_pointee(rules)),
            host_rules: Arc::new(ArcSwap::from_pointee(config.host_rules.clone())),
            body_limits: Arc::new(ArcSwap::from_pointee(body_limits(&config, None))),
            proxies: Arc::new(ArcSwap::from_pointee(TrustedProxies::new(config.server.trusted_proxies.clone()))),
            tokens: Arc::new(ArcSwap::from_pointee(config.admin_token.clone())),
            access: Arc::new(ArcSwap::from_pointee(Access::of(&config))),
            config,
        }
    }

    pub(super) fn replace(&mut self, config: Config, rules: Rules) {
        let (old, new) = (&self.config, &config);
        if old.server.listen != new.server.listen
            || old.server.max_connections != new.server.max_connections
            || old.server.header_timeout != new.server.header_timeout
            || old.delivery.concurrency != new.delivery.concurrency
            || old.server.proxy_protocol != new.server.proxy_protocol
            || old.admin_listen != new.admin_listen
            || old.admin_socket != new.admin_socket
            || old.store != new.store
            || old.way_out != new.way_out
            || old.log != new.log
        {
            tracing::warn!(
                "changes of listeners, their max_connections and header_timeout, the admin socket, the store, the log, delivery.concurrency, destinations.ca and the proxy take a restart"
            );
        }
        self.host_rules.store(Arc::new(config.host_rules.clone()));
        let limits = body_limits(&config, Some(&self.body_limits.load().budget));
        self.body_limits.store(Arc::new(limits));
        self.proxies.store(Arc::new(TrustedProxies::new(config.server.trusted_proxies.clone())));
        self.tokens.store(Arc::new(config.admin_token.clone()));
        self.access.store(Arc::new(Access::of(&config)));
        self.rules.store(Arc::new(rules));
        self.config = config;
    }
}

/// The budget in force goes on if it is as large as is wanted, since bodies in hand are counted in it.
fn body_limits(config: &Config, in_force: Option<&BodyBudget>) -> BodyLimits {
    let bytes = config.server.body_memory;
    let budget = in_force.filter(|budget| budget.bytes == bytes).cloned().unwrap_or_else(|| BodyBudget::new(bytes));
    BodyLimits { size: config.server.body_limit, time: config.server.body_timeout.0, budget }
}
