"""A sync that its guard holds asks a person, under Required Actions in Airflow's UI."""

from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from cohorte.settings import get_settings

ANSWER_WITHIN = timedelta(minutes=50)
"""No answer is a no; the next run asks again, about what it would send by then."""


class AskAPerson(ApprovalOperator):
    """Asks whether to send what is held. Skipped, with what comes after it, when nothing is.

    result: what the task `activate` returned. Where nobody sees the UI (`COHORTE_UNATTENDED`), it fails and names the
    command that approves.
    """

    template_fields = (*ApprovalOperator.template_fields, "result")

    def __init__(self, *, result: Any, **kwargs: Any) -> None:
        super().__init__(subject="Send what is held?", defaults=self.REJECT, response_timeout=ANSWER_WITHIN, **kwargs)
        self.result = result

    def execute(self, context: Any) -> Any:
        name = self.result["name"]
        if not self.result["held"]:
            raise AirflowSkipException(f"{name} is not held")
        if get_settings().unattended:
            raise AirflowFailException(
                f"{name} is held: {self.result['reason']}. To send it: cohorte run activate {name} --approve"
            )
        self.subject = f"{name}: send what is held?"
        self.body = (
            f"Held because {self.result['reason']}.\n\n{self.result['waiting']:,} operations wait; opt-outs have been "
            f"sent. Who and why: `cohorte sync plan {name}`.\n\nApproved, up to so many are sent. Rejected, or without "
            f"an answer for {ANSWER_WITHIN.seconds // 60} minutes, none is, and the next run asks again."
        )
        return super().execute(context)
