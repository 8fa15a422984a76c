//! One statement for many creations: a short one where their claims alone decide, which is the most that most forms ask
//! for, and one for everything.
//!
//! Called by `committer`. Ids come from a sequence: none is given twice, and one that was refused leaves a gap.

use std::sync::Arc;

use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::query::Query;
use sqlx::{Postgres, Row as _};

use super::super::{Creation, Kept, NewClaim, NewRecord, StoreError};
use super::failure::Failure;

const STATEMENT: &str = include_str!("create.sql");
const PLAIN: &str = include_str!("plain.sql");

/// How many keys that have expired are deleted for each new one: more than come in, and no more than a commit can bear.
const FORGOTTEN_FOR_EACH: usize = 2;

/// Stores records and makes them durable; what came of each, and `None` for one that lost its key to a twin.
pub(super) async fn store(
    connection: &mut PgConnection,
    records: &[&NewRecord],
) -> Result<Vec<Option<Creation>>, Failure> {
    if records.iter().all(|record| is_plain(record)) {
        store_plain(connection, records).await
    } else {
        store_any(connection, records).await
    }
}

/// Whether there is nothing to find before a record is stored, and nothing that it could have in part.
fn is_plain(record: &NewRecord) -> bool {
    record.key.is_none() && record.password.is_none() && record.claims.len() <= 1
}

async fn store_plain(
    connection: &mut PgConnection,
    records: &[&NewRecord],
) -> Result<Vec<Option<Creation>>, Failure> {
    let rows = given(PLAIN, records)
        .bind(column(records, |record| record.claims.first().map(|claim| claim.digest)))
        .bind(column(records, |record| record.claims.first().map(|claim| claim.field.as_str())))
        .fetch_all(connection)
        .await
        .map_err(Failure::of)?;
    told(records, &rows, |row| {
        let id: Option<i64> = row.try_get("stored")?;
        Ok(Some(id.map_or_else(|| Creation::Taken(vec![0]), Creation::Created)))
    })
}

async fn store_any(
    connection: &mut PgConnection,
    records: &[&NewRecord],
) -> Result<Vec<Option<Creation>>, Failure> {
    let claims = claims(records);
    let keyed = || records.iter().filter(|record| record.key.is_some());
    let now = keyed().map(|record| record.created_at).max().unwrap_or(i64::MIN);
    let rows = given(STATEMENT, records)
        .bind(column(records, |record| record.password.as_deref()))
        .bind(column(records, |record| integer(record.claims.len())))
        .bind(column(records, |record| record.key.map(|key| key.digest)))
        .bind(column(records, |record| record.key.map(|key| key.fingerprint)))
        .bind(column(records, |record| record.key.map(|key| key.expires_at)))
        .bind(column(&claims, |(record, _, _)| integer(record + 1)))
        .bind(column(&claims, |(_, place, _)| integer(*place)))
        .bind(column(&claims, |(_, _, claim)| claim.field.as_str()))
        .bind(column(&claims, |(_, _, claim)| claim.digest))
        .bind(now)
        .bind(integer(keyed().count() * FORGOTTEN_FOR_EACH))
        .fetch_all(connection)
        .await
        .map_err(Failure::of)?;
    told(records, &rows, decided)
}

/// A statement with what both begin with.
fn given<'q>(statement: &'static str, records: &'q [&'q NewRecord]) -> Query<'q, Postgres, PgArguments> {
    sqlx::query(statement)
        .bind(column(records, |record| record.resource.as_str()))
        .bind(column(records, |record| record.form.as_str()))
        .bind(column(records, |record| record.version.as_str()))
        .bind(column(records, |record| record.attributes.as_str()))
        .bind(column(records, |record| record.created_at))
}

/// A column of what a statement is given.
fn column<'a, R, T>(rows: &'a [R], value: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

/// Every claim with the place of its record and its own within the record.
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

/// What an answer says of each record, by its place. All of the answer is there: rows come before the commit.
///
/// # Errors
/// When it is not understood; the records are stored then, so that it must not lead to another attempt.
fn told(
    records: &[&NewRecord],
    rows: &[PgRow],
    decided: impl Fn(&PgRow) -> Result<Option<Creation>, StoreError>,
) -> Result<Vec<Option<Creation>>, Failure> {
    let broken = |error: StoreError| Failure::Broken(Arc::new(error));
    let mut creations: Vec<Option<Creation>> = records.iter().map(|_| None).collect();
    for row in rows {
        let record: i64 = row.try_get("record").map_err(StoreError::from).map_err(broken)?;
        let place = usize::try_from(record - 1).ok().and_then(|record| creations.get_mut(record));
        *place.ok_or_else(|| broken(StoreError::Malformed("answer")))? = decided(row).map_err(broken)?;
    }
    Ok(creations)
}

/// What a row of the statement for everything says.
fn decided(row: &PgRow) -> Result<Option<Creation>, StoreError> {
    let stored: Option<i64> = row.try_get("stored")?;
    let kept: Option<i64> = row.try_get("record_id")?;
    let taken: Option<Vec<i64>> = row.try_get("taken")?;
    Ok(match (kept, stored, taken) {
        (Some(_), ..) => Some(Creation::Kept(kept_from(row)?)),
        (_, Some(id), _) => Some(Creation::Created(id)),
        (.., Some(places)) => {
            let places = places.into_iter().map(usize::try_from).collect::<Result<_, _>>();
            Some(Creation::Taken(places.map_err(|_| StoreError::Malformed("answer"))?))
        }
        _ => None,
    })
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
