# What people type. CI runs the same recipes through `.ci/run`.

# Everything that CI checks, but for what it installs.
check: fmt lint doc test simd deny spelling generated editor junit otlp openapi hooks ajv fuzz site browser

# Formatting of Rust and TOML.
fmt:
    cargo fmt --all --check
    cargo fmt --manifest-path fuzz/Cargo.toml --check
    taplo fmt --check

# Warnings are errors; unused dependencies too.
lint:
    cargo clippy --workspace --all-targets --locked -- -D warnings
    cargo machete

# The documentation of the crates builds without warnings.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

# The README's test command.
test:
    cargo test --workspace

# The other implementation of Argon2id, which is off by default, builds and agrees with the usual one.
simd:
    cargo clippy -p formwork --lib --locked --features simd-argon2 -- -D warnings
    cargo test -p formwork --lib --locked --features simd-argon2 password

# Licences, sources and bans; advisories need the network and run apart.
deny:
    cargo deny --locked check bans licenses sources

spelling:
    typos

# Files made from others are up to date, and every example form is clean.
generated:
    cargo run --locked -- lint
    cargo run --locked -- schema --out schemas/forms --check
    cargo run --locked -- openapi --out schemas/openapi.json --check
    npm ci --prefix web
    npm run --prefix web build -- --check

# A real language tool accepts and refuses with the schemas for editors what it should.
editor:
    python3 tests/editor/check.py taplo

# A parser of JUnit reports reads what `lint` prints, and counts as it does.
junit:
    cargo build --locked --quiet
    python3 tests/junit/check.py target/debug/formwork

# Traces reach a collector: the feature `otlp`, which is off unless asked for.
otlp:
    cargo clippy -p formwork --all-targets --features otlp --locked -- -D warnings
    cargo test -p formwork --features otlp --locked --test process traces

# The server answers as its OpenAPI document says, which schemathesis asks it in every way it knows.
openapi:
    cargo build --locked --quiet
    python3 tests/openapi/check.py target/debug/formwork

# The hooks for pre-commit and the steps of the GitHub Action run as they would elsewhere.
hooks:
    cargo build --locked --quiet
    python3 tests/ci/check.py target/debug/formwork

# Ajv in strict mode takes every document as it stands, and judges as the engine does.
ajv:
    npm ci --prefix tests/ajv
    mkdir -p target
    cargo run --locked --quiet -p formwork-tests --example ajv > target/ajv.json
    node tests/ajv/check.mjs < target/ajv.json

# Pages in a real browser. FORMWORK names another binary than the one that is built here, CHROMIUM another browser.
browser: site
    cargo build --locked --quiet
    npm ci --prefix tests/browser
    npm test --prefix tests/browser

# The fuzz targets compile; fuzz/README.md says how they run.
fuzz:
    cargo clippy --manifest-path fuzz/Cargo.toml --target-dir target --locked -- -D warnings

# The documentation site, into target/site/book; a link that leads nowhere is an error.
site:
    python3 site/build.py

# Rewrites the files that are made from others.
generate:
    cargo run -- schema --out schemas/forms
    cargo run -- openapi --out schemas/openapi.json
    npm ci --prefix web
    npm run --prefix web build

# Mends what can be mended without thinking.
fix:
    cargo fmt --all
    taplo fmt
    typos --write-changes
    cargo clippy --workspace --all-targets --fix --allow-dirty

# The numbers of benches/README.md.
bench:
    cargo bench -p formwork-engine --bench engine
    cargo bench -p formwork --bench storing
    cargo bench -p formwork --bench rows
    cargo bench -p formwork --bench serving

# The goals of serving, beside Fastify, PocketBase, Directus, FastAPI and PostgreSQL, which it installs; the machine has to be quiet.
bench-peers:
    python3 benches/peers/compare.py

# The same of pages in a browser: until the first of it is seen, and what goes over the wire.
bench-pages:
    cargo build --release --locked
    npm ci --prefix tests/browser
    FORMWORK=$PWD/target/release/formwork node tests/browser/first_paint.mjs

# What Lighthouse, which it installs, says of a form, the workbench and the site.
bench-lighthouse: site
    cargo build --release --locked
    npm ci --prefix tests/browser
    npm ci --prefix benches/pages
    FORMWORK=$PWD/target/release/formwork node benches/pages/lighthouse.mjs

# The same of `lint` beside other tools, which it installs.
bench-lint:
    cargo build --release --locked
    python3 -m venv target/bench-lint
    target/bench-lint/bin/pip install --quiet -r benches/lint/requirements.txt
    target/bench-lint/bin/python benches/lint/compare.py
