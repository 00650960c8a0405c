//! Which addresses are nobody's to post to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address belongs to this machine, its network or nobody: everything that is not plain public unicast.
pub fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_private_v4(v4),
        IpAddr::V6(v6) => is_private_v6(v6),
    }
}

fn is_private_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, d] = v4.octets();
    v4.is_private()
        || v4.is_loopback()
        || v4.is_link_local()
        || v4.is_multicast()
        || v4.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b)) // shared address space, RFC 6598
        || (a == 198 && (b == 18 || b == 19)) // benchmarking, RFC 2544
        || (a == 192 && b == 0 && c == 0) // protocol assignments, RFC 6890
        || (a == 192 && b == 88 && c == 99) // 6to4 relays, RFC 7526
        || [a, b, c, d] == [168, 63, 129, 16] // public to look at, and Azure's own service inside each of its machines
}

/// Public is 2000::/3 without its special parts, and what leads to a public IPv4 address: mapped, and NAT64 by its
/// well-known prefix. NAT64 by another prefix of 2000::/3 can't be told from the rest.
fn is_private_v6(v6: Ipv6Addr) -> bool {
    let v4 = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match v6.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => is_private_v4(v4(high, low)),
        [0x2002, high, low, ..] => is_private_v4(v4(high, low)), // 6to4
        [.., 0 | 0x200, 0x5efe, high, low] if is_private_v4(v4(high, low)) => true, // ISATAP
        [0x2001, second, ..] => second < 0x200 || second == 0xdb8, // protocols, Teredo among them; documentation
        [first, ..] => (first & 0xe000) != 0x2000 || (first & 0xfff0) == 0x3ff0, // documentation, RFC 9637
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_plain_public_unicast_is_private() {
        for address in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "239.255.255.250",
            "255.255.255.255",
            "::",
            "::1",
            "::10.0.0.1",
            "::20.50.60.70",
            "::ffff:10.0.0.1",
            "::ffff:0:10.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "64:ff9b:1::1432:3c46",
            "100::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2001:10::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "2603:1030::5efe:10.0.0.1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fe80::5efe:20.50.60.70",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(is_private(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn public_addresses_are_not_private_also_where_they_show_through() {
        for address in ["20.50.60.70", "100.63.0.1", "172.32.0.1", "192.0.1.1", "2603:1030::1", "2a01:111::1"] {
            assert!(!is_private(address.parse().unwrap()), "{address}");
        }
        // Networks that speak IPv6 alone reach IPv4 through NAT64.
        for address in ["64:ff9b::1432:3c46", "::ffff:20.50.60.70"] {
            assert!(!is_private(address.parse().unwrap()), "{address}");
        }
    }
}
