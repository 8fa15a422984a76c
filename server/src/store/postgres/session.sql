-- How every session but the one that migrates is set, whatever the defaults of its role. An engine that lacks a setting
-- has no use for it.
SELECT set_config(s.name, w.setting, false)
FROM pg_settings AS s
JOIN (
    VALUES
        -- Longer than a group of creates takes on a slow disk.
        ('statement_timeout', '10s'),
        ('lock_timeout', '5s'),
        ('idle_in_transaction_session_timeout', '30s'),
        ('default_transaction_isolation', 'read committed'),
        -- Every statement that a request waits for has an index. A plan made while a table was small must not read the
        -- whole of it once it has grown.
        ('enable_seqscan', 'off'),
        ('jit', 'off')
) AS w (name, setting) ON w.name = s.name;

-- What is answered with 201 is on the disk; on standbys too, where the role says so.
SELECT set_config('synchronous_commit', 'on', false)
WHERE current_setting('synchronous_commit') <> 'remote_apply';
