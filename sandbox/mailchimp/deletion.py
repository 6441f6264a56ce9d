"""A member deleted for good.

https://mailchimp.com/developer/marketing/api/list-members/delete-list-member/
Afterwards nobody can import that member again.
"""

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from sandbox import mail
from sandbox.context import Here
from sandbox.forgotten import forget
from sandbox.mailchimp.account import check_list, check_request, member_id_of, refuse

router = APIRouter(prefix="/mailchimp/3.0", dependencies=[Depends(check_request), Depends(check_list)])


@router.post("/lists/{list_id}/members/{member_id}/actions/delete-permanent", status_code=204)
def delete_permanent(list_id: str, member_id: str, sandbox: Here) -> Response:
    with sandbox.state.transaction() as db:
        row = db.execute("SELECT * FROM mailchimp_member WHERE id = ? AND NOT is_forgotten", [member_id]).fetchone()
        others = (item["email"] for item in mail.subscribers(sandbox, "mailchimp"))
        signed_up = [email for email in others if member_id_of(email) == member_id]
        if row is None and not signed_up:
            raise refuse(404, "The requested resource could not be found.")
        email = row["email"] if row else signed_up[0]
        db.execute("DELETE FROM mailchimp_segment_member WHERE member_id = ?", [member_id])
        db.execute(
            "INSERT INTO mailchimp_member (id, email, status, is_forgotten, merge_fields, changed) "
            "VALUES (?, ?, 'cleaned', 1, '{}', '') "
            "ON CONFLICT (id) DO UPDATE SET is_forgotten = 1, merge_fields = '{}'",
            [member_id, email],
        )
        forget(db, "mailchimp", email)
    return Response(status_code=204)
