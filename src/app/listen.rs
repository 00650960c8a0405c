//! Opens the listeners: those that systemd hands over, else those of the settings.

use std::{
    io,
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt, FileTypeExt, PermissionsExt},
    path::{Path, PathBuf},
};

use tokio::net::{TcpListener, TcpSocket, UnixListener};

use crate::config::Config;

/// Connections that may wait to be taken: CI systems send many at once, and one that finds no room is tried again only
/// after a second.
const QUEUE: u32 = 4096;

/// Everything that is listened on.
#[derive(Debug)]
pub(super) struct Listeners {
    pub(super) public: TcpListener,
    pub(super) public_address: SocketAddr,
    pub(super) admin: Option<TcpListener>,
    pub(super) admin_address: Option<SocketAddr>,
    pub(super) socket: UnixListener,
}

/// Why a listener can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum BadListener {
    /// The port is taken.
    #[error("{key}: {address} is in use by another program; stop that one, or set {key} to another port")]
    InUse {
        /// The setting.
        key: &'static str,
        /// The address.
        address: SocketAddr,
    },
    /// Anything else about an address.
    #[error(
        "{key}: {address} can't be listened on ({kind}); set {key} to an address of this machine, with a port above 1023 unless run as root"
    )]
    Address {
        /// The setting.
        key: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system said.
        kind: io::ErrorKind,
    },
    /// Another daemon answers on the socket.
    #[error("admin.socket: another teams-relay answers at {}; stop that one, or set admin.socket and store.path to others", .path.display())]
    SocketInUse {
        /// The socket.
        path: PathBuf,
    },
    /// Anything else about the socket.
    #[error("admin.socket: {} can't be made ({why}); set admin.socket to a path of at most 107 bytes in a folder that teams-relay may write", .path.display())]
    Socket {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
}

pub(super) fn open(config: &Config) -> Result<Listeners, BadListener> {
    let handed = handed_over();
    let public = match handed {
        Some(listener) => listener,
        None => bind("server.listen", config.server.listen)?,
    };
    let admin = config.admin_listen.map(|address| bind("admin.listen", address)).transpose()?;
    let address_of = |listener: &TcpListener, asked| listener.local_addr().unwrap_or(asked);
    Ok(Listeners {
        public_address: address_of(&public, config.server.listen),
        admin_address: config.admin_listen.and_then(|asked| Some(address_of(admin.as_ref()?, asked))),
        socket: bind_socket(&config.admin_socket)?,
        public,
        admin,
    })
}

/// The socket of a `teams-relay.socket` unit, if the daemon was started by one.
fn handed_over() -> Option<TcpListener> {
    let listener = listenfd::ListenFd::from_env().take_tcp_listener(0).ok()??;
    listener.set_nonblocking(true).ok()?;
    TcpListener::from_std(listener).ok()
}

fn bind(key: &'static str, address: SocketAddr) -> Result<TcpListener, BadListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    let bound = socket.and_then(|socket| {
        // As after a restart there are still connections of the last one.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(QUEUE)
    });
    bound.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => BadListener::InUse { key, address },
        kind => BadListener::Address { key, address, kind },
    })
}

fn bind_socket(path: &Path) -> Result<UnixListener, BadListener> {
    let bad = |why: String| BadListener::Socket { path: path.to_owned(), why };
    if let Some(folder) = path.parent() {
        // As the store makes it: it holds webhook URLs.
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o750).create(folder);
        made.map_err(|error| bad(error.to_string()))?;
    }
    if std::os::unix::net::UnixStream::connect(path).is_ok() {
        return Err(BadListener::SocketInUse { path: path.to_owned() });
    }
    match std::fs::symlink_metadata(path) {
        // Nobody answers, so it was left by a daemon that was killed.
        Ok(left) if left.file_type().is_socket() => {
            std::fs::remove_file(path).map_err(|error| bad(error.to_string()))?;
        }
        Ok(_) => return Err(bad("something else than a socket stands there".to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(bad(error.to_string())),
    }
    let listener = UnixListener::bind(path).map_err(|error| bad(error.to_string()))?;
    // Owner and group may use it; the permissions are its only lock.
    let permissions = std::fs::Permissions::from_mode(0o660);
    std::fs::set_permissions(path, permissions).map_err(|error| bad(error.to_string()))?;
    Ok(listener)
}
