"""Salesforce's data resources: versions, limits, describe, Bulk API 2.0 query jobs.

https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/query_bulk_api_2_0.htm
https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_sobject_describe.htm
"""

import re
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response, StreamingResponse

from sandbox.context import JsonObject
from sandbox.errors import Refused
from sandbox.salesforce.jobs import DEFAULT_SET, DELIMITERS, LINE_ENDINGS, Job, Jobs, result_set
from sandbox.salesforce.oauth import check_session
from sandbox.salesforce.schema import OBJECTS
from sandbox.salesforce.soql import SoqlError, parse

FIRST_VERSION, LAST_VERSION = 47, 66
"""Bulk API 2.0 queries exist from 47.0."""

router = APIRouter(prefix="/services/data", dependencies=[Depends(check_session)])


def refuse(status: int, code: str, message: str) -> Refused:
    return Refused(status, [{"errorCode": code, "message": message}])


def check_version(version: str) -> str:
    """`v60.0` -> `60.0`. Raises Refused."""
    match = re.fullmatch(r"v(\d+)\.0", version)
    if match is None or not FIRST_VERSION <= int(match[1]) <= LAST_VERSION:
        raise refuse(404, "NOT_FOUND", "The requested resource does not exist")
    return version[1:]


@router.get("/{version}/limits")
def limits(version: str) -> dict[str, Any]:
    check_version(version)
    return {
        "DailyApiRequests": {"Max": 100_000, "Remaining": 99_000},
        "DailyBulkV2QueryJobs": {"Max": 10_000, "Remaining": 9_900},
        "DailyBulkV2QueryFileStorageMB": {"Max": 976_562, "Remaining": 976_000},
    }


@router.get("/{version}/sobjects")
def describe_global(version: str) -> dict[str, Any]:
    check_version(version)
    shown = ({key: value for key, value in item.describe().items() if key != "fields"} for item in OBJECTS.values())
    return {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": list(shown)}


@router.get("/{version}/sobjects/{name}/describe")
def describe(version: str, name: str) -> dict[str, Any]:
    check_version(version)
    if name.lower() not in OBJECTS:
        raise refuse(404, "NOT_FOUND", "The requested resource does not exist")
    return OBJECTS[name.lower()].describe()


@router.post("/{version}/jobs/query")
def create_job(version: str, body: JsonObject, request: Request) -> dict[str, Any]:
    version = check_version(version)
    unknown = body.keys() - {"operation", "query", "contentType", "columnDelimiter", "lineEnding"}
    if unknown:
        raise refuse(400, "JSON_PARSER_ERROR", f'Unrecognized field "{min(unknown)}"')
    operation, soql = body.get("operation"), body.get("query")
    delimiter, ending = body.get("columnDelimiter", "COMMA"), body.get("lineEnding", "LF")
    if operation not in ("query", "queryAll"):
        raise refuse(400, "API_ERROR", f"Unsupported operation: {operation}")
    if not isinstance(soql, str) or not soql.strip():
        raise refuse(400, "API_ERROR", "query is required")
    if body.get("contentType", "CSV") != "CSV" or delimiter not in DELIMITERS or ending not in LINE_ENDINGS:
        raise refuse(400, "API_ERROR", "contentType must be CSV; columnDelimiter and lineEnding documented values")
    try:
        query = parse(soql)
    except SoqlError as error:
        raise refuse(400, error.code, str(error)) from error
    return _jobs(request).create(query, soql, operation, version, delimiter, ending).describe(brief=True)


@router.get("/{version}/jobs/query")
def list_jobs(version: str, request: Request) -> dict[str, Any]:
    check_version(version)
    return {"done": True, "records": [job.describe() for job in _jobs(request).all()], "nextRecordsUrl": None}


@router.get("/{version}/jobs/query/{job_id}")
def get_job(version: str, job_id: str, request: Request) -> dict[str, Any]:
    return _job(request, version, job_id).describe()


@router.patch("/{version}/jobs/query/{job_id}")
def abort_job(version: str, job_id: str, body: JsonObject, request: Request) -> dict[str, Any]:
    job = _job(request, version, job_id)
    if body != {"state": "Aborted"}:
        raise refuse(400, "API_ERROR", 'the request body must be {"state": "Aborted"}')
    if not _jobs(request).abort(job):
        raise refuse(400, "INVALIDJOBSTATE", f"Aborting already {job.state} job is not allowed")
    return job.describe()


@router.delete("/{version}/jobs/query/{job_id}", status_code=204)
def delete_job(version: str, job_id: str, request: Request) -> Response:
    job = _job(request, version, job_id)
    if not job.finished.is_set():
        raise refuse(400, "API_ERROR", "Error encountered when deleting the job because the job is not terminated")
    _jobs(request).delete(job)
    return Response(status_code=204)


@router.get("/{version}/jobs/query/{job_id}/results")
def results(
    version: str, job_id: str, request: Request, locator: str = "", maxRecords: int = DEFAULT_SET
) -> StreamingResponse:
    job = _job(request, version, job_id)
    if job.state != "JobComplete":
        raise refuse(400, "INVALIDJOBSTATE", f"Job is {job.state}: results exist once it is JobComplete")
    if maxRecords < 1:
        raise refuse(400, "API_ERROR", "maxRecords must be a positive number")
    try:
        pieces, count, following = result_set(job, locator, maxRecords)
    except ValueError as error:
        raise refuse(400, "API_ERROR", f"Invalid locator: {error}") from error
    headers = {"Sforce-Locator": following, "Sforce-NumberOfRecords": str(count)}
    return StreamingResponse(pieces, media_type="text/csv", headers=headers)


def _jobs(request: Request) -> Jobs:
    jobs: Jobs = request.app.state.jobs
    return jobs


def _job(request: Request, version: str, job_id: str) -> Job:
    job = _jobs(request).get(job_id)
    version = check_version(version)
    if job is None:
        raise refuse(404, "NOT_FOUND", "The requested resource does not exist")
    if job.version != version:
        raise refuse(409, "API_ERROR", f"The job was made with API version {job.version}: use the same version")
    return job
