"""The one process: all platforms on one port."""

import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute

from sandbox import control, index, meta_audiences
from sandbox.access import connections
from sandbox.account_engagement import api as account_engagement
from sandbox.brevo import api as brevo
from sandbox.brevo import contacts as brevo_contacts
from sandbox.brevo import deletion as brevo_deletion
from sandbox.brevo import history as brevo_history
from sandbox.brevo.door import RateLimit as BrevoRateLimit
from sandbox.context import Sandbox
from sandbox.errors import Refused, answer_http_error, answer_refusal
from sandbox.faults import Faults
from sandbox.google import api as google
from sandbox.google import auth as google_auth
from sandbox.google import datamanager
from sandbox.google.quota import Quota as DataManagerQuota
from sandbox.hubspot import api as hubspot
from sandbox.hubspot import rate as hubspot_rate
from sandbox.mailchimp import account as mailchimp
from sandbox.mailchimp import deletion as mailchimp_deletion
from sandbox.mailchimp import members as mailchimp_members
from sandbox.mailchimp import reports as mailchimp_reports
from sandbox.mailchimp import segments as mailchimp_segments
from sandbox.marketing_cloud import extensions as marketing_cloud
from sandbox.marketing_cloud import oauth as marketing_cloud_oauth
from sandbox.marketing_cloud import soap as marketing_cloud_soap
from sandbox.meta import graph as meta_graph
from sandbox.meta import insights as meta_insights
from sandbox.meta.quota import Quota as MetaAudiencesQuota
from sandbox.salesforce import api as salesforce
from sandbox.salesforce import oauth as salesforce_oauth
from sandbox.salesforce.jobs import Jobs
from sandbox.stubs import stubs
from sandbox.traffic import Traffic
from sandbox.world.build import Cut

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Running:
    """A sandbox that answers."""

    url: str
    connections: dict[str, dict[str, Any]]
    folder: Path


def create_app(folder: Path, cut: Cut) -> FastAPI:
    """The application over the world in `folder`, which is generated if it is not there."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        app.state.sandbox.close()

    app = FastAPI(title="Cohorte sandbox", lifespan=lifespan, openapi_url=None)
    app.state.sandbox = Sandbox.open(folder, cut)
    app.state.jobs = Jobs(app.state.sandbox)
    app.state.quota, app.state.last_report = google.Quota(), google.LastReport()
    app.state.hubspot_rate = hubspot_rate.RateLimit()
    app.state.hubspot_searches = hubspot_rate.RateLimit(hubspot_rate.SEARCHES, hubspot_rate.SECOND)
    hubspot.prepare(app.state.sandbox)
    mailchimp.prepare(app.state.sandbox)
    app.state.brevo_rate = BrevoRateLimit()
    app.state.brevo_exports = BrevoRateLimit(brevo_history.EXPORTS_AN_HOUR, 3600)
    brevo.prepare(app.state.sandbox)
    app.state.retrieves = marketing_cloud_soap.Retrieves()
    marketing_cloud.prepare(app.state.sandbox)
    app.state.meta_audiences_quota = MetaAudiencesQuota()
    meta_audiences.prepare(app.state.sandbox)
    meta_insights.prepare(app.state.sandbox)
    app.state.data_manager_quota = DataManagerQuota()
    datamanager.prepare(app.state.sandbox)
    app.state.account_engagement_usage = account_engagement.Usage()
    account_engagement.prepare(app.state.sandbox)
    app.state.faults = Faults()
    app.state.traffic = Traffic(app, app.state.faults, app.state.sandbox.tokens)
    app.add_exception_handler(Refused, answer_refusal)
    app.add_exception_handler(HTTPException, answer_http_error)
    for stub in stubs():
        stub.prepare(folder)
    app.router.routes = list(_routes())
    return app


@cache
def _routes() -> list[BaseRoute]:
    """All there are, made once a process: they find their sandbox by the request."""
    app = FastAPI(openapi_url=None)
    # Salesforce also answers at the root: simple-salesforce keeps only the host of an instance URL.
    for prefix in ("/salesforce", ""):
        app.include_router(salesforce_oauth.router, prefix=prefix)
        app.include_router(salesforce.router, prefix=prefix)
    app.include_router(google_auth.router)
    app.include_router(google.router)
    app.include_router(meta_graph.router)
    app.include_router(hubspot.router)
    app.include_router(mailchimp.router)
    app.include_router(mailchimp_members.router)
    app.include_router(mailchimp_segments.router)
    app.include_router(mailchimp_deletion.router)
    app.include_router(mailchimp_reports.router)
    app.include_router(brevo.router)
    app.include_router(brevo.reports)
    app.include_router(brevo_contacts.router)
    app.include_router(brevo_deletion.router)
    app.include_router(brevo_history.router)
    app.include_router(brevo_history.files)
    app.include_router(marketing_cloud_oauth.router)
    app.include_router(marketing_cloud.router)
    app.include_router(marketing_cloud_soap.router)
    app.include_router(meta_audiences.router)
    app.include_router(datamanager.router)
    app.include_router(account_engagement.router)
    for stub in stubs():
        if stub.router:
            app.include_router(stub.router)
    app.include_router(control.router)
    app.include_router(index.router)
    return app.router.routes


@contextmanager
def running(
    folder: Path, *, households: int | None = None, scale: int = 1, seed: int = 0, host: str = HOST, port: int = 0
) -> Iterator[Running]:
    """A sandbox in a thread of this process, for tests. Leaving the block stops it; its folder stays."""
    listener = listen(host, port)
    server = uvicorn.Server(_config(create_app(folder, Cut(households, scale, seed))))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        # No waiting for `server.started`: the socket listens already, and requests queue until it is served.
        url = f"http://{host}:{listener.getsockname()[1]}"
        yield Running(url, connections(url, folder), folder)
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def serve(folder: Path, cut: Cut, *, host: str, port: int, port_file: Path | None) -> None:
    """Run until interrupted. `port_file` receives the port once the sandbox is ready to answer."""
    app = create_app(folder, cut)
    with listen(host, port) as listener:
        if port_file:
            unfinished = port_file.with_name(port_file.name + ".unfinished")
            unfinished.write_text(str(listener.getsockname()[1]))
            unfinished.rename(port_file)
        uvicorn.Server(_config(app)).run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises OSError when the port is taken."""
    listener = socket.create_server((host, port), backlog=512)
    listener.set_inheritable(True)
    return listener


def _config(app: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(app.state.traffic, log_level="warning", access_log=False, timeout_graceful_shutdown=2)
