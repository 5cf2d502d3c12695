"""The workspace's data plane behind the edge: run history, metrics and MLflow's own protocol, over MLflow's store.

It is the ``tracking`` process, started when first used, because importing MLflow takes seconds. The edge has already
checked names, network policy and token; a request comes in as ``ipc.messages.Request`` with the token's claims and with
these facts: ``workspace_id`` (the workspace's guid), ``workspace`` (its resource id), ``region``, ``name``.

| file | holds |
|---|---|
| ``main.py`` | the process: its socket and its threads |
| ``service.py`` | from a request to an answer: the route tables, and every refusal as Azure's error body |
| ``stores.py``, ``tables.py`` | one SQLite database per workspace: MLflow's tables, and beside them what MLflow cannot hold |
| ``call.py``, ``bodies.py``, ``filters.py`` | one request with its store; reading bodies; ``$filter`` to SQL |
| ``experiments.py``, ``runs.py``, ``run_routes.py``, ``events.py`` | ``/history/v1.0`` |
| ``metrics.py`` | ``/metric/v2.0`` |
| ``mlflow_rest.py`` | ``/mlflow/v2.0 ... /api/2.0/mlflow`` |

A run is one row of MLflow's ``runs`` and one of ``cloister_runs``, made together and changed together, whichever
protocol made it. Never lives here: TLS, names, network policy, tokens (the edge), ARM.
"""
