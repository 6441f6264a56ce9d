"""The stand-in as the server takes it: all routes, and the tables they need."""

from fastapi import APIRouter

from sandbox.account_engagement import activities, imports, lists, prospects
from sandbox.account_engagement.contract import Usage
from sandbox.account_engagement.lists import held
from sandbox.context import Sandbox

__all__ = ["Usage", "held", "prepare", "router"]

router = APIRouter()
for part in (prospects, activities, lists, imports):
    router.include_router(part.router)


def prepare(sandbox: Sandbox) -> None:
    """Make the business unit: no list, and nobody but those who signed up."""
    sandbox.state.define(prospects.SCHEMA + lists.SCHEMA + imports.SCHEMA)
