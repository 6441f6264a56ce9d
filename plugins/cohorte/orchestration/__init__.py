"""The only code here that knows Airflow: assets, tasks, connections, and the local stack."""
