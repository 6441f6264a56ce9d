"""Erase one person: off every platform, out of the lake and its past, with a certificate.

Produces: `erasures/<id>.json` beside the lake, a row in `ops.erasure` · Owner: data-eng · Started by hand
Safe to rerun: yes, it takes up where it was killed. Airflow keeps what a run is started with, so it is given no e-mail
address: the customer_id, or the SHA-256 (hex) of the address in lower case, of somebody the lake knows.

If it fails: see docs/runbooks/erase.md. The person is suppressed from the first moment on.
"""

from airflow.sdk import Param, dag

from cohorte.orchestration.defaults import DEFAULTS, Tag
from cohorte.orchestration.tasks import erase


@dag(
    schedule=None,
    doc_md=__doc__,
    tags=[Tag.PRIVACY],
    params={
        "customer_id": Param(None, type=["null", "string"], description="Who: by customer_id"),
        "email_sha256": Param(
            None, type=["null", "string"], pattern="^[0-9a-fA-F]{64}$", description="Who: SHA-256 of their address"
        ),
        "by_hand": Param([], type="array", description="Syncs whose platform a person has cleaned"),
    },
    **DEFAULTS,
)
def erase_customer():
    erase.override(task_id="erase_customer")()


erase_customer()
