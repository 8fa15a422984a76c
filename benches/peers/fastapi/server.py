"""The endpoint in FastAPI, pydantic and the standard library's SQLite, a commit each.

    DATABASE=FILE uvicorn --app-dir benches/peers/fastapi server:app
"""

import os
import sqlite3
import time
from typing import Literal

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

app = FastAPI()

db = sqlite3.connect(os.environ["DATABASE"], isolation_level=None, check_same_thread=False)
db.execute("PRAGMA journal_mode = WAL")
db.execute("PRAGMA synchronous = FULL")
db.executescript(
    """
    CREATE TABLE IF NOT EXISTS records (
      id INTEGER PRIMARY KEY AUTOINCREMENT, resource TEXT NOT NULL, form TEXT NOT NULL,
      attributes TEXT NOT NULL CHECK (json_valid(attributes)), created_at INTEGER NOT NULL
    );
    CREATE TABLE IF NOT EXISTS claims (
      value TEXT PRIMARY KEY, record_id INTEGER NOT NULL REFERENCES records (id) ON DELETE CASCADE
    ) WITHOUT ROWID;
    """
)


class Properties(BaseModel):
    frequency: Literal["daily", "weekly", "monthly"] = "weekly"
    issues_per_mail: int = Field(default=3, ge=1, le=10)
    comment: str | None = Field(default=None, min_length=10, max_length=2000)
    consent: Literal[True]


class Newsletter(BaseModel):
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)
    first_name: str | None = Field(default=None, max_length=255)
    properties: Properties


class Creation(BaseModel):
    model_config = ConfigDict(extra="forbid")
    form_configuration_name: Literal["newsletter"]
    form: Newsletter


@app.get("/healthz")
async def healthz() -> str:
    return "ok"


@app.post("/api/users")
async def create(creation: Creation) -> JSONResponse:
    db.execute("BEGIN IMMEDIATE")
    try:
        inserted = db.execute(
            "INSERT INTO records (resource, form, attributes, created_at) VALUES ('User', 'newsletter', ?, ?)",
            (creation.form.model_dump_json(exclude_none=True), int(time.time() * 1000)),
        )
        claim = (creation.form.email.lower(), inserted.lastrowid)
        db.execute("INSERT INTO claims (value, record_id) VALUES (?, ?)", claim)
    except sqlite3.IntegrityError:
        db.execute("ROLLBACK")
        errors = {"email": ["has already been taken"]}
        return JSONResponse({"model": {"id": None}, "errors": errors}, status_code=422)
    db.execute("COMMIT")
    headers = {"location": f"/api/users/{inserted.lastrowid}"}
    return JSONResponse({"model": {"id": inserted.lastrowid}, "errors": {}}, status_code=201, headers=headers)
