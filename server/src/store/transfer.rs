//! Moves everything from one database to another, whatever their kinds.
//!
//! Called by the command line. Both databases are the transfer's alone meanwhile. Tables are copied in the order of their
//! keys, a page at a time, so that one which breaks off goes on behind what is there. While it is under way the target
//! says so of itself, and no server takes it. In the end everything is read back from both and compared.

use async_trait::async_trait;
use sha2::{Digest, Sha256};

use super::{StoreError, is_postgres, postgres, sqlite, sqlite_file};

/// How many rows are in memory at once.
pub(super) const PAGE: usize = 256;

/// Why a transfer came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The source is not there.
    #[error("there is no database to transfer from")]
    Missing,
    /// The source is being filled itself.
    #[error("the database to transfer from is itself the target of a transfer that has not ended")]
    Unfinished,
    /// The target is not empty.
    #[error("the database to transfer to holds something already")]
    Occupied,
    /// One of the databases.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is stored in a column.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Integer,
    Text,
    Json,
    Bytes,
}

/// A table that is transferred; its first column is its key.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: &'static [(&'static str, Kind)],
}

/// What others refer to comes first.
static TABLES: [Table; 5] = [
    Table {
        name: "records",
        columns: &[
            ("id", Kind::Integer),
            ("resource", Kind::Text),
            ("form", Kind::Text),
            ("version", Kind::Text),
            ("attributes", Kind::Json),
            ("created_at", Kind::Integer),
        ],
    },
    Table { name: "passwords", columns: &[("record_id", Kind::Integer), ("phc", Kind::Text)] },
    Table {
        name: "claims",
        columns: &[("digest", Kind::Bytes), ("record_id", Kind::Integer), ("field", Kind::Text)],
    },
    Table {
        name: "idempotency_keys",
        columns: &[
            ("digest", Kind::Bytes),
            ("fingerprint", Kind::Bytes),
            ("record_id", Kind::Integer),
            ("expires_at", Kind::Integer),
        ],
    },
    Table {
        name: "tokens",
        columns: &[
            ("id", Kind::Text),
            ("name", Kind::Text),
            ("secret_digest", Kind::Bytes),
            ("forms", Kind::Json),
            ("created_at", Kind::Integer),
            ("revoked_at", Kind::Integer),
            ("expires_at", Kind::Integer),
            ("last_used_at", Kind::Integer),
        ],
    },
];

/// A value of any column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A row, in the order of its table's columns.
pub(super) type Row = Vec<Value>;

/// A database that nobody else uses.
#[async_trait]
pub(super) trait Archive: Send {
    /// How many rows a table has.
    async fn count(&mut self, table: &Table) -> Result<u64, StoreError>;

    /// The first [`PAGE`] rows with greater keys than this one, in the order of their keys.
    async fn page(&mut self, table: &Table, after: Option<&Value>) -> Result<Vec<Row>, StoreError>;

    /// The greatest key of a table.
    async fn last_key(&mut self, table: &Table) -> Result<Option<Value>, StoreError>;

    /// Writes rows, all or none.
    async fn write(&mut self, table: &Table, rows: &[Row]) -> Result<(), StoreError>;

    /// The greatest id that was ever given to a record; 0 for none.
    async fn last_id(&mut self) -> Result<i64, StoreError>;

    /// Lets new records have greater ids than this one.
    async fn continue_after(&mut self, id: i64) -> Result<(), StoreError>;

    /// Whether a transfer to this database was begun and has not ended.
    async fn is_unfinished(&mut self) -> Result<bool, StoreError>;

    /// Notes that a transfer is begun, at a time in milliseconds since the Unix epoch.
    async fn begin(&mut self, now: i64) -> Result<(), StoreError>;

    /// Notes that it has ended.
    async fn end(&mut self) -> Result<(), StoreError>;
}

/// What a table holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Its name.
    pub table: &'static str,
    /// How many rows.
    pub rows: u64,
    /// SHA-256 of all rows, in the order of their keys.
    pub checksum: [u8; 32],
}

