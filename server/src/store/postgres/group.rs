//! One statement for many creations.
//!
//! Called by `committer`. Ids come from a sequence: none is given twice, and one that was refused leaves a gap.

use std::sync::Arc;

use sqlx::Row as _;
use sqlx::postgres::{PgConnection, PgRow};

use super::super::{Creation, Kept, NewClaim, NewRecord, StoreError};
use super::failure::Failure;

const STATEMENT: &str = include_str!("create.sql");

/// How many keys that have expired are deleted for each new one: more than come in, and no more than a commit can bear.
const FORGOTTEN_FOR_EACH: usize = 2;

/// Stores records and makes them durable; what came of each, and `None` for one that lost its key to a twin.
pub(super) async fn store(
    connection: &mut PgConnection,
    records: &[&NewRecord],
) -> Result<Vec<Option<Creation>>, Failure> {
    let column = Columns { records, claims: claims(records) };
    let keyed = || records.iter().filter(|record| record.key.is_some());
    let now = keyed().map(|record| record.created_at).max().unwrap_or(i64::MIN);
    // All of the answer is awaited: rows come before the commit.
    let rows = sqlx::query(STATEMENT)
        .bind(column.of_records(|record| record.resource.as_str()))
        .bind(column.of_records(|record| record.form.as_str()))
        .bind(column.of_records(|record| record.version.as_str()))
        .bind(column.of_records(|record| record.attributes.as_str()))
        .bind(column.of_records(|record| record.created_at))
        .bind(column.of_records(|record| record.password.as_deref()))
        .bind(column.of_records(|record| integer(record.claims.len())))
        .bind(column.of_records(|record| record.key.map(|key| key.digest)))
        .bind(column.of_records(|record| record.key.map(|key| key.fingerprint)))
        .bind(column.of_records(|record| record.key.map(|key| key.expires_at)))
        .bind(column.of_claims(|(record, _, _)| integer(record + 1)))
        .bind(column.of_claims(|(_, place, _)| integer(*place)))
        .bind(column.of_claims(|(_, _, claim)| claim.field.as_str()))
        .bind(column.of_claims(|(_, _, claim)| claim.digest))
        .bind(now)
        .bind(integer(keyed().count() * FORGOTTEN_FOR_EACH))
        .fetch_all(connection)
        .await
        .map_err(Failure::of)?;
    let mut creations: Vec<Option<Creation>> = records.iter().map(|_| None).collect();
    for row in rows {
        // They are stored, so that an answer which is not understood must not lead to another attempt.
        let (record, creation) = decided(&row).map_err(|error| Failure::Broken(Arc::new(error)))?;
        if let Some(place) = creations.get_mut(record) {
            *place = creation;
        }
    }
    Ok(creations)
}

/// What a statement is given: each column as an array.
struct Columns<'a> {
    records: &'a [&'a NewRecord],
    /// Each with the place of its record and its own within the record.
    claims: Vec<(usize, usize, &'a NewClaim)>,
}

impl<'a> Columns<'a> {
    fn of_records<T>(&self, value: impl Fn(&'a NewRecord) -> T) -> Vec<T> {
        self.records.iter().copied().map(value).collect()
    }

    fn of_claims<T>(&self, value: impl Fn(&(usize, usize, &'a NewClaim)) -> T) -> Vec<T> {
        self.claims.iter().map(value).collect()
    }
}

fn claims<'a>(records: &[&'a NewRecord]) -> Vec<(usize, usize, &'a NewClaim)> {
    let numbered = records.iter().enumerate();
    let of = |(record, new): (usize, &&'a NewRecord)| {
        new.claims.iter().enumerate().map(move |(place, claim)| (record, place, claim))
    };
    numbered.flat_map(of).collect()
}

fn integer(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// What a row says of which record.
fn decided(row: &PgRow) -> Result<(usize, Option<Creation>), StoreError> {
    let malformed = |_| StoreError::Malformed("answer");
    let record: i64 = row.try_get("record")?;
    let record = usize::try_from(record - 1).map_err(malformed)?;
    let stored: Option<i64> = row.try_get("stored")?;
    let kept: Option<i64> = row.try_get("record_id")?;
    let taken: Option<Vec<i64>> = row.try_get("taken")?;
    let creation = match (kept, stored, taken) {
        (Some(_), ..) => Some(Creation::Kept(kept_from(row)?)),
        (_, Some(id), _) => Some(Creation::Created(id)),
        (.., Some(places)) => {
            let places =
                places.into_iter().map(usize::try_from).collect::<Result<_, _>>().map_err(malformed)?;
            Some(Creation::Taken(places))
        }
        _ => None,
    };
    Ok((record, creation))
}

/// What was created under a key.
pub(super) fn kept_from(row: &PgRow) -> Result<Kept, StoreError> {
    let fingerprint: Vec<u8> = row.try_get("fingerprint")?;
    Ok(Kept {
        fingerprint: fingerprint.try_into().map_err(|_| StoreError::Malformed("idempotency key"))?,
        id: row.try_get("record_id")?,
        version: row.try_get("version")?,
        password: row.try_get("phc")?,
    })
}
