-- Beside the lake's catalogue: Airflow's metadata and MLflow's.
create database airflow;
create database mlflow;
