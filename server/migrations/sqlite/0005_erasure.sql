-- Whoever deletes a record deletes all that is its own, also where nobody has turned foreign keys on, as most tools have not.
CREATE TRIGGER records_deleted AFTER DELETE ON records
BEGIN
    DELETE FROM passwords WHERE record_id = OLD.id;
    DELETE FROM claims WHERE record_id = OLD.id;
    DELETE FROM idempotency_keys WHERE record_id = OLD.id;
END;
