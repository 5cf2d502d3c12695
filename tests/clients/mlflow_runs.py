"""What a user of MLflow does with a tracking server; run with mlflow-skinny, unmodified. Prints one JSON object."""

import json

import mlflow
from mlflow import MlflowClient

mlflow.set_experiment("by mlflow")
with mlflow.start_run(run_name="parent", description="what it is") as parent:
    mlflow.log_param("depth", 3)
    mlflow.log_params({"rate": 0.1, "kind": "tree"})
    for step in range(3):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.log_metrics({"f1": 0.8, "recall": float("nan")})
    mlflow.set_tags({"team": "red", "mlflow.note.content": "changed"})
    mlflow.set_tag("gone", "1")
    mlflow.delete_tag("gone")
    with mlflow.start_run(nested=True, run_name="child") as child:
        mlflow.log_metric("loss", 0.5)
client = MlflowClient()
found = client.search_runs([parent.info.experiment_id], filter_string="metrics.loss < 0.4 and tags.team = 'red'")
history = client.get_metric_history(parent.info.run_id, "loss")
client.set_terminated(child.info.run_id, "FAILED")
deleted = client.create_run(parent.info.experiment_id)
client.delete_run(deleted.info.run_id)
missing = ""
try:
    client.get_run("nobody")
except mlflow.MlflowException as error:
    missing = error.error_code
print(
    json.dumps(
        {
            "run": parent.info.run_id,
            "child": child.info.run_id,
            "status": client.get_run(parent.info.run_id).info.status,
            "params": found[0].data.params,
            "found": [one.info.run_name for one in found],
            "history": [[one.step, round(one.value, 3)] for one in history],
            "runs": len(client.search_runs([parent.info.experiment_id])),
            "experiments": sorted(one.name for one in client.search_experiments()),
            "artifacts": client.get_run(parent.info.run_id).info.artifact_uri,
            "missing": missing,
        }
    )
)
