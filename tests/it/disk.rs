//! A disk that fails when it is told to, under the real binary: `tests/faults/disk.c`, built here and preloaded.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    power::{self, Loss, Lost},
    process::{Daemon, program, settings},
};

/// The numbers that the library and the tests share, in its order.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Slot {
    Writes,
    Flushes,
    Bytes,
    Faults,
    FailWrite,
    FailWrites,
    FailFlush,
    FailFlushes,
    Space,
    Short,
    Record,
    Delay,
    FlushForReal,
    Tables,
}

/// What the settings say of the store beside its place: it has no bounds, so that the disk itself is what ends.
const STORE: &str = "min_free = 0\n";

/// Has a daemon of these settings keep its store there.
pub(crate) fn store_on(settings: &Path, path: &str) {
    let main = settings.join("teams-relay.toml");
    let text = fs::read_to_string(&main).unwrap();
    fs::write(main, format!("{text}[store]\npath = \"{path}\"\n{STORE}")).unwrap();
}

/// The disk, and the settings of a daemon on it.
pub(crate) struct Disk {
    settings: tempfile::TempDir,
    orders: File,
}

impl Disk {
    /// A disk that is well. None where there is no C compiler, which is said.
    #[expect(clippy::print_stdout, reason = "who runs the tests should know what was skipped")]
    pub(crate) fn new() -> Option<Self> {
        let settings = settings();
        store_on(settings.path(), "disk/data");
        for folder in ["disk", "faults"] {
            fs::create_dir(settings.path().join(folder)).unwrap();
        }
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/disk.c");
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden", "-pthread", "-o"])
            .arg(settings.path().join("faults/disk.so"))
            .arg(source)
            .status();
        match built {
            Ok(status) => assert!(status.success(), "tests/faults/disk.c does not compile"),
            Err(error) => {
                assert!(std::env::var_os("CI").is_none(), "no C compiler: {error}");
                println!("skipped: a failing disk needs a C compiler, and `cc` can't be run: {error}");
                return None;
            }
        }
        let orders = settings.path().join("faults/orders");
        fs::write(&orders, [0; 4096]).unwrap();
        let orders = File::options().read(true).write(true).open(orders).unwrap();
        Some(Self { settings, orders })
    }

    /// The folder with the settings.
    pub(crate) fn settings(&self) -> &Path {
        self.settings.path()
    }

    fn at(&self, name: &str) -> PathBuf {
        self.settings.path().join(name)
    }

    fn environment(&self) -> [(&'static str, PathBuf); 4] {
        [
            ("LD_PRELOAD", self.at("faults/disk.so")),
            ("DISK_FAULTS_ROOT", self.at("disk")),
            ("DISK_FAULTS_ORDERS", self.at("faults/orders")),
            ("DISK_FAULTS_JOURNAL", self.at("faults/journal")),
        ]
    }

    /// Starts the daemon on this disk.
    pub(crate) fn start(&self) -> Daemon {
        let mut command = program(self.settings());
        command.arg("serve").envs(self.environment());
        Daemon::run(command)
    }

    /// Starts the daemon where it must not come up, and returns what it said.
    pub(crate) fn start_in_vain(&self) -> String {
        let mut command = program(self.settings());
        let output = command.arg("serve").envs(self.environment()).stdout(Stdio::null()).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code().is_some_and(|code| code != 0), "{} {errors}", output.status);
        errors
    }

    /// A number of the list.
    pub(crate) fn seen(&self, slot: Slot) -> u64 {
        let mut bytes = [0; 8];
        self.orders.read_exact_at(&mut bytes, slot as u64 * 8).unwrap();
        u64::from_ne_bytes(bytes)
    }

    /// Sets a number of the list.
    pub(crate) fn order(&self, slot: Slot, number: u64) {
        self.orders.write_all_at(&number.to_ne_bytes(), slot as u64 * 8).unwrap();
    }

    /// From now on, after so many bytes, the disk is full.
    pub(crate) fn fill_after(&self, bytes: u64) {
        self.order(Slot::Space, self.seen(Slot::Bytes) + bytes);
    }

    /// After so many more writes, so many fail.
    pub(crate) fn fail_writes(&self, after: u64, many: u64) {
        self.order(Slot::FailWrites, many);
        self.fail(Slot::FailWrite, Slot::Writes, after);
    }

    /// After so many more flushes, so many fail.
    pub(crate) fn fail_flushes(&self, after: u64, many: u64) {
        self.order(Slot::FailFlushes, many);
        self.fail(Slot::FailFlush, Slot::Flushes, after);
    }

    /// Orders the first failure. The daemon goes on meanwhile: a number that it had passed already would never come.
    fn fail(&self, order: Slot, counted: Slot, after: u64) {
        let faults = self.seen(Slot::Faults);
        loop {
            let first = self.seen(counted) + after + 1;
            self.order(order, first);
            if self.seen(counted) < first || self.seen(Slot::Faults) > faults {
                return;
            }
        }
    }

    /// The disk is well again.
    pub(crate) fn heal(&self) {
        for slot in [Slot::FailWrite, Slot::FailFlush, Slot::Space, Slot::Short] {
            self.order(slot, 0);
        }
    }

    /// Has the disk remember what was not flushed, so that [`Self::lose_power`] can take it back.
    pub(crate) fn remember(&self) {
        self.order(Slot::FlushForReal, 0);
        self.order(Slot::Record, 1);
        self.order(Slot::Delay, 1500);
    }

    /// What a power loss does to the folder of a daemon that was killed.
    pub(crate) fn lose_power(&self, loss: Loss) -> Lost {
        power::lose(&self.at("faults/journal"), loss)
    }
}
