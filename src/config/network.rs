//! Networks in the settings, as `192.0.2.0/24`, or one address alone.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Addresses that begin alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(IpNet);

impl Network {
    /// Whether an address is one of them. An IPv4 address that came over an IPv6 socket counts as IPv4.
    pub fn holds(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl std::str::FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let alone = text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
        let network = alone.or_else(|_| text.parse::<IpNet>()).map_err(|_| {
            let found: String = text.chars().take(80).collect();
            let found = found.escape_debug();
            format!("`{found}` is no network; write \"192.0.2.0/24\", \"2001:db8::/32\", or one address")
        })?;
        if network.trunc() != network {
            let (meant, one) = (network.trunc(), network.addr());
            return Err(format!("`{text}` has bits set past its length; write \"{meant}\", or \"{one}\" for it alone"));
        }
        match network {
            IpNet::V6(inner) if inner.addr().to_ipv4_mapped().is_some() => {
                Err(format!("`{text}` is IPv4 in the clothes of IPv6; write it as IPv4"))
            }
            _ => Ok(Self(network)),
        }
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(&self.0, f)
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(network: &str, address: &str) -> bool {
        network.parse::<Network>().unwrap().holds(address.parse().unwrap())
    }

    #[test]
    fn a_network_holds_what_begins_alike_and_an_address_itself_alone() {
        assert!(holds("192.0.2.0/24", "192.0.2.255") && !holds("192.0.2.0/24", "192.0.3.0"));
        assert!(holds("2001:db8::/32", "2001:db8:1::1") && !holds("2001:db8::/32", "192.0.2.1"));
        assert!(holds("192.0.2.7", "192.0.2.7") && !holds("192.0.2.7", "192.0.2.8"));
        assert!(holds("192.0.2.0/24", "::ffff:192.0.2.1") && holds("::ffff:192.0.2.1", "192.0.2.1"));
    }

    #[test]
    fn a_mistake_is_told_with_the_network_that_was_meant() {
        let mistake = |text: &str| text.parse::<Network>().unwrap_err();
        assert!(mistake("10.1.2.3/8").contains("\"10.0.0.0/8\", or \"10.1.2.3\""));
        assert!(mistake("2001:db8::1/32").contains("\"2001:db8::/32\""));
        for bad in ["", "10.0.0.0/33", "10.0", "example.com", "::ffff:10.0.0.0/104"] {
            assert!(mistake(bad).contains("; write"), "{bad}");
        }
    }
}
