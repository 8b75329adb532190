"""Stand-in for the reference stack: Flask (threaded) and SQLite, answering GET /status with the same fields. Unlike the reference it does not query a container host. Usage: flask_status.py <database> <services>; prints {"port", "token"}."""

import json
import logging
import secrets
import sqlite3
import sys

from flask import Flask, g, jsonify, request
from werkzeug.serving import make_server

path, count = sys.argv[1], int(sys.argv[2])
token = secrets.token_urlsafe(32)


def fill():
    db = sqlite3.connect(path)
    db.executescript(
        """
        PRAGMA journal_mode=WAL;
        CREATE TABLE tokens (token TEXT PRIMARY KEY, panel TEXT);
        CREATE TABLE services (service_id TEXT PRIMARY KEY, plan TEXT, status TEXT, vmid INTEGER, node TEXT, private_ip TEXT,
          subdomain TEXT, fqdn TEXT, public_ip TEXT, cpu REAL, memory INTEGER, memory_limit INTEGER, disk INTEGER, disk_limit INTEGER, uptime INTEGER);
        CREATE TABLE domains (service_id TEXT, domain TEXT);
        CREATE TABLE backups (service_id TEXT, name TEXT);
        CREATE INDEX domains_service ON domains (service_id);
        CREATE INDEX backups_service ON backups (service_id);
        """
    )
    db.execute("INSERT INTO tokens VALUES (?, 'default')", (token,))
    db.executemany(
        "INSERT INTO services VALUES (?, 'basic', 'running', ?, 'pve1', ?, ?, ?, '203.0.113.10', 0.005, ?, ?, ?, ?, 432017)",
        (
            (str(n), 100000 + n, f"10.99.{n >> 8}.{n & 255}", f"site-{n}", f"site-{n}.sites.example.net", 2**29, 2**31, 3 * 2**30, 20 * 2**30)
            for n in range(count)
        ),
    )
    db.commit()
    db.close()


app = Flask(__name__)
logging.getLogger("werkzeug").setLevel(logging.ERROR)


def database():
    if "db" not in g:
        g.db = sqlite3.connect(path)
        g.db.row_factory = sqlite3.Row
    return g.db


@app.teardown_appcontext
def close(_):
    db = g.pop("db", None)
    if db is not None:
        db.close()


@app.before_request
def authenticate():
    sent = request.headers.get("Authorization", "")
    found = database().execute("SELECT panel FROM tokens WHERE token = ?", (sent.removeprefix("Bearer "),)).fetchone()
    if found is None:
        return jsonify(success=False, error="Unauthorized"), 401


@app.get("/status")
def status():
    service_id = request.args.get("service_id", "")
    db = database()
    row = db.execute("SELECT * FROM services WHERE service_id = ?", (service_id,)).fetchone()
    if row is None:
        return jsonify(success=False, error="Unknown service"), 404
    domains = [d["domain"] for d in db.execute("SELECT domain FROM domains WHERE service_id = ?", (service_id,))]
    backups = db.execute("SELECT count(*) FROM backups WHERE service_id = ?", (service_id,)).fetchone()[0]
    fqdn = row["fqdn"]
    return jsonify(
        success=True,
        service_id=service_id,
        plan=row["plan"],
        status=row["status"],
        provision_status="completed",
        lifecycle="active",
        power=row["status"],
        reachable=True,
        suspended_for=[],
        vmid=row["vmid"],
        node=row["node"],
        private_ip=row["private_ip"],
        subdomain=row["subdomain"],
        fqdn=fqdn,
        url=f"https://{fqdn}",
        public_ip=row["public_ip"],
        resources={
            "cpu": f"{row['cpu'] * 100:.1f}%",
            "memory": f"{row['memory'] >> 20}MB / {row['memory_limit'] >> 20}MB",
            "disk": f"{row['disk'] / 2**30:.1f}GB / {row['disk_limit'] >> 30}GB",
            "uptime": f"{row['uptime'] // 86400} days",
        },
        usage={
            "cpu": row["cpu"],
            "memory_bytes": row["memory"],
            "memory_limit_bytes": row["memory_limit"],
            "disk_bytes": row["disk"],
            "disk_limit_bytes": row["disk_limit"],
            "uptime_seconds": row["uptime"],
        },
        domains=[fqdn, *domains],
        primary_domain=fqdn,
        proxy={"enabled": True, "certificate": None},
        quota={"domains": {"used": len(domains), "allowed": 3}, "backups": {"used": backups, "allowed": 2}},
        job=None,
        purge_at=None,
        stale_since=None,
    )


fill()
server = make_server("127.0.0.1", 0, app, threaded=True)
print(json.dumps({"port": server.server_port, "token": token}), flush=True)
server.serve_forever()
