"""A contact deleted, by e-mail or by id.

https://developers.brevo.com/reference/delete-contact
"""

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from sandbox import mail
from sandbox.brevo.door import check_request, closed, refuse
from sandbox.context import Here
from sandbox.forgotten import forget

KINDS = {"email_id", "contact_id", "ext_id", "phone_id", "whatsapp_id", "landline_number_id"}
SIMULATED = {"email_id": "email", "contact_id": "id"}

router = APIRouter(prefix="/brevo/v3", dependencies=[Depends(check_request)])


@router.delete("/contacts/{identifier}", status_code=204)
def delete_contact(identifier: str, request: Request, sandbox: Here) -> Response:
    closed(request.query_params, {"identifierType"})
    kind = request.query_params.get("identifierType") or ("contact_id" if identifier.isdigit() else "email_id")
    if kind not in KINDS:
        raise refuse(400, f"identifierType is one of {', '.join(sorted(KINDS))}")
    if kind not in SIMULATED:
        raise refuse(400, f"the sandbox does not simulate {kind}")
    with sandbox.state.transaction() as db:
        sql = f"SELECT id, email FROM brevo_contact WHERE {SIMULATED[kind]} = ?"
        row = db.execute(sql, [identifier.strip().lower()]).fetchone()
        signed_up = {item["email"] for item in mail.subscribers(sandbox, "brevo")}
        email = row["email"] if row else identifier.strip().lower()
        if row is None and email not in signed_up:
            raise refuse(404, "Contact does not exist", "document_not_found")
        if row is not None:
            db.execute("DELETE FROM brevo_membership WHERE contact_id = ?", [row["id"]])
            db.execute("DELETE FROM brevo_change WHERE contact_id = ?", [row["id"]])
            db.execute("DELETE FROM brevo_contact WHERE id = ?", [row["id"]])
        forget(db, "brevo", email)
    return Response(status_code=204)
