//! The word for who is at the other end, which goes with each request.

use std::net::IpAddr;

/// Who sends requests over a TCP connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);
