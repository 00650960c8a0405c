//! Everything out, line by line, and line by line in again.

use jiff::Timestamp;
use tokio::sync::mpsc::Sender;

use super::{
    EmbeddedStore, blocking,
    codec::{AttemptRow, DeliveryRow, EventRow, StateRow, encode, id_bytes},
    command::Durable,
    disk::{Disk, Space, attempt_key, delivery_key, event_key},
    draft::Draft,
    lanes::Change,
    payload::encode_payload,
    reads::View,
    subscriptions::Subscriptions,
    writer,
};
use crate::{
    delivery::{Attempt, Target},
    event::Event,
    name::EventId,
    store::{
        ExportLine, StoreError,
        captured::{AllCaptured, Kept},
        export::{self, Whole, WholeDelivery},
        guests::{self, Guests, Used},
    },
};

/// Sends the whole store. What can't be read is left out, named in the log, and ends the export without its last
/// line and with the error, so that all the rest is saved and nobody takes it for whole. Blocks.
pub(super) fn export(
    disk: &Disk,
    subscriptions: &Subscriptions,
    captured: &AllCaptured,
    guests: &Guests,
    lines: &Sender<ExportLine>,
) -> Result<(), StoreError> {
    let mut records = 0;
    let mut unread = None;
    let events = View::new(disk);
    let all = subscriptions.all();
    let subscriptions = all.values().map(|one| export::subscription_value(one).map(ExportLine::Subscription));
    let captured = captured.iter().map(|kept| kept.value().map(ExportLine::Captured));
    let key = guests.key.iter().map(|key| guests::key_value(key).map(ExportLine::RelayKey));
    let used = guests.used().map(|used| used.value().map(ExportLine::UsedInvitation));
    let rows = events.rows().map(|row| {
        let (id, row) = row?;
        export::event_value(whole(&events, id, row)?).map(ExportLine::Event)
    });
    let mut listening = lines.blocking_send(export::header()).is_ok();
    for line in subscriptions.chain(captured).chain(key).chain(used).chain(rows) {
        if !listening {
            return Ok(());
        }
        match line {
            Ok(line) => {
                records += 1;
                listening = lines.blocking_send(line).is_ok();
            }
            Err(error) => {
                tracing::error!(%error, "left out of the export");
                unread = Some(error);
            }
        }
    }
    if let Some(error) = unread {
        return Err(error);
    }
    if lines.blocking_send(ExportLine::End { records }).is_err() {
        tracing::debug!("nobody took the export's last line");
    }
    Ok(())
}

fn whole(events: &View<'_>, id: EventId, row: EventRow) -> Result<Whole, StoreError> {
    let event = events.event(id, &row)?;
    let mut attempts = Vec::new();
    for delivery in &row.deliveries {
        let to = delivery.target().destination;
        let listed = events.get(Space::Dead, &super::disk::dead_key(id, to))?.is_some();
        attempts.push((listed, events.attempts(id, to, delivery.attempts)?));
    }
    assemble(id, event, row, attempts)
}

/// An event whole, of its parts: of each delivery, whether it is on the list of the dead, and its attempts.
pub(super) fn assemble(
    id: EventId,
    event: Event,
    row: EventRow,
    attempts: Vec<(bool, Vec<Attempt>)>,
) -> Result<Whole, StoreError> {
    let record = row.record(id)?;
    let deliveries = record
        .deliveries
        .into_iter()
        .zip(attempts)
        .map(|((target, state), (listed, attempts))| WholeDelivery { target, state, listed, attempts });
    Ok(Whole { id, event, ignored: record.ignored, deliveries: deliveries.collect() })
}

