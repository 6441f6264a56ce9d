"""A contact deleted for good, by record id or by e-mail.

https://developers.hubspot.com/docs/api-reference/crm-contacts-v3/basic/post-crm-v3-objects-contacts-gdpr-delete
An address is on a blocklist afterwards, also one that no contact had. Which error an upsert of it gets is a guess.
"""

from fastapi import APIRouter
from fastapi.responses import Response

from sandbox.context import Here, JsonObject
from sandbox.forgotten import forget
from sandbox.hubspot.contract import check, refuse

router = APIRouter()


@router.post("/crm/v3/objects/contacts/gdpr-delete", status_code=204)
def gdpr_delete(body: JsonObject, sandbox: Here) -> Response:
    from hubspot.crm.contacts.models import PublicGdprDeleteInput

    check(body, PublicGdprDeleteInput)
    by = body.get("idProperty", "hs_object_id")
    if by not in ("email", "hs_object_id"):
        raise refuse(400, f"Unable to delete by non-unique property {by}")
    column = "email" if by == "email" else "id"
    with sandbox.state.transaction() as db:
        key = body["objectId"].strip().lower()
        row = db.execute(f"SELECT id, email FROM hubspot_contact WHERE {column} = ?", [key]).fetchone()
        if row is None and by != "email":
            raise refuse(404, "resource not found", "OBJECT_NOT_FOUND")
        if row is not None:
            db.execute("DELETE FROM hubspot_membership WHERE contact_id = ?", [row["id"]])
            db.execute("DELETE FROM hubspot_contact WHERE id = ?", [row["id"]])
        forget(db, "hubspot", row["email"] if row else key)
    return Response(status_code=204)