/// What a transfer has come to.
pub struct Report {
    /// What the source holds.
    pub source: Vec<Summary>,
    /// What the target holds; another thing than the source, if it held other rows when an earlier transfer broke off.
    pub target: Vec<Summary>,
}

impl Report {
    /// Whether both hold the same; only then may the target be served.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.source == self.target
    }
}

/// How far a transfer is: rows that were copied, read or found there, of so many.
pub type Watch<'a> = &'a mut (dyn FnMut(u64, u64) + Send);

/// Moves everything from the database of one URL to that of another, which is empty or holds a part already.
///
/// # Errors
/// When one of both cannot be used, or is used by others; when the target holds something that no transfer brought.
pub async fn transfer(from: &str, to: &str, now: i64, watch: Watch<'_>) -> Result<Report, TransferError> {
    if sqlite_file(from).is_some_and(|file| !file.exists()) {
        return Err(TransferError::Missing);
    }
    let (mut source, mut target) = (archive(from).await?, archive(to).await?);
    let (source, target) = (source.as_mut(), target.as_mut());
    if source.is_unfinished().await? {
        return Err(TransferError::Unfinished);
    }
    if !target.is_unfinished().await? {
        for table in &TABLES {
            if target.count(table).await? > 0 {
                return Err(TransferError::Occupied);
            }
        }
        target.begin(now).await?;
    }
    let mut rows = 0;
    for table in &TABLES {
        rows += source.count(table).await?;
    }
    // Copied, and then read twice.
    let mut steps = Steps { done: 0, of: rows * 3, watch };
    for table in &TABLES {
        copy(source, target, table, &mut steps).await?;
    }
    target.continue_after(source.last_id().await?).await?;
    let mut report = Report { source: Vec::new(), target: Vec::new() };
    for table in &TABLES {
        report.source.push(summary(source, table, &mut steps).await?);
        report.target.push(summary(target, table, &mut steps).await?);
    }
    if report.agrees() {
        target.end().await?;
    }
    Ok(report)
}

async fn archive(url: &str) -> Result<Box<dyn Archive>, StoreError> {
    match (sqlite_file(url), is_postgres(url)) {
        (Some(file), _) => Ok(Box::new(sqlite::archive::File::open(file).await?)),
        (_, true) => Ok(Box::new(postgres::archive::Database::open(url).await?)),
        _ => Err(StoreError::UnknownUrl),
    }
}

struct Steps<'a> {
    done: u64,
    of: u64,
    watch: Watch<'a>,
}

impl Steps<'_> {
    fn take(&mut self, rows: usize) {
        self.done += rows as u64;
        (self.watch)(self.done, self.of);
    }
}

/// Copies what the target does not have yet.
async fn copy(
    source: &mut dyn Archive,
    target: &mut dyn Archive,
    table: &Table,
    steps: &mut Steps<'_>,
) -> Result<(), StoreError> {
    let mut after = target.last_key(table).await?;
    loop {
        let rows = source.page(table, after.as_ref()).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.first().cloned();
        target.write(table, &rows).await?;
        steps.take(rows.len());
    }
}

async fn summary(
    archive: &mut dyn Archive,
    table: &Table,
    steps: &mut Steps<'_>,
) -> Result<Summary, StoreError> {
    let (mut rows, mut digest, mut after) = (0, Sha256::new(), None);
    loop {
        let page = archive.page(table, after.as_ref()).await?;
        let Some(last) = page.last() else { break };
        after = last.first().cloned();
        rows += page.len() as u64;
        page.iter().flatten().for_each(|value| absorb(&mut digest, value));
        steps.take(page.len());
    }
    Ok(Summary { table: table.name, rows, checksum: digest.finalize().into() })
}

/// Takes in a value with its kind and length, so that no two rows look the same.
fn absorb(digest: &mut Sha256, value: &Value) {
    let (kind, bytes) = match value {
        Value::Null => (0, &[][..]),
        Value::Integer(number) => (1, &number.to_be_bytes()[..]),
        Value::Text(text) => (2, text.as_bytes()),
        Value::Bytes(bytes) => (3, bytes.as_slice()),
    };
    digest.update([kind]);
    digest.update((bytes.len() as u64).to_be_bytes());
    digest.update(bytes);
}