impl EmbeddedStore {
    /// Takes one line of an export.
    pub(super) async fn take_line(&self, line: ExportLine) -> Result<(), StoreError> {
        match line {
            ExportLine::Header { program, format } => export::check_header(&program, format),
            ExportLine::Subscription(value) => {
                self.put(export::subscription(value, "a subscription of the export")?, true).await
            }
            ExportLine::Captured(value) => {
                let (captured, kept) = (self.captured.clone(), Kept::read(value)?);
                blocking(move || captured.put(kept, usize::MAX)).await.map(|_| ())
            }
            ExportLine::RelayKey(value) => {
                let (guests, key) = (self.guests.clone(), guests::key(value)?);
                blocking(move || guests.key_or(|| Ok(key))).await.map(|_| ())
            }
            ExportLine::UsedInvitation(value) => {
                let (guests, used) = (self.guests.clone(), Used::read(value)?);
                blocking(move || guests.note(used, Timestamp::MIN)).await
            }
            ExportLine::Event(value) => {
                self.meter.watch().check()?;
                let import = blocking(move || Import::new(export::event(value)?)).await?;
                self.writer.run(Durable::Written, import.weight(), |draft| draft.import(import)).await
            }
            ExportLine::End { .. } => {
                let (disk, failure) = (self.disk.clone(), self.failure.clone());
                blocking(move || writer::flush(&disk, &failure)).await
            }
        }
    }
}

/// An event of an export, made ready for the disk.
pub(super) struct Import {
    id: EventId,
    row: EventRow,
    payload: Vec<u8>,
    deliveries: Vec<WholeDelivery>,
}

impl Import {
    pub(super) fn new(whole: Whole) -> Result<Self, StoreError> {
        let targets: Vec<Target> = whole.deliveries.iter().map(|delivery| delivery.target).collect();
        let mut row = EventRow::new(&whole.event, &targets, whole.ignored);
        row.deliveries = Vec::new();
        for delivery in &whole.deliveries {
            let mut known = DeliveryRow::new(delivery.target, StateRow::of(&delivery.state));
            known.attempts = u32::try_from(delivery.attempts.len()).unwrap_or(u32::MAX);
            row.deliveries.push(known);
        }
        Ok(Self { id: whole.id, row, payload: encode_payload(&whole.event)?, deliveries: whole.deliveries })
    }

    /// Bytes that it puts into the batch, near enough.
    pub(super) fn weight(&self) -> usize {
        self.payload.len() + 64 * self.row.deliveries.len()
    }
}

impl Draft<'_> {
    /// Takes an event on as it was exported, unless its id is known.
    pub(super) fn import(&mut self, import: Import) -> Result<(), StoreError> {
        let Import { id, row, payload, deliveries } = import;
        let delivery = row.delivery_id.as_deref().map(|delivery_id| delivery_key(&row.source, delivery_id));
        let known = delivery.as_ref().map_or(Ok(None), |key| self.get(Space::DeliveryIds, key))?;
        if self.find(id)?.is_some() {
            return Ok(());
        }
        self.put_row(id, &row, None)?;
        self.put(Space::Payloads, event_key(id), payload);
        if let Some(key) = delivery.filter(|_| known.is_none()) {
            self.put(Space::DeliveryIds, key, id_bytes(id));
        }
        for (index, delivery) in deliveries.iter().enumerate() {
            for (number, attempt) in (0..).zip(&delivery.attempts) {
                let key = attempt_key(id, delivery.target.destination, number);
                self.put(Space::Attempts, key, encode(&AttemptRow::of(attempt))?);
            }
            if delivery.listed {
                self.put_dead(id, &row, index)?;
            }
        }
        self.enter(id, &row);
        Ok(())
    }

    /// Enters an imported event into the books: taken on, and what became of it since.
    fn enter(&mut self, id: EventId, row: &EventRow) {
        self.last_event = self.last_event.max(id);
        self.accounts.accepted += (row.deliveries.len() as u64).max(1);
        self.accounts.ignored += u64::from(row.deliveries.is_empty());
        for delivery in &row.deliveries {
            match delivery.state {
                StateRow::Waiting { .. } => self.accounts.waiting += 1,
                StateRow::Delivered { .. } => self.accounts.delivered += 1,
                StateRow::Dead { .. } => self.accounts.dead += 1,
                StateRow::Skipped { .. } => self.accounts.ignored += 1,
            }
            self.changes.extend(Change::waits(id, row.received_at, delivery));
        }
    }
}
