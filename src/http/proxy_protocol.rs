//! The PROXY protocol, versions 1 and 2: what a proxy of TCP says of the other end before a connection's first byte.
//!
//! Only the header is taken off the stream, since TLS or HTTP follows at once. The caller bounds the time.

use std::{
    io,
    net::{IpAddr, SocketAddr},
};

use ppp::{v1, v2};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::{peer::Peer, proxies::TrustedProxies};

/// Version 1's longest line, as its specification says.
const LONGEST_LINE: usize = 107;

/// Bytes after version 2's first 16, at most: two addresses, and what proxies add of TLS and their cloud.
const LONGEST_REST: usize = 4096;

/// Who is at the other end, as a proxy says that may say so; the proxy itself where it speaks for itself.
///
/// # Errors
/// What begins otherwise, is too long, or comes from an address that may not say so.
pub async fn accept<S: AsyncRead + Unpin>(
    stream: &mut S,
    from: SocketAddr,
    proxies: &TrustedProxies,
) -> io::Result<Peer> {
    if !proxies.may_introduce(from.ip()) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let client = read(stream).await?.unwrap_or(from.ip());
    Ok(Peer(client.to_canonical()))
}

/// Takes the header off the stream; none where it names no address.
async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Option<IpAddr>> {
    let mut start = [0; v2::PROTOCOL_PREFIX.len()];
    stream.read_exact(&mut start).await?;
    if start == v2::PROTOCOL_PREFIX {
        return read_binary(stream, start.to_vec()).await;
    }
    if start.starts_with(v1::PROTOCOL_PREFIX.as_bytes()) {
        return read_line(stream, start.to_vec()).await;
    }
    Err(io::ErrorKind::InvalidData.into())
}

async fn read_line<S: AsyncRead + Unpin>(stream: &mut S, mut line: Vec<u8>) -> io::Result<Option<IpAddr>> {
    // Byte by byte: what is read past the line's end would be missing from what follows it.
    while !line.ends_with(v1::PROTOCOL_SUFFIX.as_bytes()) {
        if line.len() >= LONGEST_LINE {
            return Err(io::ErrorKind::InvalidData.into());
        }
        line.push(stream.read_u8().await?);
    }
    match v1::Header::try_from(line.as_slice()).map_err(|_| io::ErrorKind::InvalidData)?.addresses {
        v1::Addresses::Tcp4(addresses) => Ok(Some(addresses.source_address.into())),
        v1::Addresses::Tcp6(addresses) => Ok(Some(addresses.source_address.into())),
        v1::Addresses::Unknown => Ok(None),
    }
}

async fn read_binary<S: AsyncRead + Unpin>(stream: &mut S, mut header: Vec<u8>) -> io::Result<Option<IpAddr>> {
    // Version and command, family and transport, and the length of the rest.
    let mut fixed = [0; 4];
    stream.read_exact(&mut fixed).await?;
    header.extend(fixed);
    let [_, _, high, low] = fixed;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > LONGEST_REST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut rest = vec![0; length];
    stream.read_exact(&mut rest).await?;
    header.extend(rest);
    let header = v2::Header::try_from(header.as_slice()).map_err(|_| io::ErrorKind::InvalidData)?;
    Ok(match (header.command, header.addresses) {
        // A proxy's own look at whether the relay lives.
        (v2::Command::Local, _) => None,
        (_, v2::Addresses::IPv4(addresses)) => Some(addresses.source_address.into()),
        (_, v2::Addresses::IPv6(addresses)) => Some(addresses.source_address.into()),
        (_, v2::Addresses::Unspecified | v2::Addresses::Unix(_)) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The peer that the header names, and what is left on the stream.
    async fn accepted(bytes: &[u8], proxies: &TrustedProxies) -> Option<(String, Vec<u8>)> {
        let mut stream = bytes;
        let peer = accept(&mut stream, "10.0.0.1:9".parse().unwrap(), proxies).await.ok()?;
        Some((peer.0.to_string(), stream.to_vec()))
    }

    fn binary(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [v2::PROTOCOL_PREFIX, &[0x20 | command, family], &length, rest, b"GET /"].concat()
    }

    #[tokio::test]
    async fn a_header_names_the_peer_and_what_follows_it_is_left() {
        let four = [&[192, 0, 2, 1, 10, 0, 0, 1, 0, 80, 1, 187][..], &[0x04, 0, 1, 0]].concat();
        let mut six = vec![0; 36];
        six[..4].copy_from_slice(&[0x20, 0x01, 0x0d, 0xb8]);
        for (bytes, wanted) in [
            (b"PROXY TCP4 192.0.2.1 10.0.0.1 5000 443\r\nGET /".to_vec(), "192.0.2.1"),
            (b"PROXY TCP6 2001:db8::1 2001:db8::2 5000 443\r\nGET /".to_vec(), "2001:db8::1"),
            (b"PROXY UNKNOWN\r\nGET /".to_vec(), "10.0.0.1"),
            (binary(1, 0x11, &four), "192.0.2.1"),
            (binary(1, 0x21, &six), "2001:db8::"),
            (binary(0, 0x11, &four), "10.0.0.1"),
            (binary(0, 0, &[]), "10.0.0.1"),
        ] {
            assert_eq!(
                accepted(&bytes, &TrustedProxies::default()).await.unwrap(),
                (wanted.to_owned(), b"GET /".to_vec())
            );
        }
    }

    #[tokio::test]
    async fn what_is_no_header_or_too_long_ends_the_connection() {
        let long = [b"PROXY TCP4 ".to_vec(), vec![b'1'; 200], b"\r\n".to_vec()].concat();
        for bytes in [
            b"POST /hooks/x HTTP/1.1\r\n\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.1\r\nGET /".to_vec(),
            b"PROXY".to_vec(),
            long,
            binary(1, 0x11, &[1, 2, 3]),
            binary(1, 0x11, &vec![0; LONGEST_REST + 1]),
        ] {
            assert_eq!(accepted(&bytes, &TrustedProxies::default()).await, None, "{}", String::from_utf8_lossy(&bytes));
        }
    }

    #[tokio::test]
    async fn only_trusted_proxies_may_say_who_is_there_where_any_are_named() {
        let line = b"PROXY TCP4 192.0.2.1 10.0.0.1 5000 443\r\n";
        for (trusted, may) in [("10.0.0.0/8", true), ("10.0.0.2", false)] {
            let proxies = TrustedProxies::new(vec![trusted.parse().unwrap()]);
            assert_eq!(accepted(line, &proxies).await.is_some(), may, "{trusted}");
        }
    }
}
