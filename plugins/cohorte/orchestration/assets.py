"""What the DAGs hand to each other. An update of one starts whoever is scheduled on it."""

from airflow.sdk import Asset

SALESFORCE = Asset("raw_salesforce", uri="cohorte://raw/salesforce")
GOOGLE_ANALYTICS = Asset("raw_google_analytics", uri="cohorte://raw/google_analytics")
META = Asset("raw_meta", uri="cohorte://raw/meta")
HUBSPOT = Asset("raw_hubspot", uri="cohorte://raw/hubspot")
MAILCHIMP = Asset("raw_mailchimp", uri="cohorte://raw/mailchimp")
SOURCES = (SALESFORCE, GOOGLE_ANALYTICS, META, HUBSPOT, MAILCHIMP)
"""Any of them starts build_features."""
FEATURES = Asset("features", uri="cohorte://features/customer_latest")
MODELS = Asset("models", uri="cohorte://ml/model_version")
SEGMENTS = Asset("segments", uri="cohorte://segments/membership")
AUDIENCES = Asset("audiences", uri="cohorte://activation/acknowledged")
DRIFT = Asset("drift", uri="cohorte://ml/drift_result")
DRIFTED = "drifted"
"""The alias under which DRIFT is updated, only when a model has begun to drift."""
