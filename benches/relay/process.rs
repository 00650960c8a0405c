//! What the system knows of a process: processor time, memory, wake-ups; and the machine's name.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    net::{SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// A process that ends with this value.
pub(crate) struct Process(pub(crate) Child);

impl Process {
    /// This program in another role.
    pub(crate) fn role(role: &str, arguments: &[String]) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg(format!("--role={role}")).args(arguments).stdin(Stdio::null());
        Self(command.spawn().unwrap())
    }

    /// Processor time that it has used.
    pub(crate) fn cpu(&self) -> Duration {
        cpu_of(self.0.id())
    }

    /// Bytes of memory that it holds now.
    pub(crate) fn resident(&self) -> u64 {
        resident(self.0.id())
    }

    /// Waits for its end, which must be a good one.
    pub(crate) fn end(mut self) {
        assert!(self.0.wait().unwrap().success());
    }

    /// How many times each of its threads gave the processor up to wait, so far: each ends with a wake-up.
    pub(crate) fn waits(&self) -> BTreeMap<OsString, u64> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.0.id())).unwrap();
        let waits = tasks.filter_map(|task| {
            let task = task.ok()?;
            let status = fs::read_to_string(task.path().join("status")).ok()?;
            let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
            Some((task.file_name(), line.trim().parse().ok()?))
        });
        waits.collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.0.kill().ok();
        self.0.wait().unwrap();
    }
}

/// Bytes of memory that a process holds now.
pub(crate) fn resident(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() * 1024
}

fn cpu_of(id: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    let after_name = stat.rsplit_once(") ").unwrap().1;
    let ticks: u64 = after_name.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    // The unit is 1/100 s wherever Linux runs Rust.
    Duration::from_millis(ticks * 10)
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Waits until somebody listens there.
pub(crate) fn wait_for(address: SocketAddr) {
    for _ in 0..6000 {
        if std::net::TcpStream::connect(address).is_ok() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("nobody listens on {address}");
}

/// Processor, cores and system.
pub(crate) fn machine() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let system = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!(
        "{}, {cores} cores, {}",
        model.map_or("unknown processor", |(_, name)| name),
        system.unwrap_or("unknown system").trim_matches('"')
    )
}

/// The bytes of a folder's files on disk, without holes.
pub(crate) fn disk_of(folder: &std::path::Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => disk_of(&entry.path()),
            // A file that was taken away since holds nothing.
            other => other.map_or(0, |metadata| metadata.blocks() * 512),
        })
        .sum()
}
