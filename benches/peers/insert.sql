\set number random(1, 9000000000000000000)
INSERT INTO inserted (email, attributes) VALUES ('reader' || :number::bigint || '@example.com', '{"email": "reader@example.com", "first_name": "Ada", "properties": {"consent": true, "frequency": "daily", "issues_per_mail": 3}}');
